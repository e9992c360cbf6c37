import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Page } from '@playwright/test';
import type { ActivityRecord, Status } from '../../preload/contract.ts';
import { keyView, profileView, status } from '../renderer/views.ts';
import { ActivityPage } from './activity-page.ts';
import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { writeProgram } from './program.ts';
import { ToldWindow } from './told.ts';

const vault = {
  name: 'vault',
  roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
  base: { key: 'work' },
  region: 'eu-central-1',
  protected: true,
};

test.beforeEach(async ({ latchkey }) => {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
});

/** The view over a broker that says what a test tells it to. */
async function openTold(
  { latchkey, page }: { latchkey: Latchkey; page: Page },
  changes: Partial<Status> = {},
): Promise<{ window: ToldWindow; activity: ActivityPage }> {
  const window = await ToldWindow.open(page, latchkey.link, {
    status: { ...status, keys: [keyView], ...changes },
    profiles: [profileView('sandbox')],
  });
  return { window, activity: await ActivityPage.open(window) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function served(id: number, name: string): ActivityRecord {
  const program = { pid: id, name, startedAtMs: 0, parents: [] };
  return { id, atMs: Date.now(), event: 'served', profile: 'sandbox', detail: 'active', count: 1, program };
}

test('who gets credentials is there as it happens, with the program, what started it and by which rule', async ({
  latchkey,
  window,
}) => {
  await using program = await writeProgram('deploy.cjs');
  const activity = await ActivityPage.open(window);
  await expect(activity.entry('Switched to')).toContainText('reader');
  expect(await program.ask(latchkey.imds, 'reader')).toBe('Success');
  const entry = activity.entry('deploy.cjs');
  await expect(entry).toHaveText(/deploy\.cjs\s+got\s+reader.*the active profile/s);
  await entry.click();
  const details = activity.detailsWith('Started by');
  await expect(details).toContainText(process.execPath);
  await expect(details).toContainText(`(${process.pid})`);
  await expect(details).toContainText('Folder');
});

test('a refused request has its reason, and can be shown alone', async ({ latchkey, window }) => {
  await using program = await writeProgram('deploy.cjs');
  const activity = await ActivityPage.open(window);
  await latchkey.call('profiles.use', { name: 'not-mine' }).catch(() => undefined);
  expect(await program.ask(latchkey.imds, 'not-mine')).not.toBe('Success');
  await expect(activity.entry('was refused')).toContainText('AccessDenied');
  await activity.showRefusedOnly();
  await expect(activity.entries).toHaveCount(1);
  await expect(activity.entries).toContainText('was refused');
});

test('where nothing was refused it is said what would be shown, and with a search what was searched', async ({
  latchkey,
  window,
}) => {
  await latchkey.call('profiles.use', { name: 'reader' });
  const activity = await ActivityPage.open(window);
  await activity.showRefusedOnly();
  await expect(window.heading('Nothing was refused')).toBeVisible();
  await expect(window.page.getByText('What Latchkey refuses a program is listed here')).toBeVisible();
  await activity.filter.fill('deploy');
  await expect(window.heading('Nothing that was refused matches “deploy”')).toBeVisible();
  await expect(window.page.getByText('what started them, folders, profiles')).toBeVisible();
  await window.button('Clear the filter').last().click();
  await expect(activity.entry('Switched to')).toBeVisible();
});

test('the filter finds a program by its name, by what started it and by the reason', async ({
  latchkey,
  window,
}) => {
  await using program = await writeProgram('deploy.cjs');
  await program.ask(latchkey.imds, 'reader');
  const activity = await ActivityPage.open(window);
  await expect(activity.entry('deploy.cjs')).toBeVisible();
  await activity.filter.fill('deploy active');
  await expect(activity.entries).toHaveCount(1);
  await activity.filter.fill('no such program');
  await expect(window.heading('Nothing matches “no such program”')).toBeVisible();
  await activity.filter.press('Escape');
  await expect(activity.entry('deploy.cjs')).toBeVisible();
});

test('what was recorded before the window was opened is there, and what comes later is added once', async ({
  latchkey,
  window,
}) => {
  await using program = await writeProgram('deploy.cjs');
  await program.ask(latchkey.imds, 'reader');
  const activity = await ActivityPage.open(window);
  await expect(activity.entry('deploy.cjs')).toBeVisible();
  await window.page.reload();
  await ActivityPage.open(window);
  await expect(activity.entry('deploy.cjs')).toBeVisible();
  await latchkey.call('profiles.pin', { name: 'reader', pinned: true });
  await expect(activity.entry(/pinned/)).toBeVisible();
  await activity.filter.fill('pinned');
  await expect(activity.entries).toHaveCount(1);
});

test('nothing moves while somebody reads: what has come meanwhile is counted', async ({
  latchkey,
  window,
}) => {
  const activity = await ActivityPage.open(window);
  await activity.entry('Switched to').click();
  const first = await activity.entries.first().innerText();
  await latchkey.call('profiles.pin', { name: 'reader', pinned: true });
  await expect(activity.newer).toHaveText('1 newer');
  expect(await activity.entries.first().innerText()).toBe(first);
  await activity.newer.click();
  await expect(activity.entries.first()).toContainText('pinned');
  await expect(activity.newer).toBeHidden();
  await expect(activity.filter).toBeFocused();
});

test('the keyboard alone reaches every row, its details and the way back', async ({ window }) => {
  await window.search.press('Alt+y');
  await expect(window.heading('Activity')).toBeFocused();
  const activity = new ActivityPage(window);
  await activity.filter.focus();
  await window.page.keyboard.press('ArrowDown');
  await expect(activity.entries.first()).toBeFocused();
  await window.page.keyboard.press('End');
  const last = activity.entry('Latchkey started');
  await expect(last).toBeFocused();
  await window.page.keyboard.press('Enter');
  await expect(last).toHaveAttribute('aria-expanded', 'true');
  await window.page.keyboard.press('Escape');
  await expect(last).toHaveAttribute('aria-expanded', 'false');
  await window.page.keyboard.press('Home');
  await window.page.keyboard.press('ArrowUp');
  await expect(activity.filter).toBeFocused();
  await window.page.keyboard.press('Escape');
  await expect(window.search).toBeFocused();
});

test('the timeline has each session with its end, MFA codes and locks, and is a table to a screen reader', async ({
  latchkey,
  window,
}) => {
  await using program = await writeProgram('deploy.cjs');
  await program.ask(latchkey.imds, 'reader');
  await latchkey.call('sessions.lock', {});
  await window.button('Unlock').click();
  await latchkey.call('profiles.use', { name: 'reader' });
  const activity = await ActivityPage.open(window);
  const sessions = activity.table('Sessions of the last hours');
  await expect(sessions.getByRole('row')).toHaveCount(3);
  await expect(sessions.getByRole('rowheader', { name: 'reader' })).toHaveCount(2);
  await expect(activity.table('MFA codes and locks of the last hours')).toContainText('locked');
  const requests = activity.table('Requests of the last half hour, by program');
  await expect(requests.getByRole('row').filter({ hasText: 'deploy.cjs' })).toContainText('1');
});

test('a program that waits to be allowed stands above all else', async ({ latchkey, window }) => {
  await latchkey.call('profiles.save', { profile: vault });
  await latchkey.call('profiles.use', { name: 'vault' });
  await using program = await writeProgram('deploy.cjs');
  const activity = await ActivityPage.open(window);
  expect(await program.ask(latchkey.imds, 'vault')).toBe('ApprovalNeeded');
  const asking = window.page.getByRole('region', { name: 'Programs that wait to be allowed' });
  await expect(asking).toBeVisible();
  const top = async () => (await window.heading('Activity').boundingBox())?.y ?? 0;
  const askingBox = await asking.boundingBox();
  expect((askingBox?.y ?? 0) + (askingBox?.height ?? 0)).toBeLessThanOrEqual(await top());
  await expect(activity.filter).toBeVisible();
});

test('what a person has allowed is listed, and when it is revoked the program has to be allowed anew', async ({
  latchkey,
  window,
}) => {
  await latchkey.call('profiles.save', { profile: vault });
  await latchkey.call('profiles.use', { name: 'vault' });
  await using program = await writeProgram('deploy.cjs');
  const activity = await ActivityPage.open(window);
  await program.ask(latchkey.imds, 'vault');
  await window.button('Always').click();
  await activity.showAccess();
  const approvals = activity.accessTo('Approvals');
  await expect(approvals).toContainText(/vault.*deploy\.cjs.*always, since/s);
  expect(await program.ask(latchkey.imds, 'vault')).toBe('Success');
  await approvals.getByRole('button', { name: /^Revoke .*deploy\.cjs/ }).click();
  await window.page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(approvals).toBeHidden();
  expect(await program.ask(latchkey.imds, 'vault')).toBe('ApprovalNeeded');
});

test('folders and ports with a profile of their own are listed, and a folder’s can be taken away', async ({
  latchkey,
  window,
}) => {
  const port = await freePort();
  await latchkey.call('folders.set', { folder: '/src/infra', profile: 'reader' });
  await latchkey.call('profiles.save', {
    profile: { ...vault, name: 'by-port', protected: false, port },
  });
  const activity = await ActivityPage.open(window);
  await activity.showAccess();
  await expect(activity.accessTo('Ports of their own')).toContainText(`http://127.0.0.1:${port}/`);
  const folders = activity.accessTo('Folders');
  await expect(folders).toContainText(/reader.*\/src\/infra/s);
  await folders.getByRole('button', { name: 'Remove the profile of /src/infra' }).click();
  await window.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(folders).toBeHidden();
  expect((await latchkey.call('state.read', {})).status.folders).toEqual([]);
});

test('terminals and tokens with a profile of their own are listed, and a token is revoked', async ({
  latchkey,
  page,
}) => {
  const { window, activity } = await openTold(
    { latchkey, page },
    {
      bindings: [{ profile: 'sandbox', pid: 4711, name: 'zsh', terminal: '/dev/pts/3' }],
      tokens: [{ name: 'ci', profile: 'sandbox', createdAtMs: 0, lastUsedAtMs: null }],
    },
  );
  await activity.showAccess();
  await expect(activity.accessTo('Terminals')).toContainText(/sandbox.*\/dev\/pts\/3.*zsh, process 4711/s);
  const tokens = activity.accessTo('Tokens');
  await expect(tokens).toContainText('never used');
  await tokens.getByRole('button', { name: 'Revoke the token ci' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect.poll(() => window.calls).toEqual([{ name: 'tokens.revoke', input: { name: 'ci' } }]);
});

test('of a burst of a thousand records a few are in the page, and who has scrolled down is left alone', async ({
  latchkey,
  page,
}) => {
  const { window, activity } = await openTold({ latchkey, page });
  const burst = (from: number) =>
    Array.from({ length: 1_000 }, (_, index) => [served(from + index, 'terraform')]);
  await window.tellActivity(burst(1));
  const first = activity.log.getByRole('listitem').first();
  // As many as are kept.
  await expect(first).toHaveAttribute('aria-setsize', '500');
  expect(await activity.entries.count()).toBeLessThan(30);
  await activity.entries.first().hover();
  await page.mouse.wheel(0, 2_000);
  await expect(first).not.toHaveAttribute('aria-posinset', '1');
  const seen = await activity.log.innerText();
  await window.tellActivity(burst(1_001));
  await expect(activity.newer).toHaveText('500 newer');
  expect(await activity.log.innerText()).toBe(seen);
});

test('what was missed while no events came is read once they come again', async ({ latchkey, page }) => {
  const { window, activity } = await openTold({ latchkey, page });
  await window.tellActivity([[served(1, 'terraform')]]);
  await expect(activity.entries).toHaveCount(1);
  const records = [served(1, 'terraform'), served(2, 'kubectl')];
  window.answers.set('activity.read', Promise.resolve({ value: { records } }));
  await window.tellStateAgain();
  await expect(activity.entries).toHaveCount(2);
  await expect(activity.entries.first()).toContainText('kubectl');
});

test('a log that cannot be read says so, and can be read again', async ({ latchkey, page }) => {
  const { window, activity } = await openTold({ latchkey, page });
  const problem = { code: 'Internal', message: 'Latchkey met an unexpected fault (Error)' };
  window.answers.set('activity.read', Promise.resolve({ problem }));
  await page.reload();
  await ActivityPage.open(window);
  await expect(window.notice).toContainText(problem.message);
  window.answers.set('activity.read', Promise.resolve({ value: { records: [served(1, 'terraform')] } }));
  await window.button('Try again').click();
  await expect(activity.entry('terraform')).toBeVisible();
  await expect(window.notice).toBeHidden();
});

test('that requests are not recorded as they should be is said above them', async ({ latchkey, page }) => {
  await openTold({ latchkey, page }, { audit: { problem: 'The audit log cannot be written: ENOSPC' } });
  await expect(page.getByText('The audit log cannot be written: ENOSPC')).toBeVisible();
});

test('why no program can be told is said there, and what comes of it', async ({ latchkey, page }) => {
  const problem = 'It cannot be looked up which programs ask: there was no answer in 5 s';
  await openTold({ latchkey, page }, { clients: { problem } });
  await expect(page.getByText(problem)).toContainText('Protected profiles are served to no program');
});
