import type { Clock } from '../platform/ports.ts';

/** For a while a person does not want to be asked. It ends by the clock that is there first: neither sleep nor a clock that is set back makes it longer. */
export class Snooze implements Disposable {
  /** Until when, by the wall clock. */
  readonly untilMs: number;
  readonly #clock: Clock;
  readonly #untilElapsedMs: number;
  readonly #timer: Disposable;

  /** @param ended called once its time is over, unless it is disposed before; by a timer, which may come late */
  constructor(clock: Clock, forMs: number, ended: () => void) {
    this.#clock = clock;
    this.untilMs = clock.now() + forMs;
    this.#untilElapsedMs = clock.elapsed() + forMs;
    this.#timer = clock.schedule(forMs, ended);
  }

  /** 0 where it is over. */
  remainingMs(): number {
    const { untilMs } = this;
    return Math.max(0, Math.min(untilMs - this.#clock.now(), this.#untilElapsedMs - this.#clock.elapsed()));
  }

  isOver(): boolean {
    return this.remainingMs() === 0;
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}
