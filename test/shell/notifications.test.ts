import { afterEach, beforeEach, expect, it } from 'vitest';
import { runNotifications } from '../../main/shell/notifications.ts';
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
let notifications: Disposable;

beforeEach(() => {
  shown = [];
  windowFocused = false;
  windowsOpened = 0;
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
    isWindowFocused: () => windowFocused,
    openWindow: () => windowsOpened++,
  });
});

afterEach(() => {
  notifications[Symbol.dispose]();
});

const refused = { code: 'Refused', message: 'STS refused the role', atMs: 1 };

it('tells that an MFA code is needed, for which profile and from which device', () => {
  service.changeStatus({ prompts: [prompt()] });
  expect(shown[0]?.title).toBe('MFA code needed for prod');
  expect(shown[0]?.body).toContain('arn:aws:iam::111122223333:mfa/alice');
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

it('takes all away and stops listening at the end', () => {
  service.changeStatus({ prompts: [prompt()] });
  notifications[Symbol.dispose]();
  expect(shown[0]?.takenAway).toBe(true);
  expect(service.subscribers).toBe(0);
});
