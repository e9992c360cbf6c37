import { beforeAll, describe, expect, it } from 'vitest';
import { liveWeek, type WeekFigures } from './week.ts';

const seeds = [1, 2, 3];

describe('weeks of 100 profiles, three MFA devices and ten busy programs', () => {
  const weeks: WeekFigures[] = [];

  beforeAll(async () => {
    for (const seed of seeds) weeks.push(await liveWeek(seed));
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

  it('take at most a tenth more calls to STS than an oracle that knows all reads', () => {
    const sum = (of: (week: WeekFigures) => number) => weeks.reduce((total, week) => total + of(week), 0);
    expect(sum(({ calls }) => calls) / sum(({ sessions }) => sessions.planned)).toBeLessThanOrEqual(1.1);
  });
});
