import { page } from './page.ts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ActivityRecord, BrokerEvent, State } from '../../../preload/contract.ts';
import { Broker } from '../../../renderer/broker/broker.svelte.ts';
import { text } from '../../../renderer/text.ts';
import { profileView, status } from '../views.ts';
import { notRunning, refused, signInNeeded, StandIn } from './stand-in.ts';

const state: State = { status, profiles: [profileView('admin')] };
const begun: BrokerEvent = { type: 'state', state };
const locked: BrokerEvent = { type: 'status', status: { ...status, locked: true } };
const audit: BrokerEvent = { type: 'profile', profile: profileView('audit') };

const record = (id: number, count = 1): ActivityRecord => ({ id, atMs: 0, event: 'served', count });

let api: StandIn;
let broker: Broker;
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  page.show();
  api = new StandIn();
  api.answer('activity.read', { value: { records: [] } });
  broker = new Broker(api);
  end = broker.start();
});

afterEach(() => {
  end();
  vi.useRealTimers();
});

/** Lets time pass, and all that is answered be taken in. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

describe('the connection', () => {
  test('is being made until something is heard', async () => {
    await pass(1_999);
    expect(broker.connection).toBe('connecting');
    expect(broker.known).toBeUndefined();
    expect(api.calls).toEqual([]);
  });

  test('is there with the first state, which is shown at once', () => {
    api.tell(begun);
    expect(broker.connection).toBe('connected');
    expect(broker.known?.names).toEqual(['admin']);
  });

  test('is there with an answer, where no event comes; and is asked for until one does', async () => {
    api.answer('state.read', { value: state });
    await pass(2_000);
    expect(broker.connection).toBe('connected');
    expect(broker.known?.names).toEqual(['admin']);
    await pass(4_000);
    expect(api.count('state.read')).toBe(3);
    api.tell(begun);
    await pass(19_999);
    expect(api.count('state.read')).toBe(3);
  });

  test('is being made still where the answer says neither, and is asked for again', async () => {
    api.fail('state.read');
    await pass(2_000);
    expect(broker.connection).toBe('connecting');
    await pass(2_000);
    expect(api.count('state.read')).toBe(2);
  });

  test('is gone where nobody answers', async () => {
    api.answer('state.read', { problem: notRunning });
    await pass(2_000);
    expect(broker.connection).toBe('gone');
  });

  test('is gone where any call finds nobody, and what was known stays', async () => {
    api.tell(begun);
    await pass();
    api.answer('sessions.lock', { problem: notRunning });
    expect(await broker.call('sessions.lock', {})).toEqual({ problem: notRunning });
    expect(broker.connection).toBe('gone');
    expect(broker.known?.names).toEqual(['admin']);
  });

  test('that is gone is asked for every two seconds, seen or not', async () => {
    api.answer('state.read', { problem: notRunning });
    api.tell(begun);
    await pass();
    api.interrupt();
    await pass();
    page.hide();
    await pass(6_000);
    expect(broker.connection).toBe('gone');
    expect(api.count('state.read')).toBe(4);
  });

  test('that is back after it was gone has events asked for anew, in place of those before', async () => {
    api.answer('state.read', { problem: notRunning });
    await pass(2_000);
    expect([api.subscribed, api.subscribers]).toEqual([1, 1]);
    api.answer('state.read', { value: state });
    await pass(2_000);
    expect(broker.connection).toBe('connected');
    expect([api.subscribed, api.subscribers]).toEqual([2, 1]);
  });

  test('that is back by an event is as good as one that answered', async () => {
    api.answer('state.read', { problem: notRunning });
    await pass(2_000);
    api.tell(begun);
    expect(broker.connection).toBe('connected');
  });

  test('is signed out where the token is not taken, and is not asked for', async () => {
    api.answer('state.read', { problem: signInNeeded });
    await pass(2_000);
    expect(broker.connection).toBe('signedOut');
    await pass(600_000);
    expect(api.count('state.read')).toBe(1);
  });

  test('is signed out where any call is not taken, and is not asked for from then on', async () => {
    api.tell(begun);
    await pass();
    api.answer('sessions.lock', { problem: signInNeeded });
    await broker.call('sessions.lock', {});
    expect(broker.connection).toBe('signedOut');
    await pass(600_000);
    expect(api.count('state.read')).toBe(0);
  });

  test('that was signed out is there again with the events of a new link', async () => {
    api.answer('state.read', { problem: signInNeeded });
    await pass(2_000);
    api.tell(begun);
    expect(broker.connection).toBe('connected');
  });

  test.each([notRunning, signInNeeded])(
    'lost by $code is asked for when the page is seen again',
    async (problem) => {
      api.answer('state.read', { problem });
      await pass(2_000);
      page.hide();
      expect(api.count('state.read')).toBe(1);
      api.answer('state.read', { value: state });
      page.show();
      await pass();
      expect(broker.connection).toBe('connected');
    },
  );

  test('that is there is not asked for when the page is seen again', () => {
    api.tell(begun);
    page.hide();
    page.show();
    expect(api.count('state.read')).toBe(0);
  });
});

describe('events that have stopped', () => {
  beforeEach(async () => {
    api.tell(begun);
    await pass();
  });

  test('have the broker asked at once, and what it answers taken in', async () => {
    api.answer('state.read', { value: { status, profiles: [profileView('other')] } });
    api.interrupt();
    await pass(16);
    expect(broker.connection).toBe('connected');
    expect(broker.known?.names).toEqual(['other']);
  });

  test('have it asked every two seconds until they begin again', async () => {
    api.answer('state.read', { value: state });
    api.interrupt();
    await pass(4_000);
    expect(api.count('state.read')).toBe(3);
    api.tell(begun);
    await pass(10_000);
    expect(api.count('state.read')).toBe(3);
  });

  test('do not make it gone where the answer says neither', async () => {
    api.fail('state.read');
    api.interrupt();
    await pass();
    expect(broker.connection).toBe('connected');
  });

  test('of which nobody told are noticed after twenty quiet seconds', async () => {
    api.answer('state.read', { problem: notRunning });
    await pass(19_999);
    expect(broker.connection).toBe('connected');
    await pass(1);
    expect(broker.connection).toBe('gone');
  });

  test('are not looked for while events come', async () => {
    await pass(19_000);
    api.tell(locked);
    await pass(19_000);
    expect(api.count('state.read')).toBe(0);
  });

  test('are not looked for while the page cannot be seen', async () => {
    page.hide();
    await pass(60_000);
    expect(api.count('state.read')).toBe(0);
    page.show();
    await pass(20_000);
    expect(api.count('state.read')).toBe(1);
  });
});

describe('events in quick succession', () => {
  beforeEach(async () => {
    api.tell(begun);
    await pass();
  });

  test('are applied together, within a frame of the first', async () => {
    const before = broker.known;
    api.tell(locked);
    await pass(10);
    api.tell(audit);
    await pass(5);
    expect(broker.known).toBe(before);
    await pass(1);
    expect(broker.known?.status.locked).toBe(true);
    expect(broker.known?.names).toEqual(['admin', 'audit']);
  });

  test('are gathered anew after that', async () => {
    api.tell(locked);
    await pass(16);
    api.tell(audit);
    expect(broker.known?.names).toEqual(['admin']);
    await pass(16);
    expect(broker.known?.names).toEqual(['admin', 'audit']);
  });
});

describe('the activity', () => {
  const ids = () => broker.known?.activity.map(({ id }) => id);

  test('is read when events begin, and is whole only then', async () => {
    const answer = api.hold('activity.read');
    api.tell(begun);
    await pass();
    expect(broker.hasActivity).toBe(false);
    answer({ value: { records: [record(1), record(2)] } });
    await pass();
    expect(broker.hasActivity).toBe(true);
    expect(ids()).toEqual([1, 2]);
  });

  test('goes on by what is told', async () => {
    api.answer('activity.read', { value: { records: [record(1)] } });
    api.tell(begun);
    await pass();
    api.tell({ type: 'activity', records: [record(2)] });
    await pass(16);
    expect(ids()).toEqual([1, 2]);
    expect(api.count('activity.read')).toBe(1);
  });

  test('keeps what was told while it was read, and is newer', async () => {
    const answer = api.hold('activity.read');
    api.tell(begun, { type: 'activity', records: [record(1, 3), record(2)] });
    answer({ value: { records: [record(1, 2)] } });
    await pass();
    expect(broker.known?.activity).toEqual([record(1, 3), record(2)]);
  });

  test('is read again where events begin again, since some were missed', async () => {
    api.answer('activity.read', { value: { records: [record(1)] } });
    api.answer('state.read', { value: state });
    api.tell(begun);
    await pass();
    api.interrupt();
    await pass(16);
    const answer = api.hold('activity.read');
    api.tell(begun);
    await pass(16);
    expect(broker.hasActivity).toBe(false);
    expect(ids()).toEqual([1]);
    answer({ value: { records: [record(1), record(2), record(3)] } });
    await pass();
    expect(broker.hasActivity).toBe(true);
    expect(ids()).toEqual([1, 2, 3]);
  });

  test('that could not be read says why, and is not taken for whole', async () => {
    api.answer('activity.read', { problem: refused });
    api.tell(begun);
    await pass();
    expect(broker.activityProblem).toEqual(refused);
    expect(broker.hasActivity).toBe(false);
    expect(broker.connection).toBe('connected');
  });

  test('that could not be read can be read again, and says no more why from then on', async () => {
    api.answer('activity.read', { problem: refused });
    api.tell(begun);
    await pass();
    const answer = api.hold('activity.read');
    const reading = broker.readActivity();
    expect(broker.activityProblem).toBeUndefined();
    expect(broker.hasActivity).toBe(false);
    answer({ value: { records: [record(1)] } });
    await reading;
    expect(broker.hasActivity).toBe(true);
    expect(ids()).toEqual([1]);
  });

  test('that found nobody makes the broker gone, and is read when events begin again', async () => {
    api.answer('activity.read', { problem: notRunning });
    api.tell(begun);
    await pass();
    expect(broker.connection).toBe('gone');
    api.answer('activity.read', { value: { records: [record(1)] } });
    api.tell(begun);
    await pass();
    expect(broker.connection).toBe('connected');
    expect(broker.activityProblem).toBeUndefined();
    expect(ids()).toEqual([1]);
  });
});

test('a transport that fails is a problem in words, like any other', async () => {
  api.fail('sessions.lock');
  expect(await broker.call('sessions.lock', {})).toEqual({
    problem: { code: 'Internal', message: text.problem.unanswered },
  });
});

describe('its end', () => {
  test('leaves no subscription, and no timer', async () => {
    api.tell(begun);
    await pass();
    api.tell(locked);
    // To apply what was gathered, and to notice that it is quiet.
    expect(vi.getTimerCount()).toBe(2);
    end();
    expect(api.subscribers).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('has nothing asked when the page is seen again', async () => {
    api.answer('state.read', { problem: signInNeeded });
    await pass(2_000);
    end();
    page.hide();
    page.show();
    expect(api.count('state.read')).toBe(1);
  });

  test('ends the subscription that took the place of the first', async () => {
    api.answer('state.read', { problem: notRunning });
    await pass(2_000);
    api.answer('state.read', { value: state });
    await pass(2_000);
    end();
    expect(api.subscribers).toBe(0);
  });
});
