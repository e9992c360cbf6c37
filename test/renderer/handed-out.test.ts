import { describe, expect, test } from 'vitest';
import { stillValid } from '../../renderer/profiles/handed-out.ts';

const handedOut = [
  { profile: 'sandbox', untilMs: 2000, programs: ['aws'] },
  { profile: 'production', untilMs: 3000, programs: [] },
  { profile: 'audit', untilMs: 1000, programs: ['terraform'] },
];
const profilesAt = (nowMs: number, except?: { name: string; readOnly: boolean }) =>
  stillValid(handedOut, nowMs, except).map(({ profile }) => profile);

describe('credentials that programs hold', () => {
  test('are told with the latest end first', () => {
    expect(profilesAt(0)).toEqual(['production', 'sandbox', 'audit']);
  });

  test('are gone when their time is over', () => {
    expect(profilesAt(1000)).toEqual(['production', 'sandbox']);
    expect(profilesAt(3000)).toEqual([]);
  });

  test('are told of all profiles but the one that is left out', () => {
    expect(profilesAt(0, { name: 'production', readOnly: false })).toEqual(['sandbox', 'audit']);
    expect(profilesAt(0, { name: 'nobody', readOnly: false })).toHaveLength(3);
  });

  test('are told of the one that is left out where they may do more, or less, than it gives now', () => {
    expect(profilesAt(0, { name: 'production', readOnly: true })).toHaveLength(3);
    const readOnly = [{ profile: 'production', readOnly: true as const, untilMs: 3000, programs: [] }];
    expect(stillValid(readOnly, 0, { name: 'production', readOnly: true })).toEqual([]);
    expect(stillValid(readOnly, 0, { name: 'production', readOnly: false })).toHaveLength(1);
  });
});
