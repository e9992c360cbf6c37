import { mkdir, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { serveCore, type ServedCore } from '../fixtures/endpoint.ts';
import { needPython } from '../sts/python.ts';
import { personEnvironment, python, run, type Finished } from './run-demo.ts';

/** Who JS is by its default chain of credentials, and what its error says where it is nobody. */
const javascript = `
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
const { Arn } = await new STSClient().send(new GetCallerIdentityCommand({}));
console.log(JSON.stringify({ arn: Arn }));
`;

const boto3 = join(import.meta.dirname, 'caller_identity.py');
const reader = 'arn:aws:sts::444455556666:assumed-role/Reader/alice';
const longReader = 'arn:aws:sts::444455556666:assumed-role/LongReader/alice';
const identitySchema = z.object({ arn: z.string() });

let core: Core;
let endpoint: ServedCore;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'long', roleArn: 'arn:aws:iam::444455556666:role/LongReader' });
  endpoint = await serveCore(core, systemClock);
});

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/**
 * The environment of a program that is to get a profile's credentials by the container protocol. IMDS leads to the
 * endpoint too, so that a program that fell back to it would get the active profile's.
 */
function environmentFor(profile: string, token: object): NodeJS.ProcessEnv {
  return {
    ...personEnvironment(),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_STS: core.sts.url,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint.url,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint.url}container/${profile}`,
    ...token,
  };
}

async function tokenFor(profile: string): Promise<{ AWS_CONTAINER_AUTHORIZATION_TOKEN: string }> {
  const token = await endpoint.clients.containerTokens.create(`token-of-${profile}`, profile);
  return { AWS_CONTAINER_AUTHORIZATION_TOKEN: token.reveal() };
}

/** A file with a profile's token, as it must be: with no newline at its end. */
async function tokenFileFor(profile: string): Promise<{ AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: string }> {
  const path = join(core.home, 'tokens', profile);
  await mkdir(dirname(path), { recursive: true });
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = await tokenFor(profile);
  await writeFile(path, token, { mode: 0o600 });
  return { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path };
}

function runBoto3(environment: NodeJS.ProcessEnv): Promise<Finished> {
  return run(python, [boto3], environment);
}

function runJavascript(environment: NodeJS.ProcessEnv): Promise<Finished> {
  return run(process.execPath, ['--input-type=module', '-e', javascript], environment);
}

function runAwsCli(environment: NodeJS.ProcessEnv): Promise<Finished> {
  const args = ['-m', 'awscli', 'sts', 'get-caller-identity', '--query', '{arn: Arn}', '--output', 'json'];
  return run(python, args, environment);
}

function arnOf({ stdout, stderr }: Finished): string {
  expect(stderr).toBe('');
  return identitySchema.parse(JSON.parse(stdout)).arn;
}

describe('JavaScript’s default chain', () => {
  test('takes the credentials, with the token in the environment or in a file', async () => {
    expect(arnOf(await runJavascript(environmentFor('reader', await tokenFor('reader'))))).toBe(reader);
    expect(arnOf(await runJavascript(environmentFor('long', await tokenFileFor('long'))))).toBe(longReader);
  });

  test('does not go on to IMDS where the token opens nothing', async () => {
    await core.active.use('reader');
    const { status, stdout, stderr } = await runJavascript(environmentFor('long', await tokenFor('reader')));
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('Could not load credentials from any providers');
  });
});

// Python starts slowly on a busy machine.
describe('boto3 and the AWS CLI', { timeout: 60_000 }, () => {
  needPython(['boto3', 'awscli']);

  test('take the credentials, with the token in the environment or in a file', async () => {
    const inEnvironment = environmentFor('reader', await tokenFor('reader'));
    const inFile = environmentFor('long', await tokenFileFor('long'));
    expect(arnOf(await runBoto3(inEnvironment))).toBe(reader);
    expect(arnOf(await runAwsCli(inEnvironment))).toBe(reader);
    expect(arnOf(await runBoto3(inFile))).toBe(longReader);
    expect(arnOf(await runAwsCli(inFile))).toBe(longReader);
  });

  test('hold two profiles at once beside JavaScript, whichever is active', async () => {
    await core.active.use('long');
    const ofReader = environmentFor('reader', await tokenFor('reader'));
    const ofLong = environmentFor('long', await tokenFor('long'));
    const arns = await Promise.all([runBoto3(ofReader), runJavascript(ofLong)]);
    expect(arns.map(arnOf)).toEqual([reader, longReader]);
  });

  test('show AWS’s reason where it refused, and do not go on to IMDS', async () => {
    await core.active.use('reader');
    await core.addProfile({ name: 'forbidden', roleArn: 'arn:aws:iam::444455556666:role/Nobody' });
    const environment = environmentFor('forbidden', await tokenFor('forbidden'));
    for (const { status, stdout, stderr } of await Promise.all([
      runBoto3(environment),
      runAwsCli(environment),
    ])) {
      expect(status).not.toBe(0);
      expect(stdout).toBe('');
      expect(stderr).toContain('Received non 200 response 403');
      expect(stderr).toContain('STS refused (AccessDenied)');
    }
  });

  test('show that a token is for another profile', async () => {
    const { stdout, stderr } = await runBoto3(environmentFor('long', await tokenFor('reader')));
    expect(stdout).toBe('');
    expect(stderr).toContain('The token is for the profile \\"reader\\", not for this one');
  });

  test('get nothing by a launched program’s token once that has ended', async () => {
    const launched = endpoint.clients.containerTokens.launch('reader');
    const environment = environmentFor('reader', {
      AWS_CONTAINER_AUTHORIZATION_TOKEN: launched.token.reveal(),
    });
    expect(arnOf(await runBoto3(environment))).toBe(reader);
    launched[Symbol.dispose]();
    const { stdout, stderr } = await runBoto3(environment);
    expect(stdout).toBe('');
    expect(stderr).toContain('A valid token is needed in Authorization');
  });

  test('wait until a person has allowed a protected profile', async () => {
    await core.addProfile({ name: 'production', protected: true });
    const { approvals, refusals } = endpoint.clients;
    const finished = runBoto3(environmentFor('production', await tokenFor('production')));
    // Not before the first request was answered that it is waited for.
    await vi.waitFor(() => {
      expect([refusals.list(), approvals.requests()]).toMatchObject([[{}], [{}]]);
    }, 15_000);
    await approvals.allow(approvals.requests()[0]?.id ?? '', 'tree');
    expect(arnOf(await finished)).toBe(reader);
  });
});
