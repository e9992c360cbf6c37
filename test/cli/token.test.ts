/** `latchkey token` end to end: what it makes is what real SDKs take. */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { needPython } from '../sts/python.ts';
import { buildCommand, run, Terminal } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
let file: string;
/** What it printed for a program's environment. */
let printed: Record<string, string>;
beforeEach(async ({ skip }) => {
  if (withTerminals.missing) skip(withTerminals.note);
  own = await startTestBroker();
  file = join(own.broker.home, 'build-box.token');
  using terminal = new Terminal(own.env, ['token', 'add', 'build-box', 'reader', '--file', file]);
  const shown = await terminal.confirmed();
  printed = Object.fromEntries(
    [...shown.matchAll(/^(AWS_\w+)=(.*?)\r?$/gm)].map(([, name = '', value]) => [name, value ?? '']),
  );
});
afterEach(() => own[Symbol.asyncDispose]());

interface Got {
  readonly arn?: string;
  readonly error?: string;
}

/** Who an SDK is with what was printed, and nothing else. */
function whoIs(program: string, script: string): Promise<Got> {
  const env = {
    PATH: process.env['PATH'],
    HOME: own.broker.home,
    AWS_ENDPOINT_URL_STS: own.sts.url,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    ...printed,
  };
  return new Promise((resolve) => {
    execFile(
      program,
      [fileURLToPath(new URL(`../sdk/${script}`, import.meta.url))],
      { env },
      (_error, stdout, stderr) => {
        const line = stdout.trim().split('\n').at(-1) ?? '';
        resolve(line.startsWith('{') ? (JSON.parse(line) as Got) : { error: stderr });
      },
    );
  });
}

const javascript = () => whoIs(process.execPath, 'javascript/caller-identity.mjs');

describe('latchkey token add --file', () => {
  test('writes the token for its owner alone, without a line’s end, and tells the variables', async () => {
    expect(Object.keys(printed).toSorted()).toEqual([
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/^\S+$/);
  });

  test('gives the SDK for JavaScript the profile, whichever is active, until it is revoked', async () => {
    await own.call('profiles.use', { name: 'long-reader' });
    expect((await javascript()).arn).toMatch(/assumed-role\/Reader\//);
    expect(await run(own.env, ['token', 'revoke', 'build-box'])).toMatchObject({ status: 0 });
    expect((await javascript()).error).toMatch(/Could not load credentials/);
  });

  test('is listed with its last use, and without itself', async () => {
    const before = await run(own.env, ['token']);
    expect(before.stdout).toMatch(/^build-box +reader\b.*never used/m);
    await javascript();
    const after = await run(own.env, ['token', '--json']);
    expect(after.stdout).not.toContain(await readFile(file, 'utf8'));
  });
});

describe('boto3 with a token file', () => {
  needPython(['boto3']);

  test('gets the profile', async () => {
    expect(
      (await whoIs(process.env['LATCHKEY_TEST_PYTHON'] ?? 'python3', 'python/caller_identity.py')).arn,
    ).toMatch(/assumed-role\/Reader\//);
  });
});
