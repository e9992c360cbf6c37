import { enterSample, expect, test } from './latchkey.ts';
import { askAs } from './program.ts';

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('Ready');
});

test('a protected profile tells when it goes back, and to which one', async ({ latchkey, window }) => {
  await expect(window.activeCard).not.toContainText('Back to');
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  void using.catch(() => undefined);
  await expect(window.activeCard).toContainText(/Back to reader in (29|30) minutes/);

  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).not.toContainText('Back to');
});

test('after a switch it is told what programs hold of the profile before', async ({ latchkey, window }) => {
  expect(await askAs('terraform', latchkey.imds, 'reader')).toBe('Success');
  const note = window.page.getByText(/^reader: terraform has credentials until \d/);
  await expect(note).toHaveCount(0);
  const using = latchkey.call('profiles.use', { name: 'guarded' });
  void using.catch(() => undefined);
  await expect(note).toBeVisible();

  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(note).toHaveCount(0);
});
