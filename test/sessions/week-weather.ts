/** What is wrong with STS in the simulated week, and when. */
import type { Faults } from '../sts/embedded-sts.ts';
import { day, dayOf, hour, minute, mondayMs, type Hours } from './week-calendar.ts';
import type { Random } from './week-random.ts';

/** Why a call is lost; `fault` is the one in a hundred that fails by itself. */
export type Trouble = 'fault' | 'outage' | 'throttling';

type Way = 'drop' | 500 | 503 | 'throttle';

interface Spell {
  readonly trouble: 'outage' | 'throttling';
  readonly fromMs: number;
  readonly toMs: number;
  readonly way: Way;
  /** Which part of the calls it hits. */
  readonly part: number;
}

const faultRate = 0.01;
const outages = 3;
const outageMs = 20 * minute;
const burstsOfThrottling = 4;

export class Weather {
  readonly #random: Random;
  readonly #spells: readonly Spell[];

  constructor(random: Random, waking: readonly Hours[]) {
    this.#random = random;
    const within = (lengthMs: number) => {
      const number = Math.floor(random.between(0, waking.length));
      const { from, to } = waking[number] ?? { from: 9, to: 18 };
      return mondayMs + number * day + random.between(from * hour, to * hour - lengthMs);
    };
    this.#spells = [
      ...Array.from({ length: outages }, (): Spell => {
        const fromMs = within(outageMs);
        const way = random.pick<Way>(['drop', 503]);
        return { trouble: 'outage', fromMs, toMs: fromMs + outageMs, way, part: 1 };
      }),
      ...Array.from({ length: burstsOfThrottling }, (): Spell => {
        const lengthMs = random.between(2, 6) * minute;
        const fromMs = within(lengthMs);
        return { trouble: 'throttling', fromMs, toMs: fromMs + lengthMs, way: 'throttle', part: 0.8 };
      }),
    ];
  }

  /** The outage or burst of throttling at a time, if there is one. */
  at(nowMs: number): Spell['trouble'] | undefined {
    return this.#spellAt(nowMs)?.trouble;
  }

  /** Sets how the next call shall fail, if it shall. @returns why */
  strike(faults: Faults, nowMs: number): Trouble | undefined {
    faults.clear();
    const spell = this.#spellAt(nowMs);
    if (spell && this.#random.happens(spell.part)) {
      aim(faults, spell.way);
      return spell.trouble;
    }
    if (!this.#random.happens(faultRate)) return undefined;
    aim(faults, this.#random.pick<Way>(['drop', 500, 503, 'throttle']));
    return 'fault';
  }

  /** For the reader of a failed run. */
  toString(): string {
    return this.#spells
      .map(
        ({ trouble, fromMs }) =>
          `${trouble} on day ${dayOf(fromMs)} at ${new Date(fromMs).toISOString().slice(11, 16)}`,
      )
      .join(', ');
  }

  #spellAt(nowMs: number): Spell | undefined {
    return this.#spells.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs);
  }
}

function aim(faults: Faults, way: Way): void {
  switch (way) {
    case 'drop':
      faults.drop = { calls: 1 };
      break;
    case 'throttle':
      faults.throttle = { calls: 1 };
      break;
    default:
      faults.fail = { calls: 1, status: way };
  }
}
