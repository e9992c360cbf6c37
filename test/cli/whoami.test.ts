/** `latchkey whoami` by the built command. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { closeServer, listenOnLoopback } from '../../main/platform/loopback.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { buildCommand, run } from './latchkey.ts';
import { currentCode, startTestBroker, untilPrompted, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
let person: Awaited<ReturnType<typeof temporaryHome>>;
/** Without what this machine's own environment says of AWS, but for what leads SDKs to the broker. */
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  own = await startTestBroker();
  person = await temporaryHome();
  env = {
    ...Object.fromEntries(Object.entries(own.env).filter(([name]) => !name.startsWith('AWS_'))),
    AWS_EC2_METADATA_SERVICE_ENDPOINT: own.broker.endpoint.url,
    HOME: person.path,
  };
});
afterEach(async () => {
  await own[Symbol.asyncDispose]();
  await person[Symbol.asyncDispose]();
});

async function writeAws(file: 'config' | 'credentials', text: string): Promise<void> {
  await mkdir(join(person.path, '.aws'), { recursive: true });
  await writeFile(join(person.path, '.aws', file), text);
}

async function whoami(more: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await run({ ...env, ...more }, ['whoami', '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What stands in a program's way, where the command says that something does. */
async function obstacles(more: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { status, stdout, stderr } = await run({ ...env, ...more }, ['whoami']);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'latchkey: a program that is started here does not get that\n',
  });
  return stdout.split('\n').flatMap((line) => (line.startsWith('But ') ? [line.slice(10)] : []));
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
      obstacles: [],
    });
  });

  test('follows the folder it is typed in, and the address that the environment names before that', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.call('folders.set', { folder: process.cwd(), profile: 'long-reader' });
    expect(await whoami()).toMatchObject({ profile: 'long-reader', rule: 'folder' });
    const address = `${own.broker.endpoint.url}container/guarded`;
    const named = { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: address };
    const { stdout } = await run(named, ['whoami', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
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
    const { status, stdout } = await run({ ...env, ...key }, ['whoami', '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      profile: 'reader',
      obstacles: ['AWS_ACCESS_KEY_ID is set here, and SDKs take that instead'],
    });
    expect(await obstacles(key)).toEqual(['AWS_ACCESS_KEY_ID is set here, and SDKs take that instead']);
    expect(stdout).not.toContain(key.AWS_ACCESS_KEY_ID);
  });

  test.each([
    [
      'names no endpoint',
      { AWS_EC2_METADATA_SERVICE_ENDPOINT: undefined },
      'nothing here leads to Latchkey: eval "$(latchkey env)"',
    ],
    [
      'names another endpoint',
      { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1/' },
      'http://127.0.0.1:1/ is set for IMDS here, which is not Latchkey: eval "$(latchkey env)"',
    ],
    [
      'names another container endpoint',
      { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/' },
      'AWS_CONTAINER_CREDENTIALS_FULL_URI leads elsewhere: eval "$(latchkey env)"',
    ],
    [
      'lets SDKs ask no endpoint',
      { AWS_EC2_METADATA_DISABLED: 'True' },
      'AWS_EC2_METADATA_DISABLED is true, and SDKs ask no endpoint then: eval "$(latchkey env)"',
    ],
    [
      'names a profile that is not in ~/.aws',
      { AWS_PROFILE: 'other' },
      'AWS_PROFILE names the profile other of ~/.aws, which is not there',
    ],
  ])('warns where the environment %s, and ends with 1', async (_case, variables, obstacle) => {
    await own.call('profiles.use', { name: 'reader' });
    expect(await obstacles(variables)).toEqual([obstacle]);
  });

  test('warns where a file has credentials that SDKs take before they ask an endpoint', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await writeAws('config', '[profile other]\nsso_session = corp\n[profile kept]\n# role_arn = x\n');
    await writeAws('credentials', '[ default ]\r\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\r\n');
    const taken = (name: string) => [
      `the profile ${name} of ~/.aws has credentials or a way to them, and SDKs take those instead`,
    ];
    expect(await obstacles()).toEqual(taken('default'));
    expect(await obstacles({ AWS_PROFILE: 'other' })).toEqual(taken('other'));
    expect(await whoami({ AWS_PROFILE: 'kept' })).toMatchObject({ obstacles: [] });
  });

  test('sees the way that a profile of ~/.aws/config leads', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const { url } = own.broker.endpoint;
    await writeAws('config', `[default]\n[profile latchkey]\nec2_metadata_service_endpoint = ${url}\n`);
    const variables = { AWS_EC2_METADATA_SERVICE_ENDPOINT: undefined, AWS_PROFILE: 'latchkey' };
    expect(await whoami(variables)).toMatchObject({ profile: 'reader', obstacles: [] });
    expect(await obstacles({ ...variables, AWS_PROFILE: undefined })).toEqual([
      'nothing here leads to Latchkey: eval "$(latchkey env)"',
    ]);
  });

  test('sees no obstacle in what is off for a program with a token of its own', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const launched = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${own.broker.endpoint.url}container/reader`,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: undefined,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    expect(await whoami(launched)).toMatchObject({ rule: 'name', obstacles: [] });
  });

  test('says why STS refused the session that a program would need', async () => {
    await own.broker.service.call('profiles.use', { name: 'refused' });
    expect(await obstacles()).toEqual([expect.stringMatching(/^STS refused \(AccessDenied\): .*Abroad/)]);
  });

  test('says that a code is needed, before it is asked for and while it is', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.call('folders.set', { folder: process.cwd(), profile: 'guarded' });
    const needed = ['an MFA code is needed: latchkey use guarded'];
    expect(await obstacles()).toEqual(needed);
    const waiting = own.broker.service.call('profiles.use', { name: 'guarded' });
    await untilPrompted(own);
    expect(await obstacles()).toEqual(needed);
    await own.call('mfa.cancel', { serial: aliceSerial });
    await waiting;
    expect(await obstacles()).toEqual(needed);
  });

  test('says nothing of a code where one was given that serves the profile too', async () => {
    const answered = own.call('profiles.use', { name: 'guarded' });
    await untilPrompted(own);
    await own.call('mfa.answer', { serial: aliceSerial, code: currentCode() });
    await answered;
    await own.call('profiles.save', {
      profile: {
        name: 'also-guarded',
        roleArn: 'arn:aws:iam::444455556666:role/Guarded',
        base: { key: 'work' },
        region: 'eu-central-1',
        mfaSerial: aliceSerial,
        sessionName: 'another',
      },
    });
    await own.call('folders.set', { folder: process.cwd(), profile: 'also-guarded' });
    expect(await whoami()).toMatchObject({
      profile: 'also-guarded',
      session: { state: 'idle' },
      obstacles: [],
    });
  });

  test('says in one line why a program would get nothing', async () => {
    const none = await run(env, ['whoami']);
    expect(none).toEqual({ status: 1, stdout: '', stderr: 'latchkey: No profile is active\n' });
  });
});
