import { describe, expect, test } from 'vitest';
import {
  clockTime,
  countdown,
  exactTime,
  longDuration,
  moment,
  secondsLeft,
  shortDuration,
} from '../../renderer/time.ts';

describe('what is left of a session', () => {
  test('is in whole seconds, rounded down', () => {
    expect(secondsLeft(10_999, 1000)).toBe(9);
  });

  test('is never below nothing', () => {
    expect(secondsLeft(1000, 5000)).toBe(0);
  });

  test.each([
    [0, '0:00'],
    [9, '0:09'],
    [3129, '52:09'],
    [3725, '1:02:05'],
    [36 * 3600, '36:00:00'],
  ])('counts down: %i s as %s', (seconds, shown) => {
    expect(countdown(seconds)).toBe(shown);
  });

  test.each([
    [45, '45s'],
    [59 * 60 + 59, '59m'],
    [3600, '1h'],
    [3 * 3600 + 12 * 60 + 59, '3h 12m'],
  ])('is told at a glance without promising more than there is: %i s as %s', (seconds, shown) => {
    expect(shortDuration(seconds)).toBe(shown);
  });

  test('is spoken in words', () => {
    expect(longDuration(3600 + 120)).toBe('1 hour 2 minutes');
    expect(longDuration(1)).toBe('1 second');
  });
});

describe('a clock time', () => {
  const morning = new Date(2026, 0, 5, 6, 59, 7).getTime();

  test('has no leading zero in one place that it lacks in another', () => {
    expect(exactTime(morning).startsWith(clockTime(morning).replace(/\D*$/, ''))).toBe(true);
    expect(moment(morning)).toBe(`Jan 5, ${clockTime(morning)}`);
  });

  test('stays on one line', () => {
    for (const time of [clockTime(morning), exactTime(morning)]) expect(time).toMatch(/^\S+(\u00a0\S+)?$/);
  });
});
