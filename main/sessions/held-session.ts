import type { Clock } from '../platform/ports.ts';
import type { Session } from '../sts/session.ts';

/** Clocks are corrected by small amounts all the time. */
const noticeableSettingMs = 2000;

/**
 * A session in memory, and how old it really is: by the wall clock, which goes on during sleep but can be set back, and
 * by the time that has elapsed, which cannot be set but may leave out sleep. The larger one counts, so that no session
 * is taken for alive that has ended.
 */
export class HeldSession {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  #session: Session;
  #ageMs = 0;
  #atElapsedMs: number;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
    this.#lifeMs = session.expiresAtMs - session.issuedAtMs;
    this.#atElapsedMs = clock.elapsed();
  }

  /** Its whole life, in milliseconds. */
  get lifeMs(): number {
    return this.#lifeMs;
  }

  /** How long it still lives, in milliseconds; nothing or less where it has ended. */
  remainingMs(): number {
    return this.#lifeMs - this.ageMs();
  }

  /** How long ago it was issued, in milliseconds. */
  ageMs(): number {
    const elapsedMs = this.#clock.elapsed();
    const byElapsedMs = this.#ageMs + elapsedMs - this.#atElapsedMs;
    const byWallMs = this.#clock.now() - this.#session.issuedAtMs;
    this.#ageMs = Math.max(byElapsedMs, byWallMs);
    this.#atElapsedMs = elapsedMs;
    return this.#ageMs;
  }

  /**
   * The session while it lives, with its end as the wall clock is now: whoever gets it compares with that, and would
   * use it beyond its end where the clock was set back.
   */
  current(): Session | undefined {
    const remainingMs = this.remainingMs();
    if (remainingMs <= 0) return undefined;
    const expiresAtMs = this.#clock.now() + remainingMs;
    if (this.#session.expiresAtMs - expiresAtMs > noticeableSettingMs) {
      this.#session = { ...this.#session, expiresAtMs, issuedAtMs: expiresAtMs - this.#lifeMs };
    }
    return this.#session;
  }
}
