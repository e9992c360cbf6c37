import type { Page } from '@playwright/test';
import type { Status } from '../../preload/contract.ts';
import { standardSettings } from '../../main/configuration/settings.ts';
import { profileView, status } from '../renderer/views.ts';
import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { SettingsPage } from './settings-page.ts';
import { ToldWindow } from './told.ts';
import type { LatchkeyWindow } from './window.ts';

async function openSettings(latchkey: Latchkey, window: LatchkeyWindow): Promise<SettingsPage> {
  await enterSample(latchkey);
  return SettingsPage.open(window);
}

/** The interface over a broker that says what it is told to. */
function told(page: Page, { link }: Latchkey, changes: Partial<Status> = {}): Promise<ToldWindow> {
  const state = { status: { ...status, ...changes }, profiles: [profileView('reader')] };
  return ToldWindow.open(page, link, state);
}

async function settingsOf({ call }: Latchkey): Promise<Status['settings']> {
  return (await call('state.read', {})).status.settings;
}

test('a switch is saved as it is switched, which is said, and is so in another window at once', async ({
  latchkey,
  window,
}) => {
  const settings = await openSettings(latchkey, window);
  const lock = settings.switch('When the computer goes to sleep');
  await expect(lock).not.toBeChecked();
  await lock.click();
  await expect(settings.saved).toBeVisible();
  expect(await settingsOf(latchkey)).toEqual({ ...standardSettings, lockOnSleep: true });

  await latchkey.call('settings.save', { lockOnSleep: false, notifications: false });
  await expect(lock).not.toBeChecked();
  await expect(settings.switch('Notifications')).not.toBeChecked();
});

test('a number is saved by Enter and by leaving it, and not before', async ({ latchkey, window }) => {
  const settings = await openSettings(latchkey, window);
  const idle = settings.number('When nobody is there');
  await idle.fill('20');
  expect((await settingsOf(latchkey)).lockAfterIdleMinutes).toBeNull();
  await idle.press('Enter');
  await expect(settings.saved).toBeVisible();
  expect((await settingsOf(latchkey)).lockAfterIdleMinutes).toBe(20);

  await idle.fill('');
  await settings.number('Time of a protected profile').fill('45');
  await window.heading('Sessions').click();
  await expect
    .poll(() => settingsOf(latchkey))
    .toMatchObject({ lockAfterIdleMinutes: null, protectedMinutes: 45 });
});

test('what cannot be is told as it is typed, kept as it was typed, and not saved', async ({
  latchkey,
  window,
}) => {
  const settings = await openSettings(latchkey, window);
  const port = settings.number('Port');
  await port.press('End');
  await port.pressSequentially('0');
  await expect(port).toHaveValue('92540');
  await expect(port).toHaveAttribute('aria-invalid', 'true');
  expect(await window.messageAt('Port')).toBe('Port must be a whole number from 1 to 65535');
  await port.press('Enter');
  await window.heading('Sessions').click();
  await expect(port).toHaveValue('92540');
  expect((await settingsOf(latchkey)).port).toBe(9254);

  // Escape gives the number back that is set, and only then leads out.
  await port.press('Escape');
  await expect(port).toHaveValue('9254');
  await expect(port).not.toHaveAttribute('aria-invalid', 'true');
  await port.press('Escape');
  await expect(window.search).toBeFocused();
});

test('an empty field is complained about once it is left', async ({ latchkey, window }) => {
  const settings = await openSettings(latchkey, window);
  const minutes = settings.number('Time of a protected profile');
  await minutes.fill('');
  expect(await window.messageAt('Time of a protected profile')).toBe('');
  await minutes.blur();
  expect(await window.messageAt('Time of a protected profile')).toContain('whole minutes from 1 to 1440');
  expect((await settingsOf(latchkey)).protectedMinutes).toBe(30);
});

test('a number that was typed is saved also where another view is gone to by a key', async ({
  latchkey,
  window,
}) => {
  const settings = await openSettings(latchkey, window);
  await settings.number('Time of a protected profile').fill('10');
  await window.page.keyboard.press('Alt+p');
  await expect(window.search).toBeFocused();
  await expect.poll(() => settingsOf(latchkey)).toMatchObject({ protectedMinutes: 10 });
});

test('the port of a run that was started with another one is said to be the next start’s', async ({
  latchkey,
  window,
}) => {
  const settings = await openSettings(latchkey, window);
  await expect(settings.group('Endpoint')).toContainText(
    `This run was started with another port, and programs ask ${latchkey.imds}`,
  );
  await settings.number('Port').fill('9300');
  await settings.number('Port').press('Enter');
  await expect(settings.saved).toBeVisible();
  expect((await latchkey.call('state.read', {})).status).toMatchObject({
    endpoint: latchkey.imds,
    settings: { port: 9300 },
  });
});

test('a profile’s own port is told as it is typed', async ({ latchkey, window }) => {
  const settings = await openSettings(latchkey, window);
  const { profiles } = await latchkey.call('state.read', {});
  const reader = profiles.find(({ profile }) => profile.name === 'reader')?.profile;
  if (!reader) throw new Error('the sample has a reader');
  await latchkey.call('profiles.save', { profile: { ...reader, port: 39_254 }, replaces: 'reader' });
  await expect(settings.group('Ports of their own')).toContainText('39254');
  await settings.number('Port').fill('39254');
  await expect.poll(() => window.messageAt('Port')).toBe('Port 39254 is the own port of the profile reader');
});

test('approvals, tokens and ports of their own are listed, and revoked after a question', async ({
  latchkey,
  page,
}) => {
  const approval = { id: 'a1', profile: 'reader', program: 'terraform (/usr/bin/terraform)', sinceMs: 0 };
  const token = { name: 'ci', profile: 'reader', createdAtMs: 0, lastUsedAtMs: null };
  const window = await told(page, latchkey, {
    approvals: [{ ...approval, allowance: 'always', untilMs: null }],
    tokens: [token],
    endpoints: [{ profile: 'reader', port: 39_254, url: 'http://127.0.0.1:39254/' }],
    folders: [{ folder: '/src', profile: 'reader' }],
  });
  const settings = await SettingsPage.open(window);
  await expect(settings.group('Ports of their own')).toContainText('http://127.0.0.1:39254/');
  await expect(settings.group('Folders')).toHaveCount(0);
  for (const [group, label] of [
    ['Approvals', /^Revoke terraform/],
    ['Tokens', 'Revoke the token ci'],
  ] as const) {
    await settings.group(group).getByRole('button', { name: label }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await expect(page.getByRole('dialog')).toBeHidden();
  }
  expect(window.calls).toContainEqual({ name: 'approvals.revoke', input: { id: 'a1' } });
  expect(window.calls).toContainEqual({ name: 'tokens.revoke', input: { name: 'ci' } });
  await window.tellStatus({ approvals: [], tokens: [], endpoints: [] });
  await expect(page.getByText('No approvals, no tokens')).toBeVisible();
});

test('it says what it is, where its data is, and that without a desktop some things are told to nobody', async ({
  latchkey,
  window,
}) => {
  const settings = await openSettings(latchkey, window);
  const { dataFolder } = await latchkey.call('installation.read', {});
  await expect(settings.group('About')).toContainText(dataFolder);
  await expect(settings.group('About')).toContainText(`Node ${process.versions.node}`);
  await expect(settings.group('Lock')).toContainText('This Latchkey runs without a desktop');
  await expect(settings.switch('Start at login')).toBeDisabled();
});

test('all of it is done by the keyboard', async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect(window.row('reader')).toBeVisible();
  await window.page.keyboard.press('Alt+s');
  await expect(window.heading('Settings')).toBeFocused();
  await window.page.keyboard.press('Tab');
  await expect(window.field('Port')).toBeFocused();
  await window.page.keyboard.press('Tab');
  await window.page.keyboard.press('Space');
  await expect.poll(() => settingsOf(latchkey)).toMatchObject({ imdsV1: true });
});

test('what is refused stands as it is set, with the reason at it', async ({ latchkey, page }) => {
  const window = await told(page, latchkey);
  const problem = { code: 'Internal', message: 'config.json could not be written' };
  window.answers.set('settings.save', Promise.resolve({ problem }));
  const settings = await SettingsPage.open(window);

  await settings.switch('With the screen').click();
  await expect(settings.switch('With the screen')).not.toBeChecked();
  expect(await window.messageAt('With the screen')).toBe(problem.message);

  await settings.number('Port').fill('9300');
  await settings.number('Port').press('Enter');
  await expect.poll(() => window.messageAt('Port')).toBe(problem.message);
  await expect(settings.number('Port')).toHaveValue('9300');
});

test('what is refused after its view was left is told where the person is', async ({ latchkey, page }) => {
  const window = await told(page, latchkey);
  const problem = { code: 'PortTaken', message: 'Port 9300 is taken by another program' };
  window.answers.set('settings.save', Promise.resolve({ problem }));
  const settings = await SettingsPage.open(window);
  await settings.number('Port').fill('9300');
  await window.page.keyboard.press('Alt+p');
  await expect(window.notice.filter({ hasText: problem.message })).toBeVisible();
});

test('the start at login is as the system tells it, and is turned on', async ({ latchkey, page }) => {
  const window = await told(page, latchkey);
  const installation = { dataFolder: '/home/alice/.config/latchkey', runsOn: 'Electron 45' };
  const tell = (startsAtLogin: boolean) =>
    window.answers.set('installation.read', Promise.resolve({ value: { ...installation, startsAtLogin } }));
  tell(false);
  const settings = await SettingsPage.open(window);
  await expect(settings.switch('Start at login')).toBeEnabled();
  tell(true);
  await settings.switch('Start at login').click();
  await expect(settings.saved).toBeVisible();
  await expect(settings.switch('Start at login')).toBeChecked();
  expect(window.calls).toContainEqual({ name: 'installation.startAtLogin', input: { on: true } });
});
