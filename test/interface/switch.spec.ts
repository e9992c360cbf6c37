import { enterSample, expect, test } from './latchkey.ts';
import { askAs } from './program.ts';

// What the page has of it.
declare const navigator: { readonly clipboard: { readText(): Promise<string> } };

test.beforeEach(async ({ latchkey, window }) => {
  await enterSample(latchkey);
  await expect(window.row('reader')).toBeVisible();
});

test('a profile is found and used without leaving the search', async ({ latchkey, window }) => {
  const { keyboard } = window.page;
  await window.page.reload();
  await expect(window.search).toBeFocused();
  await keyboard.type('reader');
  await expect.poll(() => window.listedNames()).toEqual(['reader']);
  await keyboard.press('Enter');

  await expect(window.activeCard).toContainText('reader');
  await expect(window.activeCard).toContainText('Ready');
  await expect(window.row('reader')).toContainText('Active');
  await expect(window.row('reader')).toContainText(/1h|59m/);
  expect((await latchkey.call('state.read', {})).status.active).toBe('reader');
});

test('arrow keys choose among what was found', async ({ window }) => {
  const { keyboard } = window.page;
  await window.search.focus();
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await expect(window.row('not-mine')).toHaveAttribute('aria-selected', 'true');
  await keyboard.press('ArrowUp');
  await expect(window.row('guarded')).toHaveAttribute('aria-selected', 'true');
  await keyboard.press('Alt+Enter');
  await expect(window.page.getByText('arn:aws:iam::444455556666:role/Guarded')).toBeVisible();
  await expect(window.search).toBeFocused();
});

test('account, role and base are searched, and nothing found is said', async ({ window }) => {
  await window.search.fill('444455556666 work');
  await expect.poll(() => window.listedNames()).toEqual(['guarded', 'not-mine', 'reader']);
  await window.search.fill('NamesBob');
  await expect.poll(() => window.listedNames()).toEqual(['not-mine']);
  await window.search.fill('nowhere');
  await expect(window.heading('No profile matches “nowhere”')).toBeVisible();
  await window.page.keyboard.press('Escape');
  await expect.poll(() => window.listedNames()).toHaveLength(3);
});

test('a role that STS refuses is active and failed, with the reason and AWS’s request ID', async ({
  window,
}) => {
  await window.search.fill('not-mine');
  await window.page.keyboard.press('Enter');
  await expect(window.activeCard).toContainText('Failed');
  await expect(window.activeCard).toContainText('AccessDenied');
  await expect(window.row('not-mine')).toContainText('Failed');
  // Once, where it stands, and not a second time above the list.
  await expect(window.notice).toHaveCount(0);
  await window.activeCard.getByText('Details').click();
  await expect(window.activeCard).toContainText(/AWS request ID\s*[0-9a-f-]{36}/);
});

test('what others change is followed', async ({ latchkey, window }) => {
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('reader');
  await latchkey.call('profiles.remove', { name: 'not-mine' });
  await expect(window.row('not-mine')).toHaveCount(0);
});

test('what was used last is listed first, without the active one, and Enter goes back to it', async ({
  latchkey,
  window,
}) => {
  const { keyboard } = window.page;
  await latchkey.call('profiles.use', { name: 'not-mine' }).catch(() => undefined);
  await latchkey.call('profiles.use', { name: 'reader' });
  await window.page.reload();
  await expect.poll(() => window.listedNames()).toEqual(['not-mine', 'guarded', 'reader']);
  await expect(window.page.getByText('Account 444455556666', { exact: true })).toBeVisible();
  await expect(window.row('not-mine')).toContainText('Recent');

  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await expect(window.activeCard).toContainText('not-mine');
  // Nothing moves while it is looked at.
  await expect.poll(() => window.listedNames()).toEqual(['not-mine', 'guarded', 'reader']);
  await window.page.reload();
  await expect.poll(() => window.listedNames()).toEqual(['reader', 'guarded', 'not-mine']);
});

test('a profile is made read-only by a key, and is as before by the same one', async ({
  latchkey,
  window,
}) => {
  const { keyboard } = window.page;
  await window.search.fill('reader');
  await keyboard.press('Enter');
  await expect(window.activeCard).toContainText('Ready');
  await keyboard.press('Alt+r');
  await expect(window.activeCard.getByRole('button', { name: 'Read-only' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await expect(window.row('reader')).toContainText('Read-only');
  await expect(window.activeCard).toContainText(/1[45]:\d\d/);
  await expect(window.activeCard).toContainText('Ready');
  expect(await askAs('aws', latchkey.imds, 'reader')).toBe('Success');

  await keyboard.press('Alt+r');
  await expect(window.activeCard).toContainText(/59:\d\d|1:00:00/);
  await expect(window.activeCard.getByRole('button', { name: 'Read-only' })).toHaveAttribute(
    'aria-pressed',
    'false',
  );
  // What a program got meanwhile is another thing than what it gets now.
  await expect(window.page.getByText(/^reader \(read-only\): aws has credentials until \d/)).toBeVisible();
});

test('a profile with session policies of its own is not made read-only, and it is said why', async ({
  latchkey,
  window,
}) => {
  const { profiles } = await latchkey.call('state.read', {});
  const reader = profiles.find(({ profile }) => profile.name === 'reader');
  if (!reader) throw new Error('the sample has changed');
  const sessionPolicyArns = ['arn:aws:iam::aws:policy/SecurityAudit'];
  await latchkey.call('profiles.save', {
    profile: { ...reader.profile, sessionPolicyArns },
    replaces: 'reader',
  });
  await window.search.fill('reader');
  await window.page.keyboard.press('Alt+r');
  await expect(window.page.getByRole('alert')).toContainText('so read-only would add to them');
  await window.button('Details of reader').click();
  await expect(window.page.getByText('arn:aws:iam::aws:policy/SecurityAudit')).toBeVisible();
});

test('when a profile becomes read-only it is told which programs can still do more', async ({
  latchkey,
  window,
}) => {
  await latchkey.call('profiles.use', { name: 'reader' });
  expect(await askAs('terraform', latchkey.imds, 'reader')).toBe('Success');
  await expect(window.activeCard).toContainText('In the last minutes: terraform');
  const note = window.page.getByText(/^reader: terraform has credentials until \d/);
  await expect(note).toHaveCount(0);
  await window.activeCard.getByRole('button', { name: 'Read-only' }).click();
  await expect(note).toBeVisible();
});

test('the lines for a shell are copied by a key, and have no secret', async ({
  latchkey,
  window,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await window.search.fill('reader');
  await window.page.keyboard.press('Alt+c');
  await expect(window.page.getByText('Lines copied: a shell gets reader')).toBeVisible();
  const lines = await window.page.evaluate(() => navigator.clipboard.readText());
  expect(lines.trim().split('\n')).toEqual([
    'unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_EC2_METADATA_DISABLED',
    `export AWS_EC2_METADATA_SERVICE_ENDPOINT=${latchkey.imds}`,
    'export AWS_REGION=eu-central-1',
    'export AWS_DEFAULT_REGION=eu-central-1',
    'latchkey use reader --here',
  ]);
});

test('without a desktop the console is not opened, and the command that gives a link is copied', async ({
  latchkey,
  window,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('Ready');
  await window.activeCard.getByRole('button', { name: 'Console' }).click();
  await expect(window.notice).toContainText('latchkey console reader --print');
  await window.notice.getByRole('button', { name: 'Copy' }).click();
  await expect
    .poll(() => window.page.evaluate(() => navigator.clipboard.readText()))
    .toBe('latchkey console reader --print');
  await window.button('Dismiss').click();
  await expect(window.notice).toHaveCount(0);
  await expect(window.search).toBeFocused();
  await window.search.fill('not-mine');
  await window.page.keyboard.press('Alt+o');
  await expect(window.notice).toContainText('latchkey console not-mine --print');
});

test('the card says who programs are at AWS', async ({ latchkey, window }) => {
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('arn:aws:sts::444455556666:assumed-role/Reader/alice');
});
