import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration, writeDuration } from '../../renderer/duration.ts';

describe('a duration as people type it', () => {
  test.each([
    ['1h', 3600],
    ['1 h', 3600],
    ['90 min', 5400],
    ['1h30m', 5400],
    ['1 hour 30 minutes', 5400],
    ['1.5 hours', 5400],
    ['45 s', 45],
    ['  12 H ', 43_200],
  ])('is read: %s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  test('is in seconds where it is a bare number, as in duration_seconds of ~/.aws/config', () => {
    expect(parseDuration('3600')).toBe(3600);
  });

  test.each(['', 'soon', '1 day', '-1 h', '1 h 30', 'h', '1 min 1 h', '1e3'])(
    'is not a number where it is not one: %s',
    (text) => {
      expect(parseDuration(text)).toBeNaN();
    },
  );

  test('is written so that it reads as the same', () => {
    expect(writeDuration(43_200)).toBe('12 h');
    expect(writeDuration(5400)).toBe('1 h 30 min');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), (seconds) => {
        expect(parseDuration(writeDuration(seconds))).toBe(seconds);
      }),
    );
  });
});
