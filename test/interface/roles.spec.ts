import { enterSample, expect, test } from './latchkey.ts';

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect(window.row('reader')).toBeVisible();
});

test('a malformed ARN and an impossible duration are told at their fields', async ({ latchkey, window }) => {
  await window.button('Add role').click();
  await window.field('Name').fill('deploy');
  await window.field('Role ARN').fill('arn:aws:iam::4444:role/Deployer');
  await window.page.getByText('More', { exact: true }).click();
  await window.field('Session duration').fill('13 h');
  await window.button('Save').click();

  await expect(window.field('Role ARN')).toBeFocused();
  expect(await window.messageAt('Role ARN')).toContain('a partition, a 12-digit account ID and a role name');
  expect(await window.messageAt('Session duration')).toContain('Session duration must be 15 min to 12 h');
  expect((await latchkey.call('state.read', {})).profiles).toHaveLength(3);

  await window.field('Role ARN').fill('arn:aws:iam::444455556666:role/LongReader');
  await window.field('Session duration').fill('90 min');
  await window.button('Save').click();
  await expect(window.row('deploy')).toBeVisible();
  const { profiles } = await latchkey.call('state.read', {});
  expect(profiles.find(({ profile }) => profile.name === 'deploy')?.profile.durationSeconds).toBe(5400);
});

test('a wrong field is told when it is left, also by a click on something else, which still counts', async ({
  window,
}) => {
  await window.button('Add role').click();
  await window.field('Role ARN').fill('nonsense');
  await window.page.getByText('More', { exact: true }).click();
  await expect(window.field('External ID')).toBeVisible();
  await expect.poll(() => window.messageAt('Role ARN')).toContain('Role ARN must look like');
});

test('a wrong field is told as it is typed, once nothing more comes, and is right again at once', async ({
  window,
}) => {
  await window.button('Add role').click();
  const arn = window.field('Role ARN');
  await arn.pressSequentially('arn:aws:iam::4444:role/Deployer');
  await expect(arn).toHaveAttribute('aria-invalid', 'true');
  await expect(arn).toBeFocused();
  expect(await window.messageAt('Role ARN')).toContain('a 12-digit account ID');
  await arn.fill('arn:aws:iam::444455556666:role/Deployer');
  await expect(arn).not.toHaveAttribute('aria-invalid', 'true');
});

test('a name that another profile has is told as it is typed', async ({ latchkey, window }) => {
  await window.button('Add role').click();
  await window.field('Name').pressSequentially('reader');
  await expect.poll(() => window.messageAt('Name')).toBe('There is a profile “reader” already');
  await window.field('Name').pressSequentially('-2');
  await expect.poll(() => window.messageAt('Name')).toBe('');
  await latchkey.call('profiles.remove', { name: 'not-mine' });
  await window.field('Name').fill('not-mine');
  await window.field('Role ARN').fill('arn:aws:iam::444455556666:role/LongReader');
  await window.button('Save').click();
  await expect(window.row('not-mine')).toBeVisible();
});

test('what only the broker can know is told at its field, too', async ({ window }) => {
  await window.button('Add role').click();
  await window.field('Name').fill('abroad');
  await window.field('Role ARN').fill('arn:aws-cn:iam::444455556666:role/LongReader');
  await window.field('Region').fill('cn-north-1');
  await window.button('Save').click();
  await expect(window.field('Role ARN')).toBeFocused();
  expect(await window.messageAt('Role ARN')).toContain('a role can be assumed within its own partition only');
});

test('a profile is changed by keyboard alone and keeps what was not touched', async ({
  latchkey,
  window,
}) => {
  const { keyboard } = window.page;
  await window.search.pressSequentially('guarded');
  await keyboard.press('F2');
  await expect(window.heading('Edit guarded')).toBeVisible();
  await expect(window.field('Name')).toBeFocused();
  await window.field('Name').fill('production');
  await keyboard.press('Enter');
  await expect(window.row('production')).toContainText('Protected');

  const { profiles } = await latchkey.call('state.read', {});
  expect(profiles.map(({ profile }) => profile.name).sort()).toEqual(['not-mine', 'production', 'reader']);
  const changed = profiles.find(({ profile }) => profile.name === 'production');
  expect(changed?.profile).toMatchObject({
    mfaSerial: 'arn:aws:iam::111122223333:mfa/alice',
    protected: true,
  });
});

test('a profile is removed after a question', async ({ latchkey, window }) => {
  await window.button('Details of not-mine').click();
  await window.button('Remove').click();
  const dialog = window.page.getByRole('dialog', { name: 'Remove not-mine?' });
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(window.row('not-mine')).toHaveCount(0);
  expect((await latchkey.call('state.read', {})).profiles).toHaveLength(2);
});

test('how a code is taken is set where the profile takes one itself', async ({ latchkey, window }) => {
  await window.button('Add role').click();
  await window.field('Name').fill('deploy');
  await window.field('Role ARN').fill('arn:aws:iam::444455556666:role/RecentlyConfirmed');
  await window.page.getByText('More', { exact: true }).click();
  await window.field('MFA mode').selectOption('Direct');
  await window.field('Greatest MFA age').fill('30 s');
  await window.button('Save').click();
  await expect(window.field('Greatest MFA age')).toBeFocused();
  expect(await window.messageAt('Greatest MFA age')).toContain('1 min to 36 h');
  await window.field('Greatest MFA age').fill('10 min');
  await window.button('Save').click();
  await window.button('Details of deploy').click();
  await expect(window.page.getByText('10 minutes at most')).toBeVisible();

  const { profiles } = await latchkey.call('state.read', {});
  const saved = profiles.find(({ profile }) => profile.name === 'deploy');
  expect(saved?.profile).toMatchObject({ mfaMode: 'direct', mfaMaximumAgeSeconds: 600 });

  await window.button('Edit').click();
  await expect(window.field('MFA mode')).toHaveValue('direct');
  await window.field('Based on').selectOption('reader');
  await expect(window.field('MFA mode')).toHaveCount(0);
  await window.button('Save').click();
  await expect(window.row('deploy')).toBeVisible();
  const after = (await latchkey.call('state.read', {})).profiles;
  const changed = after.find(({ profile }) => profile.name === 'deploy');
  expect(changed?.profile.base).toEqual({ profile: 'reader' });
  expect(changed?.profile).not.toHaveProperty('mfaMode');
});

test('a protected role’s form says what that means for its sessions', async ({ window }) => {
  await window.button('Add role').click();
  await window.page.getByText('More', { exact: true }).click();
  await window.field('Session duration').fill('2 h');
  await window.page.getByLabel('Protected').check();
  await expect(window.page.getByText('A protected profile’s sessions are of 15 min')).toBeVisible();
  await expect(window.page.getByText('it leaves the active place by itself')).toBeVisible();
});
