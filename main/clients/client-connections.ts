import type { Socket } from 'node:net';
import { endsOf } from '../platform/loopback.ts';
import type { Client, Clock, PeerIdentity } from '../platform/ports.ts';
import { lookUpBudget, type LookUpBudget } from './look-up-budget.ts';
import { Served } from './served.ts';

/**
 * Finds the program at the other end; undefined where it cannot be told. Never rejects.
 * @param isSole as `PeerIdentity.soleClientAt`, where it could share the connection with another
 */
export type FindClient = (isSole: boolean) => Promise<Client | undefined>;

/** Look-ups that no answer depends on, as far as there is time for them. */
export interface LookUpBudgets {
  /** For connections as they come, and requests that are refused. */
  readonly arrival: LookUpBudget;
  /** For answers with credentials. Connections that ask for nothing cannot use it up, so that a record has its program. */
  readonly answer: LookUpBudget;
}

/** A program's connection to a server of ours, and the program as soon as it is known. */
export class ClientConnection {
  readonly #find: FindClient;
  readonly #budgets: LookUpBudgets;
  #lookUp: Promise<Client | undefined> | undefined;
  #soleLookUp: Promise<Client | undefined> | undefined;
  #client: Client | undefined;
  #soleClient: Client | undefined;
  /** What it was allowed and got last. */
  readonly served = new Served();

  constructor(find: FindClient, budgets: LookUpBudgets) {
    this.#find = find;
    this.#budgets = budgets;
  }

  /** The program at the other end, where it has been looked up and could be told. */
  get client(): Client | undefined {
    return this.#client;
  }

  /** The same, where no other program has the connection, too: as `identifySole` has found it. */
  get soleClient(): Client | undefined {
    return this.#soleClient;
  }

  /** The program at the other end; undefined where it cannot be told now. Never rejects. */
  identify(): Promise<Client | undefined> {
    this.#lookUp ??= this.#find(false).then((client) => {
      // It may be told the next time.
      if (!client) this.#lookUp = undefined;
      return (this.#client = client);
    });
    return this.#lookUp;
  }

  /** The same where no other program has the connection, too; undefined also where one has. Takes longer. Never rejects. */
  identifySole(): Promise<Client | undefined> {
    this.#soleLookUp ??= this.#find(true).then((client) => {
      if (!client) this.#soleLookUp = undefined;
      return (this.#soleClient = client);
    });
    return this.#soleLookUp;
  }

  /** As `identify`, as far as there is time for it; undefined where there is none. */
  identifyWhereCheap(occasion: keyof LookUpBudgets = 'arrival'): Promise<Client | undefined> {
    return this.#lookUp ?? this.#budgets[occasion](() => this.identify());
  }
}

/**
 * Which program is at the other end of each connection. Many ask once and hang up within a millisecond, so the look-up
 * begins with the connection. It costs more than the answer itself, though on another core: under load not every
 * connection has one, but where the answer depends on it.
 */
export class ClientConnections {
  readonly #peer: PeerIdentity;
  readonly #budgets: LookUpBudgets;
  /** Those that are open. Not a WeakMap: with thousands that come and go, collecting one costs more than the answers. */
  readonly #open = new Map<Socket, ClientConnection>();
  readonly #forget: (this: Socket) => void;

  constructor(clock: Clock, peer: PeerIdentity) {
    this.#peer = peer;
    this.#budgets = { arrival: lookUpBudget(clock), answer: lookUpBudget(clock) };
    const open = this.#open;
    // One listener for all connections.
    this.#forget = function () {
      open.delete(this);
    };
  }

  /** Takes up a connection that a server of ours has accepted, until it is closed. */
  accept(socket: Socket): ClientConnection {
    const connection = this.#connectionOf(socket);
    this.#open.set(socket, connection);
    socket.on('close', this.#forget);
    return connection;
  }

  /** The connection of a socket that was accepted. */
  at(socket: Socket): ClientConnection {
    // One that was closed before its request came up.
    return this.#open.get(socket) ?? this.#connectionOf(socket);
  }

  /** Those that are open, the oldest first. */
  get open(): ReadonlyMap<Socket, ClientConnection> {
    return this.#open;
  }

  /** Why no program can be told, now; undefined where that has not been seen. */
  get problem(): string | undefined {
    return this.#peer.problem;
  }

  /** Calls `listener` when `problem` has come, gone or become another. */
  onChange(listener: () => void): Disposable {
    return this.#peer.onChange(listener);
  }

  /** A connection whose program is found in another way. */
  add(find: FindClient): ClientConnection {
    return new ClientConnection(find, this.#budgets);
  }

  #connectionOf(socket: Socket): ClientConnection {
    return this.add(async (isSole) => {
      const ends = endsOf(socket);
      return ends && (isSole ? this.#peer.soleClientAt(ends) : this.#peer.clientAt(ends));
    });
  }
}
