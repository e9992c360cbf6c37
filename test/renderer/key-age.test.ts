import { expect, it } from 'vitest';
import { daysHere } from '../../renderer/keys/age.ts';

const dayMs = 86_400_000;

it('an age is in whole days, never more than have passed', () => {
  expect(daysHere(0, 90 * dayMs - 1)).toBe(89);
  expect(daysHere(0, 90 * dayMs)).toBe(90);
});

it('a clock that was set back makes no negative age', () => {
  expect(daysHere(dayMs, 0)).toBe(0);
});
