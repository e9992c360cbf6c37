import type { Page } from '@playwright/test';
import type { Answer, ApprovalRequest, Prompt, State } from '../../preload/contract.ts';
import { keyView, profileView, status } from '../renderer/views.ts';
import { expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { ToldWindow } from './told.ts';
import { MfaPanel } from './window.ts';

const minuteMs = 60_000;
const serial = 'arn:aws:iam::111122223333:mfa/alice';

function prompt(changes: Partial<Prompt> = {}): Prompt {
  return {
    serial,
    profile: 'deploy',
    accountId: '444455556666',
    cause: 'renewal',
    state: 'waiting',
    sinceMs: Date.now(),
    ...changes,
  };
}

const request: ApprovalRequest = {
  id: 'request',
  profile: 'production',
  accountId: '444455556666',
  program: {
    pid: 4711,
    name: 'deploy.sh',
    executable: '/usr/bin/bash',
    commandLine: 'bash ./deploy.sh --stage production',
    workingFolder: '/home/alice/src/infrastructure/live/eu-central-1',
    startedAtMs: Date.now(),
    parents: ['make', 'bash', 'gnome-terminal-server'].map((name, index) => ({ pid: 4710 - index, name })),
  },
  tree: { pid: 4709, name: 'bash' },
  choices: ['once', 'tree', 'hours', 'always'],
  knownBy: 'deploy.sh (/home/alice/src/infrastructure/deploy.sh) by bash',
  sinceMs: Date.now(),
  untilMs: Date.now() + minuteMs,
};

/** The interface over two profiles, of which `deploy` is active. */
function open(
  { latchkey, page }: { latchkey: Latchkey; page: Page },
  changes: Partial<State['status']> = {},
  session: State['profiles'][number]['session'] = { state: 'idle' },
): Promise<ToldWindow> {
  return ToldWindow.open(page, latchkey.link, {
    status: { ...status, keys: [keyView], active: 'deploy', ...changes },
    profiles: [profileView('deploy', { session }), profileView('audit')],
  });
}

test('a code that will be needed is announced without taking the focus', async ({ latchkey, page }) => {
  const window = await open({ latchkey, page });
  await expect(window.search).toBeFocused();
  await window.tellStatus({ prompts: [prompt({ neededAtMs: Date.now() + 9.5 * minuteMs })] });

  const { panel, code } = new MfaPanel(window, 'alice');
  await expect(panel).toContainText('deploy in account 444455556666, to be renewed');
  await expect(panel).toContainText('Needed in 9 minutes; give it now and nothing stops.');
  await expect(window.search).toBeFocused();

  await code.fill('123456');
  await expect.poll(() => window.calls).toEqual([{ name: 'mfa.answer', input: { serial, code: '123456' } }]);
});

test('once it is needed, the code is asked for as any other', async ({ latchkey, page }) => {
  const window = await open({ latchkey, page });
  const announced = prompt({ neededAtMs: Date.now() + minuteMs });
  await window.tellStatus({ prompts: [announced] });
  const { panel, code } = new MfaPanel(window, 'alice');
  await expect(panel).toContainText('give it now and nothing stops');

  await window.tellStatus({ prompts: [prompt({ sinceMs: announced.sinceMs, cause: 'person' })] });
  await expect(panel).not.toContainText('give it now and nothing stops');
  await expect(code).toBeFocused();
});

test('what is needed now stands before what is announced', async ({ latchkey, page }) => {
  const needed = prompt({ serial: 'GAHT12345678', cause: 'program', program: 'terraform' });
  const window = await open(
    { latchkey, page },
    { prompts: [prompt({ neededAtMs: Date.now() + minuteMs }), needed] },
  );
  await expect(window.page.getByRole('heading', { name: /^Code for / })).toHaveText([
    'Code for GAHT12345678',
    'Code for alice',
  ]);
});

test('what was put aside stands last, in one line, and asks for nothing', async ({ latchkey, page }) => {
  const needed = prompt({ serial: 'GAHT12345678', cause: 'program', program: 'terraform' });
  const aside = prompt({ snoozedUntilMs: Date.now() + 15 * minuteMs });
  const window = await open({ latchkey, page }, { prompts: [aside, needed] });
  const region = window.page.getByRole('region', { name: 'MFA codes wanted' });
  await expect(region.getByRole('textbox')).toHaveCount(1);
  await expect(region).toHaveText(/Code for GAHT12345678.*Code for alice\s+put aside until \d/s);
  await window.tellStatus({ prompts: [aside] });
  await expect(region.getByRole('textbox')).toHaveCount(0);
  await region.getByRole('button', { name: 'Give it now' }).click();
  expect(window.calls).toEqual([{ name: 'mfa.snooze', input: { serial, minutes: null } }]);
});

test('a code takes no focus while a program waits to be allowed, which stands before it', async ({
  latchkey,
  page,
}) => {
  const window = await open({ latchkey, page }, { approvalRequests: [request] });
  await window.tellStatus({ prompts: [prompt({ cause: 'program', program: 'terraform' })] });
  const { code } = new MfaPanel(window, 'alice');
  await expect(code).toBeVisible();
  await expect(window.search).toBeFocused();
  await expect(window.heading(/^Allow/)).toBeInViewport({ ratio: 1 });
  await window.tellStatus({ approvalRequests: [] });
  await expect(code).toBeFocused();
});

test('a small window shows the whole of what waits to be allowed, above all else, in every view', async ({
  latchkey,
  page,
}) => {
  const window = await open({ latchkey, page }, { approvalRequests: [request] });
  const asking = page.getByRole('region', { name: 'Programs that wait to be allowed' });
  const tops = new Set<number | undefined>();
  for (const view of ['Profiles', 'Activity', 'Keys', 'Settings']) {
    await window.button(view).click();
    await expect(window.button(view)).toHaveAttribute('aria-current', 'page');
    for (const shown of [window.heading(/^Allow/), ...(await asking.getByRole('button').all())])
      await expect(shown).toBeInViewport({ ratio: 1 });
    tops.add((await asking.boundingBox())?.y);
  }
  expect(tops.size).toBe(1);
  await expect(window.activeCard).toBeHidden();
});

test('while the shown code has been used, what is typed waits for the next one and can be changed', async ({
  latchkey,
  page,
}) => {
  const window = await open({ latchkey, page });
  await window.tellStatus({ prompts: [prompt({ cause: 'person', nextCodeAtMs: Date.now() + 5000 })] });
  const { panel, code } = new MfaPanel(window, 'alice');
  await expect(panel).toContainText('The code it shows has been used. Next one in');
  await code.fill('123456');
  await expect(panel.getByRole('button', { name: 'Confirm' })).toBeDisabled();
  await code.press('Enter');
  await code.fill('654321');
  expect(window.calls).toEqual([]);
  await expect
    .poll(() => window.calls, { timeout: 10_000 })
    .toEqual([{ name: 'mfa.answer', input: { serial, code: '654321' } }]);
  await expect(panel).not.toContainText('has been used');
});

test('a fresh code is offered where an old one may be the reason, and asked for by nobody but the person', async ({
  latchkey,
  page,
}) => {
  const problem = { code: 'Refused', message: 'STS refused it', atMs: Date.now(), mfaAgeSeconds: 5 * 3600 };
  const window = await open({ latchkey, page }, {}, { state: 'failed', problem });
  let answer: (answer: Answer<unknown>) => void = () => undefined;
  window.answers.set('mfa.renew', new Promise((resolve) => (answer = resolve)));
  await expect(window.activeCard).toContainText('The code behind this was given 5 hours ago.');
  expect(window.calls).toEqual([]);

  await window.button('Give a new code').click();
  await expect(window.button('Waiting for the code…')).toBeVisible();
  expect(window.calls).toEqual([{ name: 'mfa.renew', input: { name: 'deploy' } }]);
  answer({ problem: { code: 'Unreachable', message: 'STS cannot be reached' } });
  await expect(window.activeCard.getByRole('alert')).toHaveText('STS cannot be reached');
  await expect(window.button('Give a new code')).toBeVisible();
});

test('a refused unlock is told where the button is', async ({ latchkey, page }) => {
  const window = await open({ latchkey, page }, { locked: true });
  const message = 'It was not confirmed that it is you. Try again.';
  window.answers.set('sessions.unlock', Promise.resolve({ problem: { code: 'Locked', message } }));
  await window.button('Unlock').click();
  await expect(window.notice).toContainText(message);
  await expect(window.button('Unlock')).toBeFocused();
});

test('of many profiles that programs hold credentials of, two are named and the others unfolded', async ({
  latchkey,
  page,
}) => {
  const untilMs = Date.now() + 60 * minuteMs;
  const handedOut = ['one', 'two', 'three', 'deploy', 'ended'].map((profile, index) => ({
    profile,
    untilMs: profile === 'ended' ? Date.now() - 1 : untilMs - index * minuteMs,
    programs: profile === 'one' ? ['aws', 'terraform'] : [],
  }));
  const window = await open({ latchkey, page }, { handedOut });
  const lines = window.page.getByText(/credentials until/);
  await expect(lines.first()).toHaveText(/^one: aws and terraform have credentials until \d/);
  await expect(lines.nth(1)).toHaveText(/^two: programs that are not known have credentials until \d/);
  await expect(lines.nth(2)).toBeHidden();
  await window.page.getByText('1 more profile').click();
  await expect(lines.nth(2)).toHaveText(/^three:/);
  await expect(lines).toHaveCount(3);
});

test('after a protected profile no other is said to follow where none was active before', async ({
  latchkey,
  page,
}) => {
  const window = await open(
    { latchkey, page },
    { returns: { to: null, atMs: Date.now() + 10.5 * minuteMs } },
  );
  await expect(window.activeCard).toContainText('In 10 minutes no profile is active any more');
});
