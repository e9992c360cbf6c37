import type { Socket } from 'node:net';
import { clientAt } from '../platform/loopback.ts';
import type { Client, Clock, PeerIdentity } from '../platform/ports.ts';
import { Served } from './served.ts';

/** How many look-ups no answer depends on may be made in quick succession, and how many each second in the long run. */
const mostInSuccession = 64;
const perSecond = 16;
const mostAtOnce = 8;
/** The same promise each time: under load nearly every connection gets it. */
const nobody = Promise.resolve(undefined);

/** A program's connection to a server of ours, and the program as soon as it is known. */
export class ClientConnection {
  readonly #find: () => Promise<Client | undefined>;
  readonly #findWhereCheap: (find: () => Promise<Client | undefined>) => Promise<Client | undefined>;
  #lookUp: Promise<Client | undefined> | undefined;
  #client: Client | undefined;
  /** What it was allowed and got last. */
  readonly served = new Served();

  constructor(
    find: () => Promise<Client | undefined>,
    findWhereCheap: (find: () => Promise<Client | undefined>) => Promise<Client | undefined>,
  ) {
    this.#find = find;
    this.#findWhereCheap = findWhereCheap;
  }

  /** The program at the other end, where it has been looked up and could be told. */
  get client(): Client | undefined {
    return this.#client;
  }

  /** The program at the other end; undefined where it cannot be told. Never rejects. */
  identify(): Promise<Client | undefined> {
    this.#lookUp ??= this.#find().then((client) => (this.#client = client));
    return this.#lookUp;
  }

  /** The same as far as there is time for it; undefined where there is none. */
  identifyWhereCheap(): Promise<Client | undefined> {
    return this.#lookUp ?? this.#findWhereCheap(() => this.identify());
  }
}

/**
 * Which program is at the other end of each connection. Many ask once and hang up within a millisecond, so the look-up
 * begins with the connection. It costs more than the answer itself, though on another core: under load not every
 * connection has one, but where the answer depends on it.
 */
export class ClientConnections {
  readonly #clock: Clock;
  readonly #peer: PeerIdentity;
  readonly #connections = new WeakMap<Socket, ClientConnection>();
  #underWay = 0;
  #allowed = mostInSuccession;
  #allowedAtElapsedMs: number;

  constructor(clock: Clock, peer: PeerIdentity) {
    this.#clock = clock;
    this.#peer = peer;
    this.#allowedAtElapsedMs = clock.elapsed();
  }

  /** The connection that a TCP socket of ours has accepted. */
  at(socket: Socket): ClientConnection {
    let connection = this.#connections.get(socket);
    if (!connection) {
      connection = this.add(() => clientAt(this.#peer, socket));
      this.#connections.set(socket, connection);
    }
    return connection;
  }

  /** A connection whose program is found in another way. */
  add(find: () => Promise<Client | undefined>): ClientConnection {
    return new ClientConnection(find, this.#whereCheap);
  }

  readonly #whereCheap = (find: () => Promise<Client | undefined>): Promise<Client | undefined> => {
    const nowMs = this.#clock.elapsed();
    const earned = ((nowMs - this.#allowedAtElapsedMs) / 1000) * perSecond;
    this.#allowed = Math.min(mostInSuccession, this.#allowed + earned);
    this.#allowedAtElapsedMs = nowMs;
    if (this.#underWay >= mostAtOnce || this.#allowed < 1) return nobody;
    this.#allowed -= 1;
    this.#underWay += 1;
    return find().finally(() => (this.#underWay -= 1));
  };
}
