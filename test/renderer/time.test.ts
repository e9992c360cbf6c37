import { describe, expect, test } from 'vitest';
import { countdown, longDuration, secondsLeft, shortDuration } from '../../renderer/time.ts';

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
