import { expect, test } from '@playwright/test';
import { aliceSeed } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';
import { desktop, enterSample, startApp } from './running-app.ts';
import { callerArn, servedCredentials } from './served-credentials.ts';

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
