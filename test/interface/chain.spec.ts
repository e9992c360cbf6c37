import type { Locator } from '@playwright/test';
import { freePort } from '../fixtures/free-port.ts';
import { aliceSeed, aliceSerial, bobKeys } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';
import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { askAs } from './program.ts';
import { MfaPanel } from './window.ts';
import type { LatchkeyWindow } from './window.ts';

// What a page has, which these tests run in it.
declare const navigator: { readonly clipboard: { readText(): Promise<string> } };

const account = 'arn:aws:iam::444455556666:role';

/** Opens a profile’s details, and gives the steps of its chain. */
async function stepsOf(window: LatchkeyWindow, name: string): Promise<Locator> {
  await window.button(`Details of ${name}`).click();
  return window.page.getByRole('list', { name: `Chain of ${name}` }).locator(':scope > li');
}

/** A role on top of one that an MFA code is needed for. */
async function addChained({ call }: Latchkey): Promise<void> {
  const common = { region: 'eu-central-1' };
  await call('profiles.save', {
    profile: {
      name: 'long',
      roleArn: `${account}/LongReader`,
      base: { key: 'work' },
      mfaSerial: aliceSerial,
      ...common,
    },
  });
  await call('profiles.save', {
    profile: { name: 'chained', roleArn: `${account}/Chained`, base: { profile: 'long' }, ...common },
  });
}

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect(window.row('reader')).toBeVisible();
});

test('a chain is drawn from the key to the profile, each step with where it stands, and follows what happens', async ({
  latchkey,
  window,
}) => {
  await addChained(latchkey);
  const steps = await stepsOf(window, 'chained');
  await expect(steps).toHaveCount(4);
  await expect(steps.nth(0)).toContainText('Access key work');
  await expect(steps.nth(0)).toContainText('user alice of 111122223333');
  await expect(steps.nth(1)).toContainText('by a code of alice');
  await expect(steps.nth(2)).toContainText('role LongReader in 444455556666');
  await expect(steps.nth(3)).toContainText('role Chained in 444455556666');
  for (const index of [1, 2, 3]) await expect(steps.nth(index)).toContainText('Idle');

  void latchkey.call('profiles.use', { name: 'chained' }).catch(() => undefined);
  await expect(steps.nth(1)).toContainText('Needs code');
  await expect(steps.nth(2)).toContainText('Idle');

  await new MfaPanel(window, 'alice').code.fill(totp(aliceSeed, Date.now()));
  await expect(steps.nth(3)).toContainText('Ready');
  await expect(steps.nth(1)).toContainText(/11h 59m left|12h left/);
});

test('a step that a program has brought about by another profile is told of, too', async ({
  latchkey,
  window,
}) => {
  const common = { region: 'eu-central-1' };
  const port = await freePort();
  await latchkey.call('profiles.save', {
    profile: { name: 'below', roleArn: `${account}/LongReader`, base: { key: 'work' }, port, ...common },
  });
  await latchkey.call('profiles.save', {
    profile: { name: 'above', roleArn: `${account}/Chained`, base: { profile: 'below' }, ...common },
  });
  const steps = await stepsOf(window, 'above');
  await expect(steps.nth(1)).toContainText('Idle');
  // It may be answered before the session is there, which is not what is looked at here.
  await askAs('terraform', `http://127.0.0.1:${port}/`, 'below').catch(() => undefined);
  await expect(steps.nth(1)).toContainText('Ready');
  await expect(steps.nth(2)).toContainText('Idle');
});

test('a refusal stands at the step that was refused, with what to look for on which side', async ({
  latchkey,
  window,
}) => {
  await latchkey.call('profiles.save', {
    profile: {
      name: 'above',
      roleArn: `${account}/Chained`,
      base: { profile: 'not-mine' },
      region: 'eu-central-1',
    },
  });
  await latchkey.call('profiles.use', { name: 'above' }).catch(() => undefined);
  const steps = await stepsOf(window, 'above');
  const refused = steps.nth(1);
  await expect(refused).toContainText('is not authorized to perform: sts:AssumeRole');
  const list = refused.getByRole('list', { name: 'What may be missing, the likeliest first' });
  const reasons = list.getByRole('listitem');
  await expect(reasons.first()).toContainText('NamesBobAbroad in 444455556666');
  await expect(reasons.first()).toContainText('The trust policy of the role NamesBobAbroad');
  await expect(reasons.filter({ hasText: 'sts:AssumeRole on it' })).toContainText('alice in 111122223333');
  await expect(steps.nth(2)).toContainText('Idle');
  await expect(steps.nth(2)).not.toContainText('authorized');
});

test('the two policies of a refused role are copied by keyboard alone', async ({
  latchkey,
  window,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await latchkey.call('profiles.save', {
    profile: {
      name: 'vendor',
      roleArn: `${account}/Vendor`,
      base: { key: 'work' },
      region: 'eu-central-1',
      externalId: 'corp-17',
    },
  });
  await latchkey.call('profiles.use', { name: 'vendor' }).catch(() => undefined);
  const { keyboard } = window.page;
  await window.search.pressSequentially('vendor');
  await keyboard.press('Alt+Enter');
  const policies = window.page.getByText('Policies to copy');
  await policies.focus();
  await keyboard.press('Enter');
  const copied = () => window.page.evaluate(() => navigator.clipboard.readText());

  await keyboard.press('Tab');
  await expect(window.button('Copy: Trust policy of Vendor')).toBeFocused();
  await keyboard.press('Enter');
  await expect(window.button('Copy: Trust policy of Vendor')).toContainText('Copied');
  expect(JSON.parse(await copied())).toMatchObject({
    Statement: [
      {
        Principal: { AWS: 'arn:aws:iam::111122223333:user/alice' },
        Condition: { StringEquals: { 'sts:ExternalId': 'corp-17' } },
      },
    ],
  });

  await keyboard.press('Tab');
  await expect(window.button('Copy: Permission of alice')).toBeFocused();
  await keyboard.press('Enter');
  await expect(window.button('Copy: Permission of alice')).toContainText('Copied');
  expect(JSON.parse(await copied())).toMatchObject({ Statement: [{ Resource: `${account}/Vendor` }] });
});

test('what AWS names as missing is the only reason given', async ({ latchkey, window }) => {
  await latchkey.call('keys.add', { label: 'bobs', ...bobKeys });
  await latchkey.call('profiles.save', {
    profile: {
      name: 'bobs-role',
      roleArn: 'arn:aws:iam::111122223333:role/TrustsTheAccount',
      base: { key: 'bobs' },
      region: 'eu-central-1',
    },
  });
  await latchkey.call('profiles.use', { name: 'bobs-role' }).catch(() => undefined);
  const refused = (await stepsOf(window, 'bobs-role')).nth(1);
  await expect(refused.getByRole('list', { name: 'What is missing' }).getByRole('listitem')).toHaveText([
    /user bob is not permitted sts:AssumeRole/,
  ]);
});

test('nothing of a chain is cut off or past the window’s edge, at its least and at full size', async ({
  latchkey,
  window,
}) => {
  await latchkey.call('profiles.use', { name: 'not-mine' }).catch(() => undefined);
  const steps = await stepsOf(window, 'not-mine');
  await window.page.getByText('Policies to copy').click();
  for (const width of [320, 380, 800, 1200]) {
    await window.page.setViewportSize({ width, height: 560 });
    for (const part of await steps.locator('pre, p, button, summary').all()) {
      const box = await part.boundingBox();
      expect(
        (box?.x ?? 0) + (box?.width ?? 0),
        `${await part.innerText()} at ${width} px`,
      ).toBeLessThanOrEqual(width);
      expect(
        await part.evaluate(
          (element: { scrollWidth: number; clientWidth: number }) =>
            element.scrollWidth - element.clientWidth,
        ),
      ).toBeLessThanOrEqual(0);
    }
  }
});
