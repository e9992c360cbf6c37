import { aliceSeed, aliceSerial } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';
import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { askAs } from './program.ts';
import { MfaPanel } from './window.ts';

const codeWindowMs = 30_000;

/** A code that the device shows neither now nor in the steps around. */
function wrongCode(): string {
  const near = [-60, -30, 0, 30, 60].map((seconds) => totp(aliceSeed, Date.now() + seconds * 1000));
  return (
    ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code)) ?? ''
  );
}

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect(window.row('guarded')).toBeVisible();
});

test('a wrong code is refused with the reason, the right one is taken by itself', async ({
  latchkey,
  window,
}) => {
  await window.search.fill('guarded');
  await window.page.keyboard.press('Enter');
  const { panel, code } = new MfaPanel(window, 'alice');
  await expect(panel).toContainText('guarded in account 444455556666, asked for by you');
  await expect(panel).toContainText(aliceSerial);
  await expect(window.row('guarded')).toContainText('Needs code');
  await expect(code).toBeFocused();

  const wrong = wrongCode();
  await code.pressSequentially(wrong);
  await expect(panel.getByRole('alert')).not.toBeEmpty();
  await expect(code).toHaveValue('');
  await expect(code).toBeFocused();

  await code.pressSequentially(wrong);
  await expect(panel.getByRole('alert')).toContainText('used already');

  // The device's next code, which is sent when the device shows it.
  await code.pressSequentially(totp(aliceSeed, Date.now() + codeWindowMs));
  await expect(panel).toBeHidden({ timeout: codeWindowMs + 10_000 });
  await expect(window.activeCard).toContainText('guarded');
  await expect(window.activeCard).toContainText('Ready');
  expect(latchkey.sts.calls()).toMatchObject({ GetSessionToken: 2, AssumeRole: 1 });
});

test('a code is pasted with its space', async ({ latchkey, window }) => {
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  const { code } = new MfaPanel(window, 'alice');
  await code.focus();
  const digits = totp(aliceSeed, Date.now());
  await window.page.keyboard.insertText(`${digits.slice(0, 3)} ${digits.slice(3)}`);
  expect((await using).session.state).toBe('active');
});

test('a code with letters is refused where it was given, and not sent', async ({ latchkey, window }) => {
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  void using.catch(() => undefined);
  const { panel, code } = new MfaPanel(window, 'alice');
  await code.fill('12ab56');
  await code.press('Enter');
  await expect(panel.getByRole('alert')).toContainText('An MFA code has six digits');
  expect(latchkey.sts.calls()).not.toHaveProperty('GetSessionToken');
  await panel.getByRole('button', { name: 'Not now' }).click();
  await expect(panel).toBeHidden();
  await expect(using).rejects.toThrow('No MFA code');
});

test('a declined code is no failure, and can be given later', async ({ window }) => {
  await window.search.fill('guarded');
  await window.page.keyboard.press('Enter');
  const { panel, code } = new MfaPanel(window, 'alice');
  await code.press('Escape');
  await expect(panel).toBeHidden();
  await expect(window.row('guarded')).toContainText('Needs code');
  await expect(window.notice).toHaveCount(0);
  await expect(window.activeCard).toContainText('Its session needs an MFA code.');
  await window.button('Enter a code').click();
  await code.pressSequentially(totp(aliceSeed, Date.now()));
  await expect(window.activeCard).toContainText('Ready');
});

test('a prompt is put aside, and comes back when the person wants to give the code', async ({
  latchkey,
  window,
}) => {
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  const { panel, code } = new MfaPanel(window, 'alice');
  await panel.getByText('Put it aside').click();
  await panel.getByRole('button', { name: 'Put it aside for 15 min' }).click();
  await expect(panel).toBeHidden();
  const { status } = await latchkey.call('state.read', {});
  expect(status.prompts.map(({ serial, snoozedUntilMs }) => [serial, typeof snoozedUntilMs])).toEqual([
    [aliceSerial, 'number'],
  ]);
  await expect(window.page.getByText(/Code for alice\s+put aside until \d/)).toBeVisible();

  await window.button('Give it now: Code for alice').click();
  await expect(code).toBeFocused();
  await code.pressSequentially(totp(aliceSeed, Date.now()));
  await expect(panel).toBeHidden();
  expect((await using).session.state).toBe('active');
});

test('a prompt that was put aside comes back when its profile is used', async ({ latchkey, window }) => {
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  void using.catch(() => undefined);
  const { panel } = new MfaPanel(window, 'alice');
  await expect(panel).toBeVisible();
  await latchkey.call('mfa.snooze', { serial: aliceSerial, minutes: 5 });
  await expect(panel).toBeHidden();
  await window.search.fill('guarded');
  await window.page.keyboard.press('Enter');
  await expect(panel).toBeVisible();
});

test('a prompt takes no focus from somebody who types', async ({ latchkey, window }) => {
  await window.button('Add role').click();
  await window.field('Name').pressSequentially('dep');
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  void using.catch(() => undefined);
  const { panel } = new MfaPanel(window, 'alice');
  await expect(panel).toBeVisible();
  await window.page.keyboard.type('loy');
  await expect(window.field('Name')).toHaveValue('deploy');
  await panel.getByRole('button', { name: 'Not now' }).click();
  await expect(using).rejects.toThrow('No MFA code');
});

/** `reader` becomes one that needs a code, and serves any program. */
async function guardReader(latchkey: Latchkey): Promise<void> {
  await latchkey.call('profiles.use', { name: 'reader' });
  const { profiles } = await latchkey.call('state.read', {});
  const guarded = profiles.find(({ profile }) => profile.name === 'guarded');
  if (!guarded) throw new Error('the sample has changed');
  await latchkey.call('profiles.save', {
    profile: { ...guarded.profile, name: 'reader', protected: false },
    replaces: 'reader',
  });
}

test('a prompt names the program that needs the code', async ({ latchkey, window }) => {
  await guardReader(latchkey);
  expect(await askAs('terraform', latchkey.imds, 'reader')).toBe('MfaRequired');
  const { panel } = new MfaPanel(window, 'alice');
  await expect(panel).toContainText('reader in account 444455556666, asked for by terraform');
  await expect(panel).toContainText(aliceSerial);
});

test('a prompt that a program has opened is the person’s, and has the focus, when its profile is used', async ({
  latchkey,
  window,
}) => {
  await guardReader(latchkey);
  await window.search.fill('reader');
  expect(await askAs('terraform', latchkey.imds, 'reader')).toBe('MfaRequired');
  const { panel, code } = new MfaPanel(window, 'alice');
  await expect(panel).toContainText('asked for by terraform');
  await expect(window.search).toBeFocused();
  await window.page.keyboard.press('Enter');
  await expect(code).toBeFocused();
  await expect(panel).not.toContainText('terraform');
});
