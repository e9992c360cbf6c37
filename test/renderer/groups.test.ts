import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProfileView } from '../../preload/contract.ts';
import { groupsOf } from '../../renderer/profiles/groups.ts';
import { profileView } from './views.ts';

function view(name: string, accountId = '111122223333', pinned = false): ProfileView {
  const { profile } = profileView(name);
  return profileView(name, { accountId, profile: { ...profile, pinned } });
}

/** The headings with the names below them. */
function listed(views: readonly ProfileView[], recent: readonly string[] = []) {
  return groupsOf(views, recent).map((group) => [
    group.accountId ?? group.kind,
    ...group.views.map(({ profile }) => profile.name),
  ]);
}

describe('the list of profiles', () => {
  test('has the pinned ones first, then those used last, then all others by account', () => {
    const views = [
      view('a', '444455556666'),
      view('b', '111122223333', true),
      view('c'),
      view('d', '444455556666'),
      view('e'),
      view('f', '444455556666', true),
    ];
    expect(listed(views, ['e', 'a'])).toEqual([
      ['pinned', 'b', 'f'],
      ['recent', 'e', 'a'],
      ['111122223333', 'c'],
      ['444455556666', 'd'],
    ]);
  });

  test('has accounts in the order of their numbers', () => {
    expect(
      listed([view('a', '444455556666'), view('b', '000011112222')]).map(([heading]) => heading),
    ).toEqual(['000011112222', '444455556666']);
  });

  test('has a pinned one that was used last among the pinned ones alone', () => {
    expect(listed([view('a', '111122223333', true), view('b')], ['a', 'b'])).toEqual([
      ['pinned', 'a'],
      ['recent', 'b'],
    ]);
  });

  test('leaves out what was used last and is gone', () => {
    expect(listed([view('a'), view('b')], ['gone', 'b'])).toEqual([
      ['recent', 'b'],
      ['111122223333', 'a'],
    ]);
  });

  test('has every profile once, whatever is pinned and was used', () => {
    const some = fc.uniqueArray(
      fc.record({
        name: fc.string({ minLength: 1, maxLength: 3 }),
        accountId: fc.constantFrom('1', '2', '3'),
        pinned: fc.boolean(),
      }),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(some, fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 })), (profiles, recent) => {
        const views = profiles.map(({ name, accountId, pinned }) => view(name, accountId, pinned));
        const groups = groupsOf(views, recent);
        expect(new Set(groups.flatMap((group) => group.views))).toEqual(new Set(views));
        expect(groups.flatMap((group) => group.views)).toHaveLength(views.length);
        expect(groups.every((group) => group.views.length > 0)).toBe(true);
      }),
    );
  });
});
