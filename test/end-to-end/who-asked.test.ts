import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { State } from '../../preload/contract.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { aliceSeed, aliceSerial } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';

/** A program as a person has them: a script with a name of its own, that asks the endpoint as SDKs do. */
const script = `
import { request } from 'node:http';
const [url, times] = process.argv.slice(2);
const ask = (path, method, headers) => new Promise((resolve, reject) => {
  request(url + path, { method, headers }, (answer) => {
    let text = '';
    answer.on('data', (part) => (text += part)).on('end', () => resolve(text));
  }).on('error', reject).end();
});
const token = await ask('latest/api/token', 'PUT', { 'X-aws-ec2-metadata-token-ttl-seconds': '60' });
const headers = { 'X-aws-ec2-metadata-token': token };
const path = 'latest/meta-data/iam/security-credentials/';
const role = await ask(path, 'GET', headers);
for (let time = 0; time < Number(times); time++) {
  const answer = await ask(path + role, 'GET', headers);
  if (answer.includes('Success')) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
`;

const isLinux = process.platform === 'linux';
if (!isLinux) console.error('skipped: which program asks is told from /proc here');

describe.skipIf(!isLinux)('which program asked', () => {
  let broker: TestBroker;
  let home: Awaited<ReturnType<typeof temporaryHome>>;

  beforeAll(async () => {
    broker = await startTestBroker();
    home = await temporaryHome();
    await writeFile(join(home.path, 'deploy-website.mjs'), script);
  });
  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });
  beforeEach(() => broker.call('sessions.unlock', {}));

  function runScript(times: number): AsyncDisposable {
    const child = spawn(process.execPath, [
      join(home.path, 'deploy-website.mjs'),
      broker.broker.endpoint.url,
      String(times),
    ]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    return {
      async [Symbol.asyncDispose]() {
        child.kill();
        await ended;
      },
    };
  }

  async function status(): Promise<State['status']> {
    return (await state()).status;
  }

  async function state(): Promise<State> {
    const answer = await broker.broker.service.call('state.read', {});
    if ('problem' in answer) throw new Error(answer.problem.message);
    return answer.value as State;
  }

  test('is named by the prompt for an MFA code, with the device and the account', async () => {
    const used = broker.call('profiles.use', { name: 'guarded' });
    await vi.waitFor(async () => expect((await status()).prompts).toHaveLength(1));
    await broker.call('mfa.answer', { serial: aliceSerial, code: totp(aliceSeed, Date.now()) });
    await used;
    // Its session is gone then, and it is still the active profile.
    await broker.call('sessions.lock', {});
    await broker.call('sessions.unlock', {});
    await using _program = runScript(200);
    await vi.waitFor(async () => {
      expect((await status()).prompts).toMatchObject([
        {
          serial: aliceSerial,
          profile: 'guarded',
          accountId: '444455556666',
          cause: 'program',
          program: 'deploy-website.mjs',
        },
      ]);
    }, 10_000);
  });

  test('is told of credentials that it still holds after a lock, with their end', async () => {
    await broker.call('profiles.use', { name: 'reader' });
    await using _program = runScript(1);
    await vi.waitFor(async () => {
      expect((await status()).handedOut).toMatchObject([
        { profile: 'reader', programs: ['deploy-website.mjs'] },
      ]);
    }, 10_000);
    const { profiles } = await state();
    const expiresAtMs = profiles.find(({ profile }) => profile.name === 'reader')?.session.expiresAtMs;
    await broker.call('sessions.lock', {});
    const { locked, handedOut } = await status();
    expect(locked).toBe(true);
    expect(handedOut[0]?.untilMs).toBe(expiresAtMs);
  });
});
