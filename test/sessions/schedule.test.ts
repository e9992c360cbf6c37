import { describe, expect, it } from 'vitest';
import { backoffMs, mfaLeadMs, renewalLeadMs } from '../../main/sessions/schedule.ts';
import { hour, minute } from './engine.ts';

describe('a session is renewed', () => {
  it.each([
    [12 * hour, 30 * minute],
    [hour, 30 * minute],
    [15 * minute, 7.5 * minute],
    [minute, minute / 2],
  ])('of a life of %i ms with %i ms left, where chance adds nothing', (lifeMs, leadMs) => {
    expect(renewalLeadMs(lifeMs, 0)).toBe(leadMs);
  });

  it.each([
    [12 * hour, 27 * minute],
    [10.5 * minute, 5 * minute],
    [minute, minute / 2],
  ])('of a life of %i ms with no less than %i ms left, whatever chance adds', (lifeMs, leadMs) => {
    expect(renewalLeadMs(lifeMs, 1)).toBe(leadMs);
  });
});

describe('a code', () => {
  it('is asked for ten minutes ahead, or at half of a short life', () => {
    expect([mfaLeadMs(12 * hour), mfaLeadMs(15 * minute)]).toEqual([10 * minute, 7.5 * minute]);
  });
});

describe('the pause after a failure', () => {
  it('doubles from a second up to two minutes, of which half is left to chance', () => {
    expect([1, 2, 3, 50].map((failures) => backoffMs(failures, 0))).toEqual([1000, 2000, 4000, minute]);
    expect([1, 2, 3, 50].map((failures) => backoffMs(failures, 1))).toEqual([2000, 4000, 8000, 2 * minute]);
  });
});
