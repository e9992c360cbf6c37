/** What is listed, for a person and for a script, and the status as it changes. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { aliceKeys } from '../sts/sample-world.ts';
import { buildCommand, run, start, Terminal, type CommandRun } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
beforeEach(async () => {
  own = await startTestBroker();
});
afterEach(() => own[Symbol.asyncDispose]());

const latchkey = (...args: string[]): Promise<CommandRun> => run(own.env, args);

const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;

describe('latchkey profiles', () => {
  test('lists every profile, with a star at the active one and what is left of its session', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const { status, stdout, stderr } = await latchkey('profiles');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      '* reader       444455556666  Reader          eu-central-1  ready, 59 min left',
      '  long-reader  444455556666  LongReader      eu-central-1',
      '  guarded      444455556666  Guarded         eu-central-1',
      '  refused      444455556666  NamesBobAbroad  eu-central-1',
      '',
    ]);
  });

  test('lists those alone that have a text in name, account, role or region, and says where none has', async () => {
    expect((await latchkey('profiles', 'BOB')).stdout).toMatch(/^ {2}refused [^\n]*\n$/);
    expect((await latchkey('profiles', 'reader')).stdout.match(/\n/g)).toHaveLength(2);
    expect((await latchkey('profiles', '4444')).stdout.match(/\n/g)).toHaveLength(4);
    expect(await latchkey('profiles', 'nobody')).toMatchObject({
      status: 0,
      stdout: 'No profile has that in it\n',
    });
  });

  test('tells programs all of them as one document', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const document: unknown = JSON.parse((await latchkey('profiles', 'reader', '--json')).stdout);
    expect(document).toMatchObject({
      profiles: [
        {
          name: 'reader',
          accountId: '444455556666',
          roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
          base: { key: 'work' },
          durationSeconds: 3600,
          active: true,
          session: { state: 'active', expiresAt: iso, problem: null },
        },
        {
          name: 'long-reader',
          active: false,
          session: { state: 'idle', expiresAt: null, secondsLeft: null },
        },
      ],
    });
  });
});

test('keys are listed without their secrets, also as one document', async () => {
  const listed = await latchkey('key');
  expect(listed).toMatchObject({ status: 0, stderr: '' });
  expect(listed.stdout).toMatch(
    new RegExp(
      `^work {2}${aliceKeys.accessKeyId} {2}arn:aws:iam::111122223333:user/\\S+ .* added \\d+ s ago\n$`,
    ),
  );
  const { stdout } = await latchkey('key', 'list', '--json');
  expect(JSON.parse(stdout)).toEqual({
    keys: [
      {
        label: 'work',
        accessKeyId: aliceKeys.accessKeyId,
        accountId: '111122223333',
        userArn: expect.any(String) as string,
        region: expect.any(String) as string,
        mfaSerial: null,
        addedAt: iso,
      },
    ],
  });
  expect(stdout).not.toContain(aliceKeys.secretAccessKey);
});

test('tokens are listed as one document, and never with the token', async ({ skip }) => {
  if (withTerminals.missing) skip(withTerminals.note);
  expect(await latchkey('token', 'add', 'build', 'reader')).toMatchObject({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('Only a person may make a token build for the profile reader') as string,
  });
  using terminal = new Terminal(own.env, ['token', 'add', 'build', 'reader']);
  const made = /^[\w-]{20,}\r?$/m.exec(await terminal.confirmed())?.[0] ?? '';
  const { stdout } = await latchkey('token', 'list', '--json');
  expect(JSON.parse(stdout)).toEqual({
    tokens: [{ name: 'build', profile: 'reader', createdAt: iso, lastUsedAt: null }],
  });
  expect(made.trim()).not.toBe('');
  expect(stdout).not.toContain(made.trim());
});

test('approvals are listed as one document, with the action named or not', async () => {
  const { stdout } = await latchkey('approvals', '--json');
  expect(JSON.parse(stdout)).toEqual({ requests: [], approvals: [] });
  expect(await latchkey('approvals', 'list', '--json')).toMatchObject({ status: 0, stdout });
});

describe('latchkey status --watch', () => {
  test('tells a script one document for each change, until Latchkey ends', async () => {
    const watching = start(own.env, ['status', '--watch', '--json']);
    const lines = createInterface({ input: watching.stdout })[Symbol.asyncIterator]();
    const next = async () =>
      JSON.parse(String((await lines.next()).value)) as { active: unknown; locked: boolean };
    expect(await next()).toMatchObject({ active: null, locked: false });
    await own.call('profiles.use', { name: 'reader' });
    let told = await next();
    while (told.active === null || !JSON.stringify(told.active).includes('"active"')) told = await next();
    expect(told.active).toMatchObject({ profile: 'reader', state: 'active', expiresAt: iso });
    await own.call('sessions.lock', {});
    while (!told.locked) told = await next();
    const ended = once(watching, 'close');
    await own.broker[Symbol.asyncDispose]();
    expect(await ended).toEqual([3, null]);
  });

  test('shows it anew on a terminal, in the place of what was there', async ({ skip }) => {
    if (withTerminals.missing) skip(withTerminals.note);
    using terminal = new Terminal(own.env, ['status', '--watch']);
    await terminal.shows(/Active.*none; choose one/);
    await own.call('profiles.use', { name: 'reader' });
    // eslint-disable-next-line no-control-regex -- the cursor to the upper left, and all cleared
    await terminal.shows(/\u001b\[H\u001b\[2J[^\u001b]*\u001b\[2mActive[^\n]*reader[^\n]*ready/);
    terminal.type('\u0003');
    expect(await terminal.ends()).toBe(130);
  });
});
