import type { Clock } from '../platform/ports.ts';

/** What the broker asks of STS by itself is spread to this many calls a second. */
const callsPerSecond = 5;

/** A place in the line. */
export interface Turn {
  /** Resolves when it is this one's turn. */
  readonly comes: Promise<void>;
  /** Somebody waits now: not held back any longer. */
  readonly hurry: () => void;
}

/** Spreads calls that nobody waits for, so that a wake-up with many sessions in use is no burst. */
export class Pace {
  readonly #clock: Clock;
  #nextAtElapsedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the next place. The timer behind it is gone once it has come. */
  takeTurn(): Turn {
    const now = this.#clock.elapsed();
    const atMs = Math.max(now, this.#nextAtElapsedMs);
    this.#nextAtElapsedMs = atMs + 1000 / callsPerSecond;
    if (atMs === now) return { comes: Promise.resolve(), hurry: () => undefined };
    const { promise, resolve } = withResolvers();
    const timer = this.#clock.schedule(atMs - now, resolve);
    return {
      comes: promise,
      hurry: () => {
        timer[Symbol.dispose]();
        resolve();
      },
    };
  }
}

/** `Promise.withResolvers`, which Node has from 22 on. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
