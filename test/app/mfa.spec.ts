import { expect, test } from '@playwright/test';
import { freePort } from '../fixtures/free-port.ts';
import { writeProgram } from '../interface/program.ts';
import { LatchkeyWindow, MfaPanel } from '../interface/window.ts';
import { aliceSeed, aliceSerial } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';
import { desktop, enterSample, startApp, type RunningApp } from './running-app.ts';
import { callerArn, servedCredentials } from './served-credentials.ts';
import { trayHost, trayOf } from './tray-over-dbus.ts';

test.skip(desktop.missing, desktop.note);

test('an MFA code is asked for in the window, a wrong one is refused and the right one taken', async () => {
  await using app = await startApp();
  await enterSample(app);
  const using = app.call('profiles.use', { name: 'guarded' });

  const code = app.page.getByLabel('Six-digit code');
  const right = totp(aliceSeed, Date.now());
  await code.pressSequentially(right === '000000' ? '000001' : '000000');
  await expect(app.page.getByRole('alert').filter({ hasText: /code/i })).toBeVisible();
  await expect(code).toHaveValue('');

  await code.pressSequentially(totp(aliceSeed, Date.now()));
  await expect(code).toBeHidden();
  expect((await using).session.state).toBe('active');
  expect(await callerArn(app.sts.url, await servedCredentials(app.imds))).toMatch(
    /^arn:aws:sts::444455556666:assumed-role\/Guarded\//,
  );
  expect(app.sts.calls()).toMatchObject({ GetSessionToken: 2, AssumeRole: 1 });
});

test.describe('a code that a program needs', () => {
  test.skip(trayHost.missing, trayHost.note);

  test('is asked for by the tray and a notification, opens no window by itself, and is given in the one they open', async () => {
    await using app = await startApp();
    const port = await enterWithOwnPort(app);
    await using terraform = await writeProgram('terraform');
    const ask = () => terraform.ask(`http://127.0.0.1:${port}/`, 'guarded');
    const notifications = await recordNotifications(app);
    const tray = await trayOf(app.pid);
    const labels = async () => (await tray.menu()).map(({ label }) => label);
    await expect.poll(labels).toContain('guarded');
    const idle = await tray.picture();
    await app.page.close();

    expect(await ask()).not.toBe('Success');
    await expect.poll(labels).toContain('MFA code needed for guarded (terraform)…');
    await expect.poll(() => tray.picture()).not.toBe(idle);
    const [told] = await notifications.shown();
    expect(told?.title).toBe('MFA code needed for guarded (terraform)');
    expect(told?.body).toContain(aliceSerial);
    expect(app.electron.windows(), 'the window must not come by itself').toEqual([]);

    const opened = app.electron.waitForEvent('window');
    await notifications.clickFirst();
    const { panel, code } = new MfaPanel(new LatchkeyWindow(await opened), 'alice');
    await expect(panel).toContainText('terraform');
    await code.pressSequentially(totp(aliceSeed, Date.now()));
    await expect(panel).toBeHidden();

    await expect.poll(labels).toContain('guarded (ready)');
    await expect.poll(() => tray.picture()).toBe(idle);
    expect(await ask()).toBe('Success');
  });

  test('leaves the focus of an open window where it is', async () => {
    await using app = await startApp();
    const port = await enterWithOwnPort(app);
    await using terraform = await writeProgram('terraform');
    const window = new LatchkeyWindow(app.page);
    await expect(window.row('guarded')).toBeVisible();
    await window.search.fill('read');

    await terraform.ask(`http://127.0.0.1:${port}/`, 'guarded');
    await expect(new MfaPanel(window, 'alice').panel).toBeVisible();
    await app.page.keyboard.type('er');
    await expect(window.search).toHaveValue('reader');
  });
});

/** The sample, with a port at which programs get `guarded` whatever is active: nobody has used it in person. */
async function enterWithOwnPort(app: RunningApp): Promise<number> {
  await enterSample(app);
  const port = await freePort();
  await app.call('profiles.save', {
    profile: {
      name: 'guarded',
      roleArn: 'arn:aws:iam::444455556666:role/Guarded',
      base: { key: 'work' },
      region: 'eu-central-1',
      mfaSerial: aliceSerial,
      port,
    },
    replaces: 'guarded',
  });
  return port;
}

/** Keeps the app's notifications from a desktop that may have no service for them, and records them. */
async function recordNotifications({ electron }: RunningApp) {
  const recorded = await electron.evaluateHandle(({ Notification }) => {
    const shown: Electron.Notification[] = [];
    Notification.isSupported = () => true;
    Notification.prototype.show = function show() {
      shown.push(this);
    };
    return shown;
  });
  return {
    shown: () => recorded.evaluate((all) => all.map(({ title, body }) => ({ title, body }))),
    clickFirst: () => recorded.evaluate(([first]) => void first?.emit('click')),
  };
}
