/** A person allows a program a protected profile by the built command, on a real terminal; the program cannot. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import { buildCommand, run, Terminal } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

const latchkey = fileURLToPath(new URL('../../dist/command/latchkey.cjs', import.meta.url));

let own: TestBroker;
beforeEach(async ({ skip }) => {
  if (withTerminals.missing) skip(withTerminals.note);
  own = await startTestBroker();
  await own.call('profiles.save', {
    profile: {
      name: 'production',
      roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
      base: { key: 'work' },
      region: 'eu-central-1',
      protected: true,
    },
  });
});
afterEach(() => own[Symbol.asyncDispose]());

/** A Python program that runs a command and waits for it: what this process has started, as its terminals are. */
function program(command: readonly string[]) {
  const source = 'import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)';
  return python(source, command);
}

/** The same as what another terminal or the desktop has started. */
function programElsewhere(command: readonly string[]) {
  const source =
    'import os, subprocess, sys\nif os.fork(): os._exit(0)\nos.setsid()\nsubprocess.run(sys.argv[1:])';
  return python(source, command);
}

function python(source: string, command: readonly string[]) {
  return spawn('python3', ['-c', source, ...command], { env: own.env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The ID of the request that waits, once one does. */
function waitingId(): Promise<string> {
  return vi.waitFor(
    async () => {
      const { stdout } = await run(own.env, ['status', '--json']);
      const { approvalRequests } = JSON.parse(stdout) as { approvalRequests: { id: string }[] };
      expect(approvalRequests).toHaveLength(1);
      return approvalRequests[0]?.id ?? '';
    },
    { timeout: 30_000, interval: 200 },
  );
}

function isRecorded(event: string, detail: RegExp): Promise<void> {
  return vi.waitFor(
    async () => {
      expect(await recordsOf(own.broker.home)).toContainEqual(
        expect.objectContaining({ event, detail: expect.stringMatching(detail) as string }),
      );
    },
    { timeout: 10_000, interval: 100 },
  );
}

const number = /type this number: (\d{4})\r+\n/;

describe('a program that asks for a protected profile', () => {
  test('gets its credentials once a person has allowed it on another terminal', async () => {
    const asking = programElsewhere([process.execPath, latchkey, 'credentials', 'production']);
    const printed = text(asking.stdout);
    const id = await waitingId();
    expect((await run(own.env, ['approvals'])).stdout).toMatch(
      /^\S+ {2}python3\S* \(\d+\) asks for production/,
    );
    using terminal = new Terminal(own.env, ['approvals', 'allow', id, 'once']);
    const [, shown = ''] = number.exec(await terminal.shows(number)) ?? [];
    await terminal.shows(/type it to allow [^\r]*: /);
    terminal.type(`${shown}\n`);
    await terminal.shows(/Allowed: /);
    expect(await terminal.ends()).toBe(0);
    expect(JSON.parse(await printed)).toMatchObject({ Version: 1, AccountId: '444455556666' });
    await isRecorded('approval', /^allowed \(once\) by latchkey\S* \(pid \d+\) on \/dev\/\S+$/);
  });

  test('cannot allow itself on a terminal that it makes, whatever it types there', async () => {
    // This very process asks, and the terminal is made by what it starts.
    const asking = run(own.env, ['credentials', 'production']);
    const id = await waitingId();
    using terminal = new Terminal(own.env, ['approvals', 'allow', id]);
    const shown = await terminal.shows(/cannot be allowed from where it could do that itself/);
    expect(shown).not.toMatch(number);
    expect(await terminal.ends()).toBe(1);
    await isRecorded('refused', /^approvals\.allow$/);
    await own.call('approvals.deny', { id });
    expect(await asking).toMatchObject({ status: 1, stdout: '' });
  });

  test('is not allowed on a terminal that what started it makes: a script could have a child ask, and type the number', async () => {
    const asking = program([process.execPath, latchkey, 'credentials', 'production']);
    const printed = text(asking.stdout);
    const id = await waitingId();
    using terminal = new Terminal(own.env, ['approvals', 'allow', id]);
    const shown = await terminal.shows(/this was started by [^\r]* as it was itself/);
    expect(shown).not.toMatch(number);
    expect(await terminal.ends()).toBe(1);
    await own.call('approvals.deny', { id });
    expect(await printed).toBe('');
  });

  test('is told where a person denies it', async () => {
    const asking = run(own.env, ['credentials', 'production']);
    expect(await run(own.env, ['approvals', 'deny', await waitingId()])).toMatchObject({ status: 0 });
    expect((await asking).stderr).toMatch(/was denied the profile "production" by latchkey\S* \(pid \d+\)/);
    await isRecorded('approval', /^denied by latchkey\S* \(pid \d+\)/);
  });
});
