import { aliceArn, aliceKeys } from '../sts/sample-world.ts';
import { enterSample, expect, test } from './latchkey.ts';
import { askAs } from './program.ts';

test('the first run leads from a key to a role to a shell', async ({ latchkey, window }) => {
  const { page } = window;
  await expect(window.heading('Keys stay home, programs get sessions')).toBeVisible();
  await window.button('Add an access key').click();

  await window.addKey({ label: 'work', ...aliceKeys });
  await expect(window.heading('AWS knows this key')).toBeVisible();
  await expect(page.getByRole('definition')).toHaveText(['111122223333', aliceArn]);

  await window.button('Add a role').click();
  await window.field('Name').fill('reader');
  await window.field('Role ARN').fill('arn:aws:iam::444455556666:role/team/Reader');
  await window.button('Save').click();

  await expect(window.row('reader')).toContainText('Idle');
  await expect(window.activeCard).toContainText('No active profile');
  await expect(window.activeCard.getByText('export AWS_EC2_METADATA_SERVICE_ENDPOINT=')).toBeVisible();
  await expect(window.activeCard).toContainText(latchkey.imds);
  const first = window.activeCard.getByRole('status');
  await expect(first).toHaveText('Waiting for a first program…');

  await window.row('reader').getByRole('button', { name: 'reader' }).first().click();
  await expect(window.activeCard).toContainText('Ready');
  await expect(window.activeCard).toContainText(/(59|60):\d\d/);
  await expect(page).toHaveTitle('reader – Latchkey');
  expect(latchkey.sts.calls()).toMatchObject({ GetCallerIdentity: 1, AssumeRole: 1 });

  await expect(first).toHaveText('Waiting for a first program…');
  expect(await askAs('deploy.cjs', latchkey.imds, 'reader')).toBe('Success');
  await expect(first).toHaveText(/deploy\.cjs\s+got\s+reader/);
});

test('once roles are there nothing is said of a first program', async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('Ready');
  await expect(window.activeCard.getByText('Waiting for a first program…')).toHaveCount(0);
});
