/** Who gets a sign-in to the AWS console, over the real local socket and from a window. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { brokerAddress } from '../../main/control/address.ts';
import { brokerAt, type BrokerClient } from '../../main/control/client.ts';
import type { ApprovalRequest, State } from '../../preload/contract.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let own: TestBroker;
let command: BrokerClient;
/** What the desktop was told to open. */
let opened: string[];

beforeEach(async () => {
  opened = [];
  own = await startTestBroker({
    openInBrowser: async (address) => {
      opened.push(address);
    },
  });
  command = brokerAt(brokerAddress(own.broker.home));
  await own.call('profiles.save', {
    profile: {
      name: 'production',
      roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
      base: { key: 'work' },
      region: 'eu-central-1',
      protected: true,
    },
  });
  await own.call('profiles.save', {
    profile: {
      name: 'chained',
      roleArn: 'arn:aws:iam::444455556666:role/Chained',
      base: { profile: 'long-reader' },
      region: 'eu-central-1',
    },
  });
});
afterEach(() => own[Symbol.asyncDispose]());

const state = async () => (await own.call('state.read', {})) as State;

/** The request of this very process, once it waits. */
function waiting(): Promise<ApprovalRequest> {
  return vi.waitFor(
    async () => {
      const [request] = (await state()).status.approvalRequests;
      if (!request) throw new Error('nobody waits');
      return request;
    },
    { timeout: 30_000 },
  );
}

/** What a browser is shown that starts at an address. */
async function shown(address: string): Promise<string> {
  const response = await fetch(address);
  return (await response.text()).replaceAll('&amp;', '&');
}

async function linkTo(name: string, service?: string): Promise<string> {
  const answer = await command.commandCall('console.link', { name, service });
  if ('problem' in answer) throw new Error(answer.problem.message);
  return answer.value.url;
}

/** A link, while whose making something is done: AWS has been asked for it, and has not answered. */
async function whileAwsMakes(name: string, act: () => Promise<unknown>): Promise<string> {
  own.sts.resetCalls();
  own.sts.faults.delayMs = 1_000;
  const link = linkTo(name);
  link.catch(() => undefined);
  await vi.waitFor(() => expect(own.sts.calls()).toEqual({ getSigninToken: 1 }), { timeout: 30_000 });
  await act();
  return link;
}

/** What the audit log holds. */
async function records(): Promise<Record<string, unknown>[]> {
  const written = await readFile(join(own.broker.home, 'audit.jsonl'), 'utf8').catch(() => '');
  return written
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a link for a command', () => {
  it('signs in to the profile’s account and region, for as long as the profile’s session lasts', async () => {
    const page = await shown(await linkTo('reader', 's3'));
    expect(page).toContain('arn:aws:sts::444455556666:assumed-role/Reader/alice');
    expect(page).toContain('for 3600 s');
    expect(page).toContain('https://console.aws.amazon.com/s3/home?region=eu-central-1');
  });

  it('to a role that is assumed with a session asks for no duration, which AWS would refuse', async () => {
    expect(await shown(await linkTo('chained'))).toContain('assumed-role/Chained/alice');
  });

  it('is noted: in the log with its end, and in what outlives a lock', async () => {
    const beforeMs = Date.now();
    await linkTo('reader', 's3');
    const [handedOut] = (await state()).status.handedOut;
    expect(handedOut).toMatchObject({ profile: 'reader', programs: ['the AWS console'] });
    // The hour begins when the link is used, which may be 15 minutes later.
    expect(handedOut?.untilMs).toBeGreaterThanOrEqual(beforeMs + 75 * 60_000);
    const record = await vi.waitFor(
      async () => {
        const found = (await records()).find(({ event }) => event === 'consoleLink');
        if (!found) throw new Error('nothing is recorded yet');
        return found;
      },
      { timeout: 30_000 },
    );
    expect(record).toMatchObject({ profile: 'reader', client: { pid: process.pid } });
    expect(record['detail']).toMatch(/^s3, until \d{4}-.*Z at the latest$/);
    expect(JSON.stringify(await records())).not.toMatch(/SigninToken|federation/);
  });

  it('is refused for what is no service', async () => {
    for (const service of ['S3', 's3/../ec2', 's3?x', 'a'.repeat(64), '']) {
      const answer = await command.commandCall('console.link', { name: 'reader', service });
      expect(answer).toMatchObject({ problem: { code: 'InvalidInput', field: 'service' } });
    }
  });

  it.each([
    ['refused', /not authorized/],
    ['nobody', /There is no profile "nobody"/],
  ])('of %s is refused with the reason, which is counted', async (name, reason) => {
    await expect(linkTo(name)).rejects.toThrow(reason);
    expect((await state()).status.refusals).toHaveLength(1);
  });

  it('is refused while locked', async () => {
    await linkTo('reader');
    await own.call('sessions.lock', {});
    await expect(linkTo('reader')).rejects.toThrow(/Latchkey is locked/);
  });

  it('is not given where it is locked while AWS makes it', async () => {
    await linkTo('reader');
    const link = whileAwsMakes('reader', () => own.call('sessions.lock', {}));
    await expect(link).rejects.toThrow(/Latchkey is locked/);
    const atTheWindow = own.broker.service.call('console.open', { name: 'reader' });
    expect(await atTheWindow).toMatchObject({ problem: { code: 'Locked' } });
  });

  it('is not for the interface to have', async () => {
    const answer = await own.broker.service.call('console.link', { name: 'reader' });
    expect(answer).toMatchObject({ problem: { code: 'NotFound' } });
  });
});

describe('a link to a protected profile', () => {
  it('waits for a person, and is given for one time where it is allowed once', async () => {
    const link = linkTo('production');
    const { id, profile } = await waiting();
    expect(profile).toBe('production');
    await own.call('approvals.allow', { id, allowance: 'once' });
    const page = await shown(await link);
    expect(page).toContain('for 900 s');
    const again = linkTo('production');
    await own.call('approvals.deny', { id: (await waiting()).id });
    await expect(again).rejects.toThrow(/was denied .* by a person at the window/);
  });

  it('is given once where it is allowed once, also where the program asks twice at a time', async () => {
    const links = [linkTo('production'), linkTo('production')];
    const settled = Promise.allSettled(links);
    await own.call('approvals.allow', { id: (await waiting()).id, allowance: 'once' });
    const outcomes = (await settled).map(({ status }) => status);
    expect(outcomes.toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('is not given to a program that a person denies it to, in any of its forms', async () => {
    const link = linkTo('production');
    await own.call('approvals.deny', { id: (await waiting()).id });
    await expect(link).rejects.toThrow(/was denied .* by a person at the window/);
    const denied = { problem: { code: 'ApprovalNeeded' } };
    expect(await command.commandCall('console.page', { name: 'production' })).toMatchObject(denied);
    expect(await command.call('console.open', { name: 'production' })).toMatchObject(denied);
    expect(opened).toEqual([]);
  });

  it('leads nowhere once the approval is taken back, or it is locked', async () => {
    const page = async () => {
      const answer = await command.commandCall('console.page', { name: 'production' });
      if ('problem' in answer) throw new Error(answer.problem.message);
      return answer.value.url;
    };
    const first = page();
    await own.call('approvals.allow', { id: (await waiting()).id, allowance: 'tree' });
    await first;
    const [takenBack, locked] = [await page(), await page()];
    const [approval] = (await state()).status.approvals;
    await own.call('approvals.revoke', { id: approval?.id ?? '' });
    expect((await fetch(takenBack)).status).toBe(404);
    await own.call('sessions.lock', {});
    expect((await fetch(locked)).status).toBe(404);
  });

  it('leads on where it was allowed once: that was for this', async () => {
    const page = command.commandCall('console.page', { name: 'production' });
    await own.call('approvals.allow', { id: (await waiting()).id, allowance: 'once' });
    const answer = await page;
    if ('problem' in answer) throw new Error(answer.problem.message);
    expect(await shown(answer.value.url)).toContain('for 900 s');
  });

  it('is not given where the approval is taken back while AWS makes it', async () => {
    const first = linkTo('production');
    await own.call('approvals.allow', { id: (await waiting()).id, allowance: 'tree' });
    await first;
    const link = whileAwsMakes('production', async () => {
      const [approval] = (await state()).status.approvals;
      await own.call('approvals.revoke', { id: approval?.id ?? '' });
    });
    await expect(link).rejects.toThrow(/changed meanwhile/);
  });
});

describe('opening the console', () => {
  it('leads nowhere once it is locked, or the profile is another', async () => {
    await own.call('console.open', { name: 'reader' });
    await own.call('console.open', { name: 'chained' });
    const { profiles } = await state();
    const chained = profiles.find(({ profile }) => profile.name === 'chained');
    if (!chained) throw new Error('there is no chained');
    const profile = { ...chained.profile, base: { key: 'work' } };
    await own.call('profiles.save', { profile, replaces: 'chained' });
    expect((await fetch(opened[1] ?? '')).status).toBe(404);
    await own.call('sessions.lock', {});
    expect((await fetch(opened[0] ?? '')).status).toBe(404);
  });

  it('from the window tells the browser an address that leads there once, and the window nothing', async () => {
    expect(await own.call('console.open', { name: 'production', service: 'ec2' })).toEqual({});
    const [address = ''] = opened;
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/once\/[\w-]+$/);
    expect(await shown(address)).toContain('https://console.aws.amazon.com/ec2/home?region=eu-central-1');
    expect((await fetch(address)).status).toBe(404);
  });

  it('from a command gives an address for its own browser', async () => {
    const answer = await command.commandCall('console.page', { name: 'reader' });
    if ('problem' in answer) throw new Error(answer.problem.message);
    expect(await shown(answer.value.url)).toContain('assumed-role/Reader/alice');
    expect(opened).toEqual([]);
  });

  it('says what to do where the desktop has no browser', async () => {
    await using bare = await startTestBroker({ openInBrowser: () => Promise.reject(new Error('no')) });
    expect(await bare.broker.service.call('console.open', { name: 'reader' })).toMatchObject({
      problem: { code: 'Refused', message: expect.stringMatching(/latchkey console reader$/) as string },
    });
  });

  it('is refused without a desktop, with what to do', async () => {
    await using headless = await startTestBroker();
    expect(await headless.broker.service.call('console.open', { name: 'reader' })).toMatchObject({
      problem: {
        code: 'Refused',
        message: expect.stringMatching(/latchkey console reader --print$/) as string,
      },
    });
  });
});
