import type { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import { backoffMs } from './schedule.ts';

/** A call that tries whether STS can be reached again is answered, or has failed, within this. */
const longestTrialMs = 30_000;
/** How soon a call that was held back for a trial asks again. */
const trialPollMs = 2_000;
/** In an outage a program that waits makes a call of its own this long after the last one that failed. */
const programPauseMs = 2_000;

/**
 * Whether STS in one region can be reached, as far as its last answers tell. While it cannot, the calls that nobody
 * waits for are held back together, and one of them at a time tries: an outage costs one call at each trial, not one
 * for each session in use.
 */
export class Reachability {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #lastFailure: Failure | undefined;
  #failedAtElapsedMs = 0;
  #pauseUntilElapsedMs = 0;
  #trialUntilElapsedMs = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** For how long a call that nobody waits for is to be held back before it asks again; 0 where it may go now. */
  holdBackMs(): number {
    const now = this.#clock.elapsed();
    if (this.#failures === 0) return 0;
    if (now < this.#pauseUntilElapsedMs) return this.#pauseUntilElapsedMs - now;
    if (now < this.#trialUntilElapsedMs) return trialPollMs * (0.5 + this.#random() / 2);
    this.#trialUntilElapsedMs = now + longestTrialMs;
    return 0;
  }

  /** Why calls that nobody waits for are held back now; undefined where they are not. */
  get heldBackBy(): Failure | undefined {
    return this.#clock.elapsed() < this.#pauseUntilElapsedMs ? this.#lastFailure : undefined;
  }

  /** Whether it failed again after a first time, which may have been one call's own fault. */
  get isTroubled(): boolean {
    return this.#failures > 1;
  }

  /**
   * What a program that waits is told without a call, as one of the last moments has failed and it was not the first.
   * Runs over many roles would make one for each of them.
   */
  get refusal(): Failure | undefined {
    const isFresh = this.#clock.elapsed() - this.#failedAtElapsedMs < programPauseMs;
    return this.isTroubled && isFresh ? this.#lastFailure : undefined;
  }

  /** STS answered, whatever it said. */
  answered(): void {
    this.#failures = 0;
    this.#pauseUntilElapsedMs = 0;
  }

  /** STS did not answer, or asked to slow down. */
  failed(failure: Failure): void {
    const now = this.#clock.elapsed();
    this.#lastFailure = failure;
    this.#failedAtElapsedMs = now;
    // Calls that were under way together fail together.
    if (this.#failures > 0 && now < this.#pauseUntilElapsedMs) return;
    this.#failures += 1;
    this.#trialUntilElapsedMs = 0;
    this.#pauseUntilElapsedMs = now + backoffMs(this.#failures, this.#random());
  }
}
