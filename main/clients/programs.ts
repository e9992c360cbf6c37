import type { Socket } from 'node:net';
import { programAt } from '../platform/loopback.ts';
import type { Clock, PeerIdentity, Program } from '../platform/ports.ts';

/** How much time look-ups may take at once, in milliseconds, and which part of all time in the long run. */
const greatestBudgetMs = 200;
const budgetPart = 0.02;
const mostAtOnce = 4;

/**
 * Which program is at the other end of each connection. Many ask once and hang up within a millisecond, so the look-up
 * begins with the connection. It costs more than the answer itself: under load not every connection has one.
 */
export class Programs {
  readonly #clock: Clock;
  readonly #peer: PeerIdentity;
  readonly #lookUps = new WeakMap<Socket, Promise<Program | undefined>>();
  #underWay = 0;
  #budgetMs = greatestBudgetMs;
  #budgetAtElapsedMs: number;

  constructor(clock: Clock, peer: PeerIdentity) {
    this.#clock = clock;
    this.#peer = peer;
    this.#budgetAtElapsedMs = clock.elapsed();
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

  /** The same as far as there is time for it; undefined where there is none. */
  async whereCheap(socket: Socket): Promise<Program | undefined> {
    const known = this.#lookUps.get(socket);
    if (known) return known;
    const startMs = this.#clock.elapsed();
    this.#budgetMs = Math.min(
      greatestBudgetMs,
      this.#budgetMs + (startMs - this.#budgetAtElapsedMs) * budgetPart,
    );
    this.#budgetAtElapsedMs = startMs;
    if (this.#underWay >= mostAtOnce || this.#budgetMs <= 0) return undefined;
    this.#underWay += 1;
    const program = await this.at(socket);
    this.#underWay -= 1;
    this.#budgetMs -= this.#clock.elapsed() - startMs;
    return program;
  }
}
