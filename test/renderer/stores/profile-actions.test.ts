import { clipboard } from './page.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ProfileView, Status } from '../../../preload/contract.ts';
import { Broker } from '../../../renderer/broker/broker.svelte.ts';
import { ProfileActions } from '../../../renderer/profiles/actions.svelte.ts';
import { text } from '../../../renderer/text.ts';
import { profileView, status } from '../views.ts';
import { refused, StandIn } from './stand-in.ts';

const words = text.profiles;
const done = { value: {} };

let api: StandIn;
let actions: ProfileActions;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  api = new StandIn();
  const broker = new Broker(api);
  end = broker.start();
  actions = new ProfileActions(broker);
});

afterEach(() => {
  end();
  vi.useRealTimers();
});

/** The broker tells of the profile `admin`. */
async function tell(profile: Partial<ProfileView> = {}, changes: Partial<Status> = {}): Promise<void> {
  const profiles = [profileView('admin', profile)];
  api.tell({ type: 'state', state: { status: { ...status, ...changes }, profiles } });
  await vi.advanceTimersByTimeAsync(16);
}

/** The calls that were made for an action. */
const made = () => api.calls.filter(({ name }) => name !== 'activity.read');

describe('what was done', () => {
  beforeEach(() => tell());

  test('is said for four seconds', async () => {
    api.answer('profiles.setReadOnly', { value: profileView('admin') });
    await actions.toggleReadOnly('admin');
    vi.advanceTimersByTime(3_999);
    expect(actions.said).toBe(words.readOnlySaid('admin', true));
    vi.advanceTimersByTime(1);
    expect(actions.said).toBe('');
  });

  test('is said for its own four seconds where something else was said before', async () => {
    api.answer('profiles.setReadOnly', { value: profileView('admin') });
    api.answer('console.open', done);
    await actions.toggleReadOnly('admin');
    vi.advanceTimersByTime(3_000);
    await actions.openConsole('admin');
    vi.advanceTimersByTime(3_999);
    expect(actions.said).toBe(words.consoleOpened('admin'));
    vi.advanceTimersByTime(1);
    expect(actions.said).toBe('');
  });
});

describe('what went wrong', () => {
  test('is shown until it is dismissed', async () => {
    await tell();
    api.answer('profiles.pin', { problem: refused });
    await actions.pin('admin');
    expect(actions.problem).toEqual(refused);
    actions.dismiss();
    expect(actions.problem).toBeUndefined();
  });

  test('is gone as soon as something else is begun', async () => {
    await tell();
    api.answer('profiles.pin', { problem: refused });
    await actions.pin('admin');
    void actions.use('admin');
    expect(actions.problem).toBeUndefined();
  });

  test.each(['failed', 'acquiring', 'waitingForMfa'] as const)(
    'with a session is left to the profile, whose session is %s',
    async (state) => {
      await tell({ session: { state } });
      api.answer('profiles.use', { problem: refused });
      await actions.use('admin');
      expect(actions.problem).toBeUndefined();
    },
  );

  test.each(['idle', 'active', 'refreshing'] as const)(
    'with a session is shown where the profile, whose session is %s, does not tell it',
    async (state) => {
      await tell({ session: { state } });
      api.answer('profiles.use', { problem: refused });
      await actions.use('admin');
      expect(actions.problem).toEqual(refused);
    },
  );

  test('with anything else is shown whatever the profile tells', async () => {
    await tell({ session: { state: 'failed' } });
    api.answer('profiles.pin', { problem: refused });
    await actions.pin('admin');
    expect(actions.problem).toEqual(refused);
  });

  test('of a profile that is not there is shown', async () => {
    await tell();
    api.answer('profiles.use', { problem: refused });
    await actions.use('removed');
    expect(actions.problem).toEqual(refused);
  });
});

describe('to use, to pin and to make read-only', () => {
  test('a profile is used, which the list tells without words', async () => {
    await tell();
    api.answer('profiles.use', { value: profileView('admin') });
    await actions.use('admin');
    expect(made()).toEqual([{ name: 'profiles.use', input: { name: 'admin' } }]);
    expect(actions.said).toBe('');
    expect(actions.problem).toBeUndefined();
  });

  test.each([true, false])('a profile that is pinned or not (%s) becomes the other', async (pinned) => {
    await tell({ profile: { ...profileView('admin').profile, pinned } });
    api.answer('profiles.pin', done);
    await actions.pin('admin');
    expect(made()).toEqual([{ name: 'profiles.pin', input: { name: 'admin', pinned: !pinned } }]);
  });

  test.each([true, false])(
    'a profile that is read-only or not (%s) becomes the other, which is said before AWS has answered',
    async (readOnly) => {
      await tell({ profile: { ...profileView('admin').profile, readOnly } });
      void actions.toggleReadOnly('admin');
      expect(made()).toEqual([
        { name: 'profiles.setReadOnly', input: { name: 'admin', readOnly: !readOnly } },
      ]);
      expect(actions.said).toBe(words.readOnlySaid('admin', !readOnly));
    },
  );

  test('what was said of read-only is taken back where it failed', async () => {
    await tell();
    api.answer('profiles.setReadOnly', { problem: refused });
    await actions.toggleReadOnly('admin');
    expect(actions.said).toBe('');
    expect(actions.problem).toEqual(refused);
  });
});

describe('the console', () => {
  test('is opened, which is said before and after', async () => {
    await tell();
    const answer = api.hold('console.open');
    const opening = actions.openConsole('admin');
    expect(actions.said).toBe(words.consoleOpening('admin'));
    answer(done);
    await opening;
    expect(actions.said).toBe(words.consoleOpened('admin'));
    expect(made()).toEqual([{ name: 'console.open', input: { name: 'admin' } }]);
    expect(actions.consoleOf).toBeUndefined();
  });

  test('that could not be opened is not said to open, and says why', async () => {
    await tell({ session: { state: 'failed' } });
    api.answer('console.open', { problem: refused });
    await actions.openConsole('admin');
    expect(actions.said).toBe('');
    expect(actions.problem).toEqual(refused);
  });

  test('is told how to be had where the broker has no desktop, and nothing is asked', async () => {
    await tell({}, { hasDesktop: false });
    await actions.openConsole('admin');
    expect(actions.consoleOf).toBe('admin');
    expect(actions.said).toBe('');
    expect(made()).toEqual([]);
    actions.dismiss();
    expect(actions.consoleOf).toBeUndefined();
  });

  test('without a desktop takes the place of what went wrong before', async () => {
    await tell({}, { hasDesktop: false });
    api.answer('profiles.pin', { problem: refused });
    await actions.pin('admin');
    await actions.openConsole('admin');
    expect(actions.problem).toBeUndefined();
  });
});

describe('the lines for a shell', () => {
  beforeEach(() => {
    clipboard.writeText.mockReset().mockResolvedValue();
  });

  test('are copied, and lead to the profile', async () => {
    await tell();
    await actions.copyLines('admin');
    const lines = clipboard.writeText.mock.lastCall?.[0];
    expect(lines).toContain(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=${status.endpoint}\n`);
    expect(lines).toContain('export AWS_REGION=eu-central-1\n');
    expect(lines).toContain('latchkey use admin --here\n');
    expect(actions.said).toBe(words.linesCopied('admin'));
  });

  test("lead to the profile's own port where it has one", async () => {
    const url = 'http://127.0.0.1:9300/';
    await tell({}, { endpoints: [{ profile: 'admin', port: 9300, url }] });
    await actions.copyLines('admin');
    const lines = clipboard.writeText.mock.lastCall?.[0];
    expect(lines).toContain(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=${url}\n`);
    expect(lines).not.toContain('latchkey use');
  });

  test('do not lead to a port that could not be had', async () => {
    await tell({}, { endpoints: [{ profile: 'admin', port: 9300, url: null, problem: 'It is in use.' }] });
    await actions.copyLines('admin');
    expect(clipboard.writeText.mock.lastCall?.[0]).toContain(status.endpoint);
  });

  test('that the browser does not let be copied are said not to be', async () => {
    await tell();
    clipboard.writeText.mockRejectedValue(new Error('not allowed'));
    await actions.copyLines('admin');
    expect(actions.said).toBe(words.linesNotCopied);
  });

  test('of a profile that is not there are not copied', async () => {
    await tell();
    await actions.copyLines('removed');
    expect(clipboard.writeText).not.toHaveBeenCalled();
    expect(actions.said).toBe('');
  });
});
