/** Tokens of the container endpoint that a person makes in the window, which gets none of them. */
import type { Page } from '@playwright/test';
import type { Status } from '../../preload/contract.ts';
import { profileView, status } from '../renderer/views.ts';
import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { SettingsPage } from './settings-page.ts';
import { ToldWindow } from './told.ts';

/** The settings over a broker with a desktop, which says what it is told to. */
async function openOnDesktop(page: Page, { link }: Latchkey): Promise<ToldWindow> {
  const profiles = [profileView('billing'), profileView('reader')];
  const onDesktop: Status = { ...status, hasDesktop: true, active: 'reader' };
  const window = await ToldWindow.open(page, link, { status: onDesktop, profiles });
  await SettingsPage.open(window);
  return window;
}

test('a token is made by the keyboard; what leads to it is shown, and it itself is nowhere', async ({
  latchkey,
  page,
}) => {
  const window = await openOnDesktop(page, latchkey);
  const url = 'http://127.0.0.1:9254/container/billing';
  window.answers.set('tokens.createAndCopy', Promise.resolve({ value: { url } }));
  await expect(window.field('Profile')).toHaveValue('reader');
  await window.field('Token name').focus();
  await page.keyboard.type('build-box');
  await page.keyboard.press('Tab');
  await page.keyboard.type('billing');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');

  const said = page.getByRole('status').filter({ hasText: 'build-box is copied' });
  await expect(said).toContainText('taken off the clipboard in 60 seconds');
  const group = page.getByRole('region', { name: 'New token' });
  await expect(group).toContainText(`AWS_CONTAINER_CREDENTIALS_FULL_URI=${url}`);
  await expect(group).toContainText('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=');
  await expect(window.button('Copy the lines')).toBeVisible();
  await expect(window.field('Token name')).toHaveValue('');
  expect(window.calls).toContainEqual({
    name: 'tokens.createAndCopy',
    input: { name: 'build-box', profile: 'billing' },
  });
});

test('what is wrong is told at its field, without asking where that shows here', async ({
  latchkey,
  page,
}) => {
  const window = await openOnDesktop(page, latchkey);
  await window.field('Token name').fill('build box');
  await window.button('Make and copy').click();
  expect(await window.messageAt('Token name')).toContain('letters, digits and');
  await expect(window.field('Token name')).toBeFocused();
  expect(window.calls.map(({ name }) => name)).not.toContain('tokens.createAndCopy');

  const taken = { code: 'AlreadyExists', message: 'There is a token "ci" already', field: 'name' };
  window.answers.set('tokens.createAndCopy', Promise.resolve({ problem: taken }));
  await window.field('Token name').fill('ci');
  await page.keyboard.press('Enter');
  await expect.poll(() => window.messageAt('Token name')).toBe(taken.message);

  const refused = { code: 'Refused', message: 'The desktop’s clipboard did not take the token.' };
  window.answers.set('tokens.createAndCopy', Promise.resolve({ problem: refused }));
  await page.keyboard.press('Enter');
  await expect(window.notice.filter({ hasText: refused.message })).toBeVisible();
  await expect(page.getByText('is copied')).toHaveCount(0);
});

test('without a desktop the command that makes one is told instead', async ({ latchkey, window }) => {
  await enterSample(latchkey);
  const settings = await SettingsPage.open(window);
  await expect(settings.group('New token')).toContainText('latchkey token add NAME guarded');
  await expect(window.field('Token name')).toHaveCount(0);
  await expect(latchkey.call('tokens.createAndCopy', { name: 'ci', profile: 'reader' })).rejects.toThrow(
    'latchkey token add ci reader',
  );
});
