/** `credential_process` by real SDKs, in both forms. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { needPython } from '../sts/python.ts';
import { buildCommand, run } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
beforeEach(async () => {
  own = await startTestBroker();
});
afterEach(() => own[Symbol.asyncDispose]());

describe('latchkey credentials', () => {
  test('prints the document of credential_process, and nothing else', async () => {
    const { status, stdout, stderr } = await run(own.env, ['credentials', 'reader']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      Version: 1,
      AccessKeyId: expect.stringMatching(/^ASIA/) as string,
      SecretAccessKey: expect.any(String) as string,
      SessionToken: expect.any(String) as string,
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      AccountId: '444455556666',
    });
  });

  test.each([
    ['refused', /^latchkey: [^\n]*not authorized[^\n]*\n$/],
    ['nobody', /^latchkey: there is no profile "nobody"; latchkey profiles shows those there are\n$/],
    ['no such\r\nprofile', /^latchkey: there is no profile "no such\\r\\nprofile"; [^\n]*\n$/],
  ])('of %j says in one line why there are none', async (profile, reason) => {
    const refused = await run(own.env, ['credentials', profile]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(reason);
  });

  test('says that it is locked where it is', async () => {
    await own.call('sessions.lock', {});
    expect((await run(own.env, ['credentials', 'reader'])).stderr).toMatch(/^latchkey: Latchkey is locked/);
  });
});

describe('an SDK with credential_process', () => {
  needPython(['boto3']);

  const form = {
    command: /^credential_process = (.*latchkey\.cjs.*)$/m,
    curl: /^# credential_process = (curl .*)$/m,
  };

  /** Lets boto3 look for a profile's credentials: the access key's ID, or the error. */
  async function boto3(profile: string, how: keyof typeof form): Promise<string> {
    // What cannot be served is configured by hand: its lines are those of another profile.
    const printed = (await run(own.env, ['credentials', 'reader', '--print-config'])).stdout;
    const command = (form[how].exec(printed)?.[1] ?? '').replace(/\breader$/, profile);
    const file = join(own.broker.home, 'aws-config');
    await writeFile(file, `[profile x]\ncredential_process = ${command}\n`);
    const program = `
import boto3
try:
    print(boto3.Session(profile_name='x').get_credentials().get_frozen_credentials().access_key)
except Exception as error:
    print(type(error).__name__, error)
`;
    const python = process.env['LATCHKEY_TEST_PYTHON'] ?? 'python3';
    const env = {
      ...Object.fromEntries(Object.entries(own.env).filter(([name]) => !/^AWS_|_proxy$/iu.test(name))),
      AWS_CONFIG_FILE: file,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    return new Promise((resolve, reject) => {
      execFile(python, ['-c', program], { env }, (error, stdout) => {
        if (error) reject(new Error(`${python} failed`, { cause: error }));
        else resolve(stdout.trim());
      });
    });
  }

  test.each(['command', 'curl'] as const)('has credentials by %s as it is printed', async (how) => {
    expect(await boto3('reader', how)).toMatch(/^ASIA/);
  });

  test('shows the reason that the command gives', async () => {
    expect(await boto3('refused', 'command')).toMatch(/CredentialRetrievalError.*not authorized/s);
  });

  test('fails where curl does', async () => {
    expect(await boto3('refused', 'curl')).toMatch(/CredentialRetrievalError/);
  });
});
