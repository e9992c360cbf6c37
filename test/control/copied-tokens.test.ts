/** A token that a person makes at the window: what the clipboard gets, and what nobody is told. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { State } from '../../preload/contract.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let own: TestBroker;
/** What was put on the desktop's clipboard. */
let copied: string[];
let takes: boolean;

beforeEach(async () => {
  copied = [];
  takes = true;
  own = await startTestBroker({
    copySecret: async (secret) => {
      copied.push(secret.reveal());
      if (!takes) throw new Error('no clipboard');
    },
  });
});
afterEach(() => own[Symbol.asyncDispose]());

const input = { name: 'build-box', profile: 'reader' };
const tokens = async () => ((await own.call('state.read', {})) as State).status.tokens;

/** What a program with this token is answered. */
async function statusWith(token: string): Promise<number | undefined> {
  const address = `${own.broker.endpoint.url}container/reader`;
  // Not by `fetch`, which sends what a browser does.
  const sent = get(address, { headers: { authorization: token } });
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('a token that is made at the window', () => {
  it('is on the clipboard alone, and serves the profile at the address that is told', async () => {
    const answer = await own.call('tokens.createAndCopy', input);
    expect(answer).toEqual({ url: `${own.broker.endpoint.url}container/reader` });
    const [token = ''] = copied;
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await tokens()).toMatchObject([input]);
    await own.call('profiles.use', { name: 'reader' });
    expect(await statusWith(token)).toBe(200);
    expect(await statusWith(`${token}x`)).toBe(401);
    expect(JSON.stringify(await own.call('state.read', {}))).not.toContain(token);
    const records = await vi.waitFor(
      async () => {
        const all = JSON.stringify(await recordsOf(own.broker.home));
        expect(all).toContain('token build-box made, and copied');
        return all;
      },
      { timeout: 20_000 },
    );
    expect(records).not.toContain(token);
  });

  it('that could not be copied opens nothing, with what to do', async () => {
    takes = false;
    expect(await own.broker.service.call('tokens.createAndCopy', input)).toMatchObject({
      problem: {
        code: 'Refused',
        message: expect.stringMatching(/latchkey token add build-box reader$/) as string,
      },
    });
    expect(await tokens()).toEqual([]);
    await own.call('profiles.use', { name: 'reader' });
    expect(await statusWith(copied[0] ?? '')).toBe(401);
  });

  it('is refused at its field where its name is taken or there is no such profile', async () => {
    await own.call('tokens.createAndCopy', input);
    const refused = async (wrong: object) =>
      own.broker.service.call('tokens.createAndCopy', { ...input, ...wrong });
    expect(await refused({})).toMatchObject({ problem: { code: 'AlreadyExists', field: 'name' } });
    expect(await refused({ name: 'other', profile: 'gone' })).toMatchObject({
      problem: { code: 'NotFound', field: 'profile' },
    });
    expect(copied).toHaveLength(1);
    expect(await tokens()).toHaveLength(1);
  });

  it('is refused without a desktop, with what to do', async () => {
    await using headless = await startTestBroker();
    expect(await headless.broker.service.call('tokens.createAndCopy', input)).toMatchObject({
      problem: {
        code: 'Refused',
        message: expect.stringMatching(/latchkey token add build-box reader$/) as string,
      },
    });
  });
});
