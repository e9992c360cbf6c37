/** What the broker needs from the machine it runs on. Each port is small, so that tests can stand in for it. */
import type { Secret } from '../secret.ts';

/** The wall clock and timers. Timers may fire late (sleep) and the clock may jump: judge by `now()`. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by this machine's wall clock. */
  now(): number;
  /** Milliseconds since some moment, which never go back whatever is done to the wall clock; they may leave out sleep. */
  elapsed(): number;
  /** Calls `callback` once, not before `delayMs` have passed; disposing the result cancels it. */
  schedule(delayMs: number, callback: () => void): Disposable;
}

/**
 * The operating system's keychain.
 * Every method rejects with a `Failure` of code `KeychainUnavailable` where there is no keychain,
 * and `KeychainLocked` where it is locked and was not unlocked.
 */
export interface SecretStore {
  readonly kind: 'keychain' | 'memory';
  /** The secret stored under `name`, or undefined if there is none. */
  read(name: string): Promise<Secret | undefined>;
  /** Stores `secret` under `name`, replacing what is there. */
  write(name: string, secret: Secret): Promise<void>;
  /** Removes the secret under `name`; false if there was none. */
  remove(name: string): Promise<boolean>;
}

/** A TCP connection that a loopback server accepted, as `net.Socket` names its ends. */
export interface AcceptedConnection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** Which process is meant: pids are used again, so the time of its start belongs to its name. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in a unit of the system's own (Linux: clock ticks since the machine's start): to be compared only. */
  readonly start: number;
}

/** A running process. What the system does not tell is undefined or empty. */
export interface Process extends ProcessIdentity {
  /** What a person calls it: its executable's name, or its script's where an interpreter runs one. */
  readonly name: string;
  /** The path of its executable. */
  readonly executable: string | undefined;
  /** What it was started with, its own name first. It may hold secrets: to decide by and to show to a person, never to be kept. */
  readonly commandLine: readonly string[];
  readonly workingFolder: string | undefined;
  /** When it was started, in milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  /** The pid of its session's leader: of the shell, where it was started in a terminal. */
  readonly sessionId: number | undefined;
  /** The path of its controlling terminal. */
  readonly terminal: string | undefined;
}

/** A program that asks for credentials: its process, and what started that. */
export interface Client {
  readonly process: Process;
  /** The chain of its parents of this user, the nearest first: shell, terminal… */
  readonly parents: readonly Process[];
  /** Where it only passes on what others ask, from a container or a virtual machine: what it belongs to (`Docker`, `WSL`…). */
  readonly forwarder: string | undefined;
  /** The command that asked for it (see `programBehind`), where it did not ask itself. */
  readonly command?: Process;
}

/** Tells whose process is at the other end of a connection on this machine, and which. */
export interface PeerIdentity {
  /**
   * True when the process at the other end belongs to the user this broker runs as.
   * A connection that cannot be attributed is not ours: deny by default.
   */
  isOwnUser(connection: AcceptedConnection): Promise<boolean> | boolean;
  /**
   * The program at the other end, while the connection is open; undefined where it cannot be told. It takes
   * milliseconds, off the event loop, and never rejects.
   */
  clientAt(connection: AcceptedConnection): Promise<Client | undefined>;
  /**
   * As `clientAt`, once all of this user's processes have been looked into: undefined also where another program holds
   * the connection, too, since either could be the one that asks. It takes tens of milliseconds.
   */
  soleClientAt(connection: AcceptedConnection): Promise<Client | undefined>;
  /** As `isOwnUser`, for a connection on a Unix socket, by the descriptor of the accepted end. */
  isOwnUserOnLocalSocket(descriptor: number): boolean;
  /** As `clientAt`, for a connection on a Unix socket, by the descriptor of the accepted end. */
  clientOnLocalSocket(descriptor: number): Promise<Client | undefined>;
  /** Whether a process still runs, and is the same one. At once, in some microseconds. */
  isRunning(process: ProcessIdentity): boolean;
  /** Why no program can be told, now; undefined where that has not been seen. */
  readonly problem: string | undefined;
  /** Calls `listener` when `problem` has come, gone or become another. */
  onChange(listener: () => void): Disposable;
}

/** What happens to the machine, and whether somebody is at it. */
export type PowerEvent =
  | { readonly type: 'sleep' }
  | { readonly type: 'wake' }
  /** The person locked the screen, or it locked itself. */
  | { readonly type: 'screenLock' }
  /** Nobody has touched keyboard or mouse for this long, told again from time to time while that goes on. */
  | { readonly type: 'idle'; readonly forMs: number };

export interface Power {
  /** Calls `listener` at each event; disposing the result ends that. */
  subscribe(listener: (event: PowerEvent) => void): Disposable;
}

/** The operating system's way to make sure that it is the owner who sits there (Touch ID, …). */
export interface OwnerAuthentication {
  /** Whether the owner confirmed; `reason` completes "Latchkey wants to…". Undefined where this machine cannot ask. */
  confirm(reason: string): Promise<boolean | undefined>;
}

/** Whether the operating system starts the desktop app when its user logs in. */
export interface StartAtLogin {
  isOn(): Promise<boolean>;
  /** @throws Failure Internal where the system does not let it be set */
  set(on: boolean): Promise<void>;
}
