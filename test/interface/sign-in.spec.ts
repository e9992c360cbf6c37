import { expect, test } from './latchkey.ts';
import { LatchkeyWindow } from './window.ts';

const signedOut = 'This page is signed out';

test('a link works once', async ({ latchkey, window, browser }) => {
  await expect(window.heading('Keys stay home, programs get sessions')).toBeVisible();
  expect(new URL(window.page.url()).hash).toBe('');

  const other = await browser.newContext();
  const again = new LatchkeyWindow(await other.newPage());
  await again.page.goto(latchkey.link);
  await expect(again.heading(signedOut)).toBeVisible();
  await expect(again.page.getByText('latchkey open')).toBeVisible();
  await other.close();
});

test('a page without a link is told how to get one, and goes on with it', async ({ latchkey, browser }) => {
  const context = await browser.newContext();
  const window = new LatchkeyWindow(await context.newPage());
  await window.page.goto(new URL(latchkey.link).origin);
  await expect(window.heading(signedOut)).toBeVisible();

  const { link } = await latchkey.call('interface.open', {});
  await window.page.goto(link ?? '');
  await expect(window.button('Add an access key')).toBeVisible();
  await context.close();
});

test('a reload stays signed in', async ({ window }) => {
  await expect(window.button('Add an access key')).toBeVisible();
  await window.page.reload();
  await expect(window.button('Add an access key')).toBeVisible();
});
