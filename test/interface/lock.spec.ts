import { aliceSeed, aliceSerial } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';
import { enterSample, expect, test } from './latchkey.ts';
import { askAs } from './program.ts';

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('Ready');
});

test('locking drops every session, unlocking begins anew', async ({ latchkey, window }) => {
  await window.button('Lock').click();
  await expect(window.heading('Locked')).toBeVisible();
  await expect(window.button('Unlock')).toBeFocused();
  const locked = await latchkey.call('state.read', {});
  expect(locked.status.locked).toBe(true);
  expect(locked.profiles.map(({ session }) => session.expiresAtMs)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);

  await window.page.keyboard.press('Enter');
  await expect(window.search).toBeFocused();
  expect((await latchkey.call('state.read', {})).status.locked).toBe(false);
});

test('it is locked from the keyboard, also out of a form', async ({ window }) => {
  await window.button('Add role').click();
  await window.page.keyboard.press('Alt+l');
  await expect(window.heading('Locked')).toBeVisible();
});

test('a lock from elsewhere is shown', async ({ latchkey, window }) => {
  await latchkey.call('sessions.lock', {});
  await expect(window.heading('Locked')).toBeVisible();
  await latchkey.call('sessions.unlock', { code: totp(aliceSeed, Date.now()), serial: aliceSerial });
  await expect(window.search).toBeVisible();
});

test('the locked window tells which programs hold credentials, and until when', async ({
  latchkey,
  window,
}) => {
  expect(await askAs('terraform', latchkey.imds, 'reader')).toBe('Success');
  await latchkey.call('sessions.lock', {});
  const held = window.page.getByRole('region', { name: 'What programs got before stays valid at AWS' });
  await expect(held.getByRole('listitem')).toHaveCount(1);
  await expect(held.getByRole('listitem')).toContainText(/reader until \d.* terraform/);
});
