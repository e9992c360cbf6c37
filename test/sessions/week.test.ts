import { beforeAll, describe, expect, it } from 'vitest';
import { liveWeek, type WeekFigures } from './week.ts';

/** How many calls to STS a week's came to for each that the oracle makes, which knows all reads. */
function callsOfOracle(weeks: readonly WeekFigures[]): number {
  const sum = (of: (week: WeekFigures) => number) => weeks.reduce((total, week) => total + of(week), 0);
  return sum(({ calls }) => calls) / sum(({ sessions }) => sessions.planned);
}

describe.each([
  ['busy', 1.1, 'a tenth more'],
  // What was asked for since it was issued is renewed once more, whether or not it is asked for again.
  ['mixed', 1.4, 'two fifths more'],
] as const)('weeks of %s programs with 100 profiles and three MFA devices', (kind, most, inWords) => {
  const weeks: WeekFigures[] = [];

  beforeAll(async () => {
    for (const seed of [1, 2]) weeks.push(await liveWeek(seed, kind));
  }, 180_000);

  it('fail no read while there is a live session or a working STS, and serve nothing that has ended', () => {
    expect(weeks.flatMap(({ complaints }) => complaints)).toEqual([]);
    for (const { reads } of weeks) {
      expect(reads).toMatchObject({ failed: 0, expired: 0 });
      expect(reads.served).toBeGreaterThan(5_000);
    }
  });

  it('have at most two prompts for a device in a day, but for those that a person did not answer', () => {
    for (const { prompts } of weeks) expect(prompts.mostInADay).toBeLessThanOrEqual(2);
  });

  it(`take at most ${inWords} calls to STS than an oracle that knows all reads`, () => {
    expect(callsOfOracle(weeks)).toBeLessThanOrEqual(most);
  });
});
