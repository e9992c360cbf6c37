/** How long a request waits, and what is left behind when it has gone. */
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../main/platform/ports.ts';
import { Resources } from '../../main/resources.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import {
  ask,
  credentialsPath,
  serveCore,
  tokenHeader,
  tokenOf,
  type Reply,
  type ServedCore,
} from '../fixtures/endpoint.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let opened: Resources;
let clock: FakeClock;
let core: Core;
let endpoint: ServedCore;
let lookUps: ((client: Client | undefined) => void)[];
let token: string;

beforeEach(async () => {
  opened = new Resources();
  clock = opened.use(new FakeClock());
  core = opened.use(await startCore(clock));
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'vault', protected: true });
  lookUps = [];
  const clientAt = () => new Promise<Client | undefined>((resolve) => lookUps.push(resolve));
  endpoint = opened.use(await serveCore(core, clock, { peer: composePeer({ clientAt }) }));
  token = await tokenOf(endpoint.url);
});
afterEach(() => opened[Symbol.asyncDispose]());

/** Asks on a connection of its own, whose program is not looked up yet. */
async function begin(
  profile: string,
): Promise<{ readonly reply: Promise<Reply>; tell: (client: Client | undefined) => void }> {
  const before = lookUps.length;
  const reply = ask(endpoint.url, `${credentialsPath}${profile}`, { [tokenHeader]: token });
  await vi.waitFor(() => expect(lookUps.length).toBeGreaterThan(before));
  // The answer waits from here on.
  await vi.waitFor(() => expect(clock.untilNextMs).toBeLessThanOrEqual(250));
  const all = lookUps.slice(before);
  return {
    reply,
    tell: (client) => {
      for (const resolve of all) resolve(client);
    },
  };
}

async function giveFolder(profile: string): Promise<void> {
  await core.configuration.update((now) => ({ ...now, folders: [{ folder: '/home/alice', profile }] }));
}

describe('a request', () => {
  it('gets 503 where it is still being looked up who asks, since it can be told the next time', async () => {
    await giveFolder('reader');
    const { reply } = await begin('reader');
    clock.advance(250);
    expect(await reply).toMatchObject({ status: 503, body: expect.stringContaining('looked up') as string });
  });

  it('waits 250 ms in all for who asks and for the session', async () => {
    await giveFolder('reader');
    core.sts.faults.delayMs = 60_000;
    core.sts.resetCalls();
    const { reply, tell } = await begin('reader');
    clock.advance(200);
    tell(composeClient());
    await vi.waitFor(() => expect(core.sts.calls()).toEqual({ AssumeRole: 1 }));
    clock.advance(50);
    expect(await reply).toMatchObject({
      status: 503,
      body: expect.stringContaining('being acquired') as string,
    });
  });
});

describe('where another profile became the active one while a request waited', () => {
  it('it is 404, with nothing of the one before', async () => {
    await core.active.use('reader');
    await core.addProfile({ name: 'other', sessionName: 'other' });
    let goOn: () => void = () => undefined;
    const switched = new Promise<void>((resolve) => (goOn = resolve));
    const acquire = core.sessions.acquire.bind(core.sessions);
    const acquired = vi.spyOn(core.sessions, 'acquire').mockImplementation(async (request) => {
      const session = await acquire(request);
      await switched;
      return session;
    });
    const { reply } = await begin('reader');
    await vi.waitFor(() => expect(acquired).toHaveBeenCalledOnce());
    await core.active.use('other');
    goOn();
    expect(await reply).toMatchObject({ status: 404, body: '' });
  });
});

describe('requests for a protected profile', () => {
  it('of one program ask a person once, however often it asks and on however many connections', async () => {
    await core.active.use('vault');
    const asked = vi.spyOn(endpoint.clients.approvals, 'ask');
    for (let request = 0; request < 5; request++) {
      const { reply, tell } = await begin('vault');
      tell(composeClient());
      await vi.waitFor(() => expect(endpoint.clients.approvals.requests()).toHaveLength(1));
      await setImmediate();
      clock.advance(250);
      expect(JSON.parse((await reply).body)).toMatchObject({ Code: 'ApprovalNeeded' });
    }
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('of a process that has become another program since ask for that one', async () => {
    await core.active.use('vault');
    for (const commandLine of [['aws'], ['aws', 'other']]) {
      const { reply, tell } = await begin('vault');
      tell(composeClient({ commandLine }));
      const count = commandLine.length;
      await vi.waitFor(() => expect(endpoint.clients.approvals.requests()).toHaveLength(count));
      clock.advance(250);
      await reply;
    }
  });

  it('find the session there once they are allowed, also where none could wait for it', async () => {
    await core.active.use('vault');
    const { reply, tell } = await begin('vault');
    tell(composeClient());
    await vi.waitFor(() => expect(endpoint.clients.approvals.requests()).toHaveLength(1));
    clock.advance(250);
    await reply;
    const [request] = endpoint.clients.approvals.requests();
    await endpoint.clients.approvals.allow(request?.id ?? '', 'tree');
    await vi.waitFor(() => expect(core.sessions.take('vault')).toBeDefined());
  });
});
