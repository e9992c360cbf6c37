/** `latchkey whoami` by the built command. */
import { createServer } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { closeServer, listenOnLoopback } from '../../main/platform/loopback.ts';
import { buildCommand, run } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
/** Without what this machine's own environment says of AWS. */
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  own = await startTestBroker();
  env = Object.fromEntries(Object.entries(own.env).filter(([name]) => !name.startsWith('AWS_')));
});
afterEach(() => own[Symbol.asyncDispose]());

async function whoami(more: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await run({ ...env, ...more }, ['whoami', '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('latchkey whoami', () => {
  test('tells what a program gets here, and who it is with that', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const { status, stdout } = await run(env, ['whoami']);
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'Profile   reader, the active profile',
      'Account   444455556666',
      'Role      arn:aws:iam::444455556666:role/team/Reader',
      'Identity  arn:aws:sts::444455556666:assumed-role/Reader/alice',
      expect.stringMatching(/^Session {3}(1 h|59 min) left \(until [^)]*\)$/),
      `Endpoint  ${own.broker.endpoint.url}`,
      '',
    ]);
  });

  test('tells it as one document', async () => {
    await own.call('profiles.use', { name: 'reader' });
    expect(await whoami()).toEqual({
      profile: 'reader',
      rule: 'active',
      accountId: '444455556666',
      roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
      arn: 'arn:aws:sts::444455556666:assumed-role/Reader/alice',
      protected: false,
      session: {
        state: 'active',
        expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        problem: null,
      },
      endpoint: own.broker.endpoint.url,
      overriddenBy: null,
    });
  });

  test('follows the folder it is typed in, and the address that the environment names before that', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.call('folders.set', { folder: process.cwd(), profile: 'long-reader' });
    expect(await whoami()).toMatchObject({ profile: 'long-reader', rule: 'folder' });
    const address = `${own.broker.endpoint.url}container/guarded`;
    expect(await whoami({ AWS_CONTAINER_CREDENTIALS_FULL_URI: address })).toMatchObject({
      profile: 'guarded',
      rule: 'name',
      session: { state: 'idle', expiresAt: null },
    });
  });

  test('follows the port of its own that a profile has', async () => {
    const server = createServer();
    const port = await listenOnLoopback(server, 0);
    await closeServer(server);
    await own.call('profiles.save', {
      profile: {
        name: 'ported',
        roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
        base: { key: 'work' },
        region: 'eu-central-1',
        port,
      },
    });
    const url = `http://127.0.0.1:${port}/`;
    for (const address of [url, url.slice(0, -1)])
      expect(await whoami({ AWS_EC2_METADATA_SERVICE_ENDPOINT: address })).toMatchObject({
        profile: 'ported',
        rule: 'port',
        endpoint: url,
      });
  });

  test('warns where the environment has a key that SDKs prefer', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const key = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' };
    expect(await whoami(key)).toMatchObject({ overriddenBy: 'AWS_ACCESS_KEY_ID' });
    const { stdout } = await run({ ...env, ...key }, ['whoami']);
    expect(stdout).toMatch(/^But {7}AWS_ACCESS_KEY_ID is set here, and SDKs take that instead$/m);
    expect(stdout).not.toContain(key.AWS_ACCESS_KEY_ID);
  });

  test('says in one line why a program would get nothing', async () => {
    const none = await run(env, ['whoami']);
    expect(none).toEqual({ status: 1, stdout: '', stderr: 'latchkey: No profile is active\n' });
  });
});
