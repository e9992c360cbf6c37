/** The journey of a switch on the desktop: begun in the window or in the tray, it is seen in both, and by programs. */
import { expect, test } from '@playwright/test';
import { LatchkeyWindow } from '../interface/window.ts';
import { desktop, enterSample, startApp } from './running-app.ts';
import { callerArn, servedCredentials } from './served-credentials.ts';
import { trayHost, trayOf } from './tray-over-dbus.ts';

test.skip(desktop.missing, desktop.note);
test.skip(trayHost.missing, trayHost.note);

const account = 'arn:aws:iam::444455556666:role';

test('a profile that is found in the window is checked in the tray, and one clicked in the tray is the window’s', async () => {
  await using app = await startApp();
  await enterSample(app);
  await app.call('profiles.save', {
    profile: {
      name: 'long',
      roleArn: `${account}/LongReader`,
      base: { key: 'work' },
      region: 'eu-central-1',
    },
  });
  const window = new LatchkeyWindow(app.page);
  const tray = await trayOf(app.pid);
  const idle = await tray.picture();

  await expect(window.row('long')).toBeVisible();
  await window.search.fill('lon');
  await window.search.press('Enter');
  await expect(window.activeCard).toContainText('Ready');
  await expect
    .poll(() => tray.menu())
    .toContainEqual(expect.objectContaining({ label: 'long (ready)', checked: true }));
  await expect.poll(() => tray.picture()).not.toBe(idle);
  const first = await servedCredentials(app.imds);
  expect(await callerArn(app.sts.url, first)).toContain(':assumed-role/LongReader/');

  await tray.click('reader');
  await expect(window.activeCard).toContainText('reader');
  await expect(window.activeCard).toContainText('Ready');
  // What was given out before stays valid, which is said where the switch is seen.
  await expect(app.page.getByText(/^long: .* ha(s|ve) credentials until/)).toBeVisible();
  const menu = await tray.menu();
  expect(menu.filter(({ checked }) => checked).map(({ label }) => label)).toEqual(['reader (ready)']);
  const then = await servedCredentials(app.imds);
  expect(await callerArn(app.sts.url, then)).toContain(':assumed-role/Reader/');
});
