import { aliceKeys, aliceSerial, bobKeys } from '../sts/sample-world.ts';
import { enterSample, expect, test } from './latchkey.ts';

const wrongSecret = bobKeys.secretAccessKey;

test('a wrong secret is refused by AWS, told at its field, and kept nowhere', async ({
  latchkey,
  window,
}) => {
  await window.button('Add an access key').click();
  await window.addKey({ label: 'work', ...aliceKeys, secretAccessKey: wrongSecret });

  await expect(window.field('Secret access key')).toBeFocused();
  await expect(window.field('Secret access key')).toHaveValue('');
  expect(await window.messageAt('Secret access key')).toContain('does not belong to this access key ID');
  await expect(window.page.getByText('The secret was not kept. Please enter it again.')).toBeVisible();
  await expect(window.field('Label')).toHaveValue('work');
  await expect(window.field('Access key ID')).toHaveValue(aliceKeys.accessKeyId);
  expect((await latchkey.call('state.read', {})).status.keys).toEqual([]);

  await window.typeSecret(aliceKeys.secretAccessKey);
  await window.page.keyboard.press('Enter');
  await expect(window.heading('AWS knows this key')).toBeVisible();
});

test('what cannot be a key is told at its fields without asking AWS', async ({ latchkey, window }) => {
  await window.button('Add an access key').click();
  await window.addKey({ label: 'my key', accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'short' });

  await expect(window.field('Label')).toBeFocused();
  expect(await window.messageAt('Label')).toContain('letters, digits and');
  expect(await window.messageAt('Access key ID')).toContain('must begin with AKIA');
  expect(await window.messageAt('Secret access key')).toContain('16 to 128');
  expect(latchkey.sts.calls()).toEqual({});
});

test('what is typed for a key is checked as it is typed, also whether it is there already', async ({
  latchkey,
  window,
}) => {
  await enterSample(latchkey);
  await window.button('Keys').click();
  await window.button('Add key').click();
  await window.field('Access key ID').pressSequentially('ASIAIOSFODNN7EXAMPLE');
  await expect.poll(() => window.messageAt('Access key ID')).toContain('must begin with AKIA');
  await window.field('Access key ID').fill(aliceKeys.accessKeyId);
  await expect.poll(() => window.messageAt('Access key ID')).toBe('');
  await window.field('Label').pressSequentially('home');
  await window.field('Access key ID').focus();
  await window.page.keyboard.press('Tab');
  await expect
    .poll(() => window.messageAt('Access key ID'))
    .toBe('This access key is there already, as “work”');
  // The same key under its label is one whose secret is given anew.
  await window.field('Label').fill('work');
  await expect.poll(() => window.messageAt('Access key ID')).toBe('');
});

test('secrets that are in memory are not said to be in a keychain', async ({ latchkey, window }) => {
  expect((await latchkey.call('state.read', {})).status.secrets).toBe('memory');
  const main = window.page.getByRole('main');
  await expect(main).toContainText('in Latchkey’s memory only');
  await expect(main).not.toContainText('keychain');

  await window.button('Add an access key').click();
  await expect(main).toContainText('in Latchkey’s memory only');
  await window.addKey({ label: 'work', ...aliceKeys });
  await expect(main).toContainText('“work” has its secret in Latchkey’s memory until Latchkey ends.');

  await window.button('Done').click();
  await expect(main).toContainText('in Latchkey’s memory only');
  await window.button('Remove the key work').click();
  await expect(window.page.getByRole('dialog')).toContainText('dropped from Latchkey’s memory');
});

test('a key that a profile is based on is not removed, and the reason is told', async ({
  latchkey,
  window,
}) => {
  await enterSample(latchkey);
  await window.button('Keys').click();
  await expect(window.page.getByText('Used by 3 profiles')).toBeVisible();

  await window.button('Remove the key work').click();
  const dialog = window.page.getByRole('dialog', { name: 'Remove the key work?' });
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(dialog.getByRole('alert')).toContainText('is the base of');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(window.heading('work')).toBeVisible();
});

test('a key is changed: profiles follow its label, a wrong field is told at it, and its secret is not asked for', async ({
  latchkey,
  window,
}) => {
  await enterSample(latchkey);
  await window.button('Keys').click();
  await window.button('Change the key work').click();
  await expect(window.field('Label')).toBeFocused();
  await expect(window.field('Label')).toHaveValue('work');
  await expect(window.field('Secret access key')).toHaveCount(0);

  await window.field('Label').fill('home');
  await window.field('MFA device (optional)').fill('x');
  await window.page.keyboard.press('Tab');
  expect(await window.messageAt('MFA device (optional)')).toContain('9 to 256 characters');
  await window.field('MFA device (optional)').fill(aliceSerial);
  await window.field('Region').fill('cn-north-1');
  await window.page.keyboard.press('Enter');
  await expect.poll(() => window.messageAt('Region')).toContain('STS in cn-north-1 refuses this key');
  await expect(window.field('Region')).toBeFocused();
  await expect(window.heading('Change work')).toBeVisible();

  await window.field('Region').fill('eu-west-1');
  await window.page.keyboard.press('Enter');
  await expect(window.heading('home')).toBeVisible();
  await expect(window.heading('Access keys')).toBeFocused();
  await expect(window.page.getByText('Used by 3 profiles')).toBeVisible();
  const { status, profiles } = await latchkey.call('state.read', {});
  expect(status.keys).toMatchObject([{ label: 'home', mfaSerial: aliceSerial, region: 'eu-west-1' }]);
  expect(profiles.map(({ profile }) => profile.base)).toEqual(Array(3).fill({ key: 'home' }));
});

test('a change of a key is left by Escape, and nothing of it is kept', async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await window.button('Keys').click();
  await window.button('Change the key work').click();
  await window.field('Label').fill('home');
  await window.page.keyboard.press('Escape');
  await expect(window.heading('Access keys')).toBeFocused();
  await expect(window.heading('work')).toBeVisible();
  expect((await latchkey.call('state.read', {})).status.keys).toMatchObject([{ label: 'work' }]);
});

test('a key that nothing is based on is removed after a question', async ({ latchkey, window }) => {
  await latchkey.call('keys.add', { label: 'work', ...aliceKeys });
  await window.button('Keys').click();
  await window.button('Remove the key work').click();
  await window.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(window.heading('Keys stay home, programs get sessions')).toBeVisible();
  expect((await latchkey.call('state.read', {})).status.keys).toEqual([]);
});

test('a key that has been here for 90 days is said to be old, and how it is replaced', async ({
  latchkey,
  window,
}) => {
  await enterSample(latchkey);
  const { page } = window;
  const dayMs = 86_400_000;
  const main = page.getByRole('main');
  await page.clock.setFixedTime(Date.now() + 89 * dayMs);
  await window.button('Keys').click();
  await expect(window.heading('work')).toBeVisible();
  await expect(main).not.toContainText('In Latchkey for');

  await page.clock.setFixedTime(Date.now() + 94 * dayMs);
  await expect(main).toContainText('In Latchkey for 94 days');
  await page.getByText('How to replace it').click();
  await expect(main.getByText('In IAM, open alice, then Security credentials')).toBeVisible();
});
