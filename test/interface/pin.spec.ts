import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'reader']);
});

async function pinnedNames({ call }: Latchkey): Promise<string[]> {
  const { profiles } = await call('state.read', {});
  return profiles.filter(({ profile }) => profile.pinned).map(({ profile }) => profile.name);
}

test('a profile is pinned by keyboard, and is the first one then', async ({ latchkey, window }) => {
  const { keyboard } = window.page;
  await window.search.fill('reader');
  await keyboard.press('Shift+Enter');
  await expect(window.button('Pin reader')).toHaveAttribute('aria-pressed', 'true');
  await expect(window.search).toBeFocused();
  await keyboard.press('Escape');
  await expect.poll(() => window.listedNames()).toEqual(['reader', 'guarded', 'not-mine']);
  expect(await pinnedNames(latchkey)).toEqual(['reader']);
  // It was pinned, not used.
  expect((await latchkey.call('state.read', {})).status.active).toBeNull();

  await window.search.fill('reader');
  await keyboard.press('Shift+Enter');
  await expect(window.button('Pin reader')).toHaveAttribute('aria-pressed', 'false');
  await keyboard.press('Escape');
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'reader']);
});

test('a profile is pinned in its row, which says so in a word', async ({ latchkey, window }) => {
  await window.button('Pin not-mine').click();
  await expect.poll(() => window.listedNames()).toEqual(['not-mine', 'guarded', 'reader']);
  await expect(window.row('not-mine')).toContainText('Pinned');
  await expect(window.search).toBeFocused();
  expect(await pinnedNames(latchkey)).toEqual(['not-mine']);
});

test('a profile is pinned in its details, which stay open and explain it', async ({ window }) => {
  await window.button('Details of reader').click();
  const pin = window.page.getByRole('button', { name: 'Pin', exact: true });
  await pin.click();
  await expect(pin).toHaveAttribute('aria-pressed', 'true');
  await expect(window.page.getByText('Kept ready: renewed also while nobody asks')).toBeVisible();
  await expect.poll(() => window.listedNames()).toEqual(['reader', 'guarded', 'not-mine']);
  await pin.click();
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'reader']);
});

test('a pin from elsewhere is followed', async ({ latchkey, window }) => {
  await latchkey.call('profiles.pin', { name: 'reader', pinned: true });
  await expect.poll(() => window.listedNames()).toEqual(['reader', 'guarded', 'not-mine']);
});
