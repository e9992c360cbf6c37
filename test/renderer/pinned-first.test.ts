import { expect, test } from 'vitest';
import { pinnedFirst } from '../../renderer/profiles/pinned-first.ts';
import { profileView } from './views.ts';

function view(name: string, pinned: boolean) {
  const { profile } = profileView(name);
  return profileView(name, { profile: { ...profile, pinned } });
}

test('pinned profiles come first, and each kind keeps its order', () => {
  const views = [view('a', false), view('b', true), view('c', false), view('d', true)];
  expect(pinnedFirst(views).map(({ profile }) => profile.name)).toEqual(['b', 'd', 'a', 'c']);
});

test('a list without pinned profiles stays the same array', () => {
  const views = [view('a', false), view('b', false)];
  expect(pinnedFirst(views)).toBe(views);
});
