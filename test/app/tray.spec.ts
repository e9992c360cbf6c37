import { expect, test } from '@playwright/test';
import { desktop, enterSample, startApp } from './running-app.ts';
import { callerArn, servedCredentials } from './served-credentials.ts';
import { trayHost, trayOf } from './tray-over-dbus.ts';

test.skip(desktop.missing, desktop.note);
test.skip(trayHost.missing, trayHost.note);

test('a profile clicked in the tray is the one whose credentials the endpoint serves', async () => {
  await using app = await startApp();
  await enterSample(app);
  const tray = await trayOf(app.pid);
  await expect.poll(async () => (await tray.menu()).map((item) => item.label)).toContain('reader');

  await tray.click('reader');

  await expect
    .poll(() => tray.menu())
    .toContainEqual(expect.objectContaining({ label: 'reader (ready)', checked: true }));
  const served = await servedCredentials(app.imds);
  expect(served.role).toBe('reader');
  expect(await callerArn(app.sts.url, served)).toMatch(/^arn:aws:sts::444455556666:assumed-role\/Reader\//);
  expect(await tray.tooltip()).toMatch(/Latchkey: reader, ready, \d+ min left/);
});

test('the tray tells that an MFA code is needed, and opens the window for it', async () => {
  await using app = await startApp();
  await enterSample(app);
  await app.page.close();
  const tray = await trayOf(app.pid);
  await expect.poll(async () => (await tray.menu()).map((item) => item.label)).toContain('guarded');

  await tray.click('guarded');
  await expect
    .poll(async () => (await tray.menu()).map((item) => item.label))
    .toContain('MFA code needed for guarded…');
  expect(app.electron.windows(), 'the window must not come by itself').toEqual([]);

  const opened = app.electron.waitForEvent('window');
  await tray.click('MFA code needed');
  const page = await opened;
  await expect(page.getByRole('heading', { name: /Code for alice/ })).toBeVisible();
});

test('the tray locks and unlocks', async () => {
  await using app = await startApp();
  await enterSample(app);
  await app.call('profiles.use', { name: 'reader' });
  const tray = await trayOf(app.pid);

  await tray.click('Lock');
  await expect(app.page.getByRole('button', { name: 'Unlock' })).toBeVisible();
  await expect.poll(async () => (await tray.menu()).map((item) => item.label)).toContain('Unlock');
  await expect(servedCredentials(app.imds)).rejects.toThrow();

  await tray.click('Unlock');
  await expect(app.page.getByRole('button', { name: 'Lock' })).toBeVisible();
});

test('the tray quits the app', async () => {
  await using app = await startApp();
  const tray = await trayOf(app.pid);
  const closed = app.electron.waitForEvent('close');
  await tray.click('Quit');
  await closed;
});
