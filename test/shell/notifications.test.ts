import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { standardSettings } from '../../main/configuration/settings.ts';
import { runNotifications } from '../../main/shell/notifications.ts';
import type { Status } from '../../preload/contract.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { profile, prompt, ServiceDouble, status } from './service-double.ts';

interface Shown {
  readonly title: string;
  readonly body: string;
  readonly click: () => void;
  takenAway: boolean;
}

let shown: Shown[];
let windowFocused: boolean;
let windowsOpened: number;
let service: ServiceDouble;
let clock: FakeClock;
let notifications: Disposable;

const minuteMs = 60_000;
const clockTime = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

beforeEach(() => {
  shown = [];
  windowFocused = false;
  windowsOpened = 0;
  clock = new FakeClock();
  service = new ServiceDouble({ status: status(), profiles: [] });
  notifications = runNotifications({
    service,
    notifier: {
      notify: (message, click) => {
        const notification = { ...message, click, takenAway: false };
        shown.push(notification);
        return { [Symbol.dispose]: () => void (notification.takenAway = true) };
      },
    },
    clock,
    isWindowFocused: () => windowFocused,
    openWindow: () => windowsOpened++,
  });
});

afterEach(() => {
  notifications[Symbol.dispose]();
  clock[Symbol.dispose]();
});

const refused = { code: 'Refused', message: 'STS refused the role', atMs: 1 };

it('tells that an MFA code is needed, for which profile, program and account, and from which device', () => {
  service.changeStatus({ prompts: [prompt({ program: 'terraform' })] });
  expect(shown).toMatchObject([
    {
      title: 'MFA code needed for prod (terraform)',
      body: 'Account 444455556666, device arn:aws:iam::111122223333:mfa/alice. Click to enter the code.',
    },
  ]);
});

it('announces calmly that a code will be needed', () => {
  const announced = { cause: 'renewal', neededAtMs: clock.now() + 10 * minuteMs - 20 } as const;
  service.changeStatus({ prompts: [prompt(announced)] });
  service.changeStatus({ prompts: [prompt({ ...announced, problem: 'The code was wrong' })] });
  expect(shown).toMatchObject([
    {
      title: 'An MFA code will be needed in 10 min for prod',
      body: 'Give it now and nothing stops. Account 444455556666, device arn:aws:iam::111122223333:mfa/alice.',
    },
  ]);
});

it('says nothing of a code that was put aside, and tells of it once more when it comes back', () => {
  service.changeStatus({ prompts: [prompt()] });
  const aside = [prompt({ snoozedUntilMs: clock.now() + 15 * minuteMs })];
  service.changeStatus({ prompts: aside });
  expect(shown).toMatchObject([{ takenAway: true }]);
  service.changeStatus({ prompts: aside });
  expect(shown).toHaveLength(1);
  service.changeStatus({ prompts: [prompt()] });
  expect(shown).toMatchObject([{ takenAway: true }, { title: 'MFA code needed for prod', takenAway: false }]);
});

it('tells of an announced code once more when it is needed', () => {
  const announced = prompt({ neededAtMs: clock.now() + 10 * minuteMs });
  service.changeStatus({ prompts: [announced] });
  service.changeStatus({ prompts: [prompt()] });
  service.changeStatus({ prompts: [announced] });
  service.changeStatus({ prompts: [prompt()] });
  expect(shown.map(({ title, takenAway }) => [title, takenAway])).toEqual([
    ['An MFA code will be needed in 10 min for prod', true],
    ['MFA code needed for prod', false],
  ]);
});

it('opens the window when it is clicked, and not before', () => {
  service.changeStatus({ prompts: [prompt()] });
  expect(windowsOpened).toBe(0);
  shown[0]?.click();
  expect(windowsOpened).toBe(1);
});

it('tells once for each device, whatever happens to the prompt', () => {
  service.changeStatus({ prompts: [prompt()] });
  service.changeStatus({ prompts: [prompt({ state: 'checking' })] });
  service.changeStatus({ prompts: [prompt({ problem: 'The code was wrong' })] });
  expect(shown).toHaveLength(1);
});

it('takes the notification away once the code was given', () => {
  service.changeStatus({ prompts: [prompt()] });
  service.changeStatus({ prompts: [] });
  expect(shown[0]?.takenAway).toBe(true);
});

it('says nothing where the settings turn notifications off, and again where they turn them on', () => {
  const off = { ...standardSettings, notifications: false };
  service.changeStatus({ settings: off, prompts: [prompt()] });
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
  expect(shown).toEqual([]);
  service.changeStatus({ settings: standardSettings, prompts: [] });
  service.changeStatus({ prompts: [prompt()] });
  expect(shown).toHaveLength(1);
});

it('says nothing while the person is looking at the window', () => {
  windowFocused = true;
  service.changeStatus({ prompts: [prompt()] });
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
  expect(shown).toEqual([]);
});

it('tells that a session was refused, and why', () => {
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
  expect(shown[0]).toMatchObject({ title: 'No session for prod', body: 'STS refused the role' });
});

it('says that a fresh code may help where the last one was old', () => {
  const problem = { ...refused, mfaAgeSeconds: 5 * 3600 };
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem }) });
  expect(shown[0]?.body).toBe('STS refused the role (its MFA code was given 5 h ago; a fresh one may help)');
});

it('does not tell of every retry that fails in the same way', () => {
  for (const atMs of [1, 2, 3]) {
    service.emit({ type: 'profile', profile: profile('prod', { state: 'acquiring' }) });
    const problem = { ...refused, atMs };
    service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem }) });
  }
  expect(shown).toHaveLength(1);
});

it('tells of the same refusal again after a session was had in between', () => {
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
  service.emit({ type: 'profile', profile: profile('prod', { state: 'active', expiresAtMs: 5 }) });
  expect(shown[0]?.takenAway).toBe(true);
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
  expect(shown).toHaveLength(2);
});

it('leaves what passes by itself untold', () => {
  const problem = { code: 'Unreachable', message: 'STS did not answer', atMs: 1 };
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem }) });
  expect(shown).toEqual([]);
});

describe('a program that waits to be allowed', () => {
  const request: Status['approvalRequests'][number] = {
    id: 'one',
    profile: 'prod',
    accountId: '444455556666',
    program: {
      pid: 4711,
      name: 'terraform',
      workingFolder: '/home/alice/infra',
      startedAtMs: 0,
      parents: [
        { pid: 4700, name: 'bash' },
        { pid: 4600, name: 'kitty' },
      ],
    },
    tree: { pid: 4700, name: 'bash' },
    choices: ['once'],
    sinceMs: 0,
    untilMs: 10 * minuteMs,
  };

  it('is told of with what started it, its folder, the profile and the account, once', () => {
    service.changeStatus({ approvalRequests: [request] });
    service.changeStatus({ approvalRequests: [{ ...request, untilMs: 20 * minuteMs }] });
    expect(shown).toMatchObject([
      {
        title: 'terraform asks for prod',
        body: 'Started by bash, kitty. In /home/alice/infra. Account 444455556666. Click to decide.',
      },
    ]);
  });

  it('is said to ask for others where it only passes on what they do', () => {
    const program = { ...request.program, name: 'docker-proxy', forwarder: 'Docker' };
    service.changeStatus({ approvalRequests: [{ ...request, program }] });
    expect(shown[0]?.body).toContain('For a program inside Docker.');
  });

  it('is not told of any more when a person has decided', () => {
    service.changeStatus({ approvalRequests: [request] });
    service.changeStatus({ approvalRequests: [] });
    expect(shown.map(({ takenAway }) => takenAway)).toEqual([true]);
  });
});

describe('a program that got nothing', () => {
  const locked = { reason: 'Latchkey is locked', code: 'Locked', count: 1, program: 'terraform' };
  /** Has it refused just now. */
  const refuse = (refusal: Omit<Status['refusals'][number], 'lastAtMs'>, others: Partial<Status> = {}) => {
    service.changeStatus({ refusals: [{ ...refusal, lastAtMs: clock.now() }], ...others });
  };

  it.each(['Locked', 'NotFound', 'Refused', 'Unreachable', 'Throttled', 'Internal'])(
    'is told of with the reason, which no SDK shows over IMDS: %s',
    (code) => {
      refuse({ ...locked, code });
      expect(shown).toMatchObject([{ title: 'No credentials for terraform', body: 'Latchkey is locked' }]);
    },
  );

  it('is told of where its name is not known', () => {
    refuse({ ...locked, program: undefined });
    expect(shown.map(({ title }) => title)).toEqual(['No credentials for a program']);
  });

  it('is told of once, however long it asks again and again, and anew after ten minutes without', () => {
    for (let minutes = 0; minutes < 30; minutes += 2) {
      refuse(locked);
      clock.advance(2 * minuteMs);
    }
    service.changeStatus({ prompts: [] });
    expect(shown).toHaveLength(1);
    clock.advance(8 * minuteMs);
    refuse(locked);
    expect(shown.map(({ takenAway }) => takenAway)).toEqual([true, false]);
  });

  it.each(['MfaRequired', 'ApprovalNeeded', undefined])(
    'is not told of where another notification is, or its request was not to be met: %s',
    (code) => {
      refuse({ ...locked, code });
      expect(shown).toEqual([]);
    },
  );

  it('is not told of once more where the refusal of its session is', () => {
    service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
    refuse({ ...locked, code: refused.code, reason: refused.message });
    expect(shown.map(({ title }) => title)).toEqual(['No session for prod']);
  });

  it('is not told of any more when it was unlocked, or another profile is active', () => {
    refuse(locked, { locked: true });
    service.changeStatus({ locked: false });
    expect(shown.map(({ takenAway }) => takenAway)).toEqual([true]);
    refuse({ ...locked, code: 'NotFound', reason: 'No profile is active' });
    service.changeStatus({ active: 'prod' });
    expect(shown.map(({ takenAway }) => takenAway)).toEqual([true, true]);
  });
});

/** Has `prod` active until in half an hour, and after `passMs` what it goes back to. */
function goBack(passMs: number, to: string | null, active = to) {
  const untilMs = clock.now() + 40 * minuteMs;
  service.changeStatus({ active: 'prod', returns: { to, atMs: clock.now() + 30 * minuteMs } });
  clock.advance(passMs);
  service.changeStatus({
    active,
    returns: null,
    handedOut: [{ profile: 'prod', untilMs, programs: ['terraform'] }],
  });
  return untilMs;
}

it('tells that a protected profile has gone back, and until when programs hold its credentials', () => {
  const untilMs = goBack(30 * minuteMs, 'dev');
  service.changeStatus({ handedOut: [] });
  expect(shown).toMatchObject([
    {
      title: 'Back to dev',
      body: `The time of prod is over. prod: terraform has credentials until ${clockTime.format(untilMs)}.`,
    },
  ]);
});

it('tells that a protected profile is no longer active where none was before', () => {
  goBack(30 * minuteMs, null);
  expect(shown.map(({ title }) => title)).toEqual(['No active profile']);
});

it.each([
  ['to the profile that it would have gone back to', 29 * minuteMs, 'dev', 'dev'],
  ['to another one when its time was over', 30 * minuteMs, 'dev', 'test'],
  ['to itself, which takes its limit away', 30 * minuteMs, 'dev', 'prod'],
])('does not tell of a switch by the person %s', (_case, passMs, to, active) => {
  goBack(passMs, to, active);
  expect(shown).toEqual([]);
});

it('tells nothing of a return while the person is looking at the window', () => {
  windowFocused = true;
  goBack(30 * minuteMs, 'dev');
  expect(shown).toEqual([]);
});

it('takes all away and stops listening at the end', () => {
  service.changeStatus({ prompts: [prompt()] });
  service.emit({ type: 'profile', profile: profile('prod', { state: 'failed', problem: refused }) });
  goBack(30 * minuteMs, 'dev');
  const request = { reason: 'STS did not answer', code: 'Unreachable', count: 1, lastAtMs: clock.now() };
  service.changeStatus({ refusals: [request] });
  notifications[Symbol.dispose]();
  expect(shown.map(({ takenAway }) => takenAway)).toEqual([true, true, true, true]);
  expect(service.subscribers).toBe(0);
});
