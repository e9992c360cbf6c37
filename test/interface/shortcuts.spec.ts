/** The keys that work everywhere, and the sheet that tells them. */
import { profileView, status } from '../renderer/views.ts';
import { enterVault, expect, test } from './latchkey.ts';
import { askAs } from './program.ts';
import { home } from './places.ts';
import { ToldWindow } from './told.ts';
import { MfaPanel } from './window.ts';

// What the page has of it.
declare const navigator: { readonly clipboard: { readText(): Promise<string> } };

test('the sheet tells every key with Alt: no other letter does anything', async ({ latchkey, page }) => {
  const window = await ToldWindow.open(page, latchkey.link, {
    status: { ...status, active: 'deploy' },
    profiles: [profileView('deploy')],
  });
  await expect(window.search).toBeFocused();
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  const terms = await dialog.getByRole('term').allInnerTexts();
  const told = terms.flatMap((term) => /^Alt\s*([A-Z])$/.exec(term.trim())?.[1]?.toLowerCase() ?? []);
  expect(told).toHaveLength(10);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  const shown = () => page.locator('body').ariaSnapshot();
  const before = await shown();
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    if (told.includes(letter)) continue;
    await page.keyboard.press(`Alt+${letter}`);
    expect(await shown(), `Alt+${letter}`).toBe(before);
  }
  expect(window.calls).toEqual([]);
});

test('in every view the keys for a profile are for the active one', async ({ latchkey, window, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { page } = window;
  await home(latchkey, window);
  await page.keyboard.press('Alt+y');
  await expect(window.heading('Activity')).toBeFocused();
  await page.keyboard.press('Alt+c');
  await expect(page.getByText('Lines copied: a shell gets reader')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('latchkey use reader --here');

  await page.keyboard.press('Alt+k');
  await expect(window.heading('Access keys')).toBeFocused();
  await page.keyboard.press('Alt+o');
  await expect(window.notice).toContainText('latchkey console reader --print');
  await page.keyboard.press('Alt+r');
  await expect
    .poll(async () => (await latchkey.call('state.read', {})).profiles)
    .toContainEqual(
      expect.objectContaining({ profile: expect.objectContaining({ name: 'reader', readOnly: true }) }),
    );
});

test('a key leads to a code that is waited for, from wherever one is', async ({ latchkey, window }) => {
  await home(latchkey, window);
  await window.search.fill('read');
  void latchkey.call('profiles.use', { name: 'guarded' }).catch(() => undefined);
  const { code } = new MfaPanel(window, 'alice');
  await expect(code).toBeVisible();
  await window.search.focus();
  await window.page.keyboard.press('Alt+w');
  await expect(code).toBeFocused();
});

test('a key leads to a program that waits to be allowed, and does not allow it', async ({
  latchkey,
  window,
}) => {
  await enterVault(latchkey);
  await expect(window.row('vault')).toContainText('Ready');
  expect(await askAs('deploy.cjs', latchkey.imds, 'vault')).toBe('ApprovalNeeded');
  const { keyboard } = window.page;
  await keyboard.press('Alt+w');
  await keyboard.press('Enter');
  await expect(window.button('Once')).toBeVisible();
  await keyboard.press('Tab');
  await expect(window.page.getByText('Command line')).toBeFocused();
  await keyboard.press('Tab');
  await expect(window.button('Once')).toBeFocused();
  await keyboard.press('Enter');
  await expect(window.button('Once')).toBeHidden();
});
