import type { Socket } from 'node:net';
import { programAt } from '../platform/loopback.ts';
import type { Clock, PeerIdentity, Program } from '../platform/ports.ts';

/** A burst of connections is mostly one program's, and a look-up costs more than an answer. */
const restMs = 50;

/**
 * Which program is at the other end of each connection. Many ask once and hang up within a millisecond, so the look-up
 * begins with the connection; under load not with each of them.
 */
export class Programs {
  readonly #clock: Clock;
  readonly #peer: PeerIdentity;
  readonly #lookUps = new WeakMap<Socket, Promise<Program | undefined>>();
  #isLooking = false;
  #restsUntilElapsedMs = 0;

  constructor(clock: Clock, peer: PeerIdentity) {
    this.#clock = clock;
    this.#peer = peer;
  }

  /** A connection has begun. */
  noteConnection(socket: Socket): void {
    if (this.#isLooking || this.#clock.elapsed() < this.#restsUntilElapsedMs) return;
    this.#isLooking = true;
    void this.at(socket).then(() => {
      this.#isLooking = false;
      this.#restsUntilElapsedMs = this.#clock.elapsed() + restMs;
    });
  }

  /** The program at the other end; undefined where it cannot be told. Never rejects. */
  at(socket: Socket): Promise<Program | undefined> {
    let lookUp = this.#lookUps.get(socket);
    if (!lookUp) {
      lookUp = programAt(this.#peer, socket);
      this.#lookUps.set(socket, lookUp);
    }
    return lookUp;
  }
}
