import { Failure } from '../../main/failure.ts';
import type { MfaPrompt } from '../../main/sessions/mfa-desk.ts';
import type { Sessions } from '../../main/sessions/sessions.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { totp } from '../sts/totp.ts';
import { dayOf, isLunch, minute } from './week-calendar.ts';
import type { Random } from './week-random.ts';

/** A prompt that was opened. */
interface Asked {
  readonly serial: string;
  readonly day: number;
  /** Whether the person had left the one before it alone, or cancelled it. */
  readonly isAgain: boolean;
}

/** How often a prompt is cancelled, and a code mistyped. */
const cancelled = 0.04;
const mistyped = 0.05;

/** Who gives the codes while the machine is awake: mostly within a minute, and after lunch what comes at lunch. */
export class Person {
  readonly asked: Asked[] = [];
  readonly #clock: FakeClock;
  readonly #sessions: Sessions;
  readonly #seeds: ReadonlyMap<string, string>;
  readonly #random: Random;
  /** The last prompt of each device that was noticed, by the time it was opened. */
  readonly #noticed = new Map<string, number>();
  /** Devices whose last prompt has not been answered. */
  readonly #unanswered = new Set<string>();

  /** @param seeds each device's, by its serial */
  constructor(clock: FakeClock, sessions: Sessions, seeds: ReadonlyMap<string, string>, random: Random) {
    this.#clock = clock;
    this.#sessions = sessions;
    this.#seeds = seeds;
    this.#random = random;
    sessions.onChange(() => {
      for (const prompt of sessions.desk.prompts()) this.#notice(prompt);
    });
  }

  /** The most prompts of one device in one day, without those that the person caused by not answering one before. */
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
    const isUnwanted = this.#random.happens(cancelled);
    this.#later(serial, 5_000 + this.#random.gap(40_000), () => {
      if (isUnwanted) this.#sessions.desk.cancel(serial);
      else void this.#answer(serial);
    });
  }

  /** Acts after a while, if the prompt is still there. */
  #later(serial: string, delayMs: number, act: () => void): void {
    const sinceMs = this.#noticed.get(serial);
    this.#clock.schedule(delayMs, () => {
      const prompts = this.#sessions.desk.prompts();
      if (!prompts.some((prompt) => prompt.serial === serial && prompt.sinceMs === sinceMs)) return;
      if (isLunch(this.#clock.now())) this.#later(serial, minute, act);
      else act();
    });
  }

  async #answer(serial: string): Promise<void> {
    const shown = totp(this.#seeds.get(serial) ?? '', this.#clock.now());
    const given = this.#random.happens(mistyped) ? `${shown.slice(1)}${shown.slice(0, 1)}` : shown;
    this.#unanswered.delete(serial);
    try {
      await this.#sessions.desk.answer(serial, given);
    } catch (error) {
      // Where the prompt has stayed it says why: a wrong code is followed by the next one, an outage is sat out.
      const isWrong = error instanceof Failure && error.code === 'MfaRejected';
      this.#later(serial, isWrong ? 30_000 : 2 * minute, () => void this.#answer(serial));
    }
  }
}
