import { get } from 'node:http';
import { expect, test } from '@playwright/test';
import { LatchkeyWindow } from '../interface/window.ts';
import { desktop, enterSample, startApp } from './running-app.ts';

test.skip(desktop.missing, desktop.note);

/** What a program with this token is answered at a profile's address. */
function statusWith(token: string, address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = get(address, { headers: { authorization: token } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
  });
}

test('a token that is made in the window is on the desktop’s clipboard, serves its profile, and never is in the window', async () => {
  await using app = await startApp();
  await enterSample(app);
  await app.call('profiles.use', { name: 'reader' });
  const window = new LatchkeyWindow(app.page);
  await window.button('Settings').click();
  await window.field('Token name').fill('build-box');
  await window.field('Profile').selectOption('reader');
  await window.button('Make and copy').click();
  await expect(app.page.getByText('The token build-box is copied')).toBeVisible();

  const token = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(await statusWith(token, `${app.imds}container/reader`)).toBe(200);
  expect(await app.page.content()).not.toContain(token);
});
