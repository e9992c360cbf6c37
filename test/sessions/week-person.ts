import { Failure } from '../../main/failure.ts';
import type { MfaPrompt } from '../../main/sessions/mfa-desk.ts';
import type { Sessions } from '../../main/sessions/sessions.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { totp } from '../sts/totp.ts';
import { dayOf, isLunch, minute } from './week-calendar.ts';
import type { Random } from './week-random.ts';

/** A prompt that was open, and how it ended. */
interface Asked {
  readonly serial: string;
  readonly day: number;
  /** Whether the one before it was cancelled, or left alone until it ended by itself. */
  readonly isAgain: boolean;
}

/** Who gives the codes: mostly within a minute, seldom a wrong one, and now and then not now. */
export class Person {
  readonly asked: Asked[] = [];
  readonly #clock: FakeClock;
  readonly #sessions: Sessions;
  readonly #seeds: ReadonlyMap<string, string>;
  readonly #random: Random;
  /** The prompt of each device that has been noticed, by its time. */
  readonly #noticed = new Map<string, number>();
  /** Devices whose last prompt ended without a code that the person gave. */
  readonly #unanswered = new Set<string>();

  constructor(clock: FakeClock, sessions: Sessions, seeds: ReadonlyMap<string, string>, random: Random) {
    this.#clock = clock;
    this.#sessions = sessions;
    this.#seeds = seeds;
    this.#random = random;
    sessions.onChange(() => {
      for (const prompt of sessions.desk.prompts()) this.#notice(prompt);
    });
  }

  /** The most prompts of one device in one day, without those that the person caused by not answering. */
  get mostInADay(): number {
    const counts = new Map<string, number>();
    for (const { serial, day, isAgain } of this.asked) {
      if (isAgain) continue;
      const key = `${serial} ${day}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return Math.max(0, ...counts.values());
  }

  #notice({ serial, sinceMs }: MfaPrompt): void {
    if (this.#noticed.get(serial) === sinceMs) return;
    this.#noticed.set(serial, sinceMs);
    this.asked.push({ serial, day: dayOf(this.#clock.now()), isAgain: this.#unanswered.has(serial) });
    this.#unanswered.add(serial);
    const isIgnored = this.#random.happens(0.04);
    this.#later(serial, 5_000 + this.#random.gap(40_000), () => {
      if (isIgnored) this.#sessions.desk.cancel(serial);
      else void this.#answer(serial);
    });
  }

  /** Does it after a while, if the prompt is still there; what comes at lunch has to wait. */
  #later(serial: string, delayMs: number, act: () => void): void {
    const sinceMs = this.#noticed.get(serial);
    this.#clock.schedule(delayMs, () => {
      const isOpen = this.#sessions.desk
        .prompts()
        .some((prompt) => prompt.serial === serial && prompt.sinceMs === sinceMs);
      if (!isOpen) return;
      if (isLunch(this.#clock.now())) this.#later(serial, minute, act);
      else act();
    });
  }

  async #answer(serial: string): Promise<void> {
    const code = totp(this.#seeds.get(serial) ?? '', this.#clock.now());
    const isMistyped = this.#random.happens(0.05);
    const given = isMistyped ? String((Number(code) + 1) % 1_000_000).padStart(6, '0') : code;
    try {
      this.#unanswered.delete(serial);
      await this.#sessions.desk.answer(serial, given);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'MfaRejected') return;
      // The prompt stays. Whoever mistyped a code sees the next one before long.
      this.#later(serial, 30_000, () => void this.#answer(serial));
    }
  }
}
