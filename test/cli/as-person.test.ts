/** What only a person may do, by the built command on real terminals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { stateSchema } from '../../preload/contract.ts';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { buildCommand, latchkeyArguments, run, Terminal } from './latchkey.ts';
import { currentCode, startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
beforeEach(async ({ skip }) => {
  if (withTerminals.missing) skip(withTerminals.note);
  own = await startTestBroker({ link: 'http://127.0.0.1:1/#key=fake' });
});
afterEach(() => own[Symbol.asyncDispose]());

/** With the command as who did it. */
function isRecorded(event: string, detail: string): Promise<void> {
  const client = expect.objectContaining({ name: expect.stringMatching(/^latchkey/) as string }) as unknown;
  return vi.waitFor(
    async () => {
      expect(await recordsOf(own.broker.home)).toContainEqual(
        expect.objectContaining({ event, detail, client }),
      );
    },
    { timeout: 10_000, interval: 100 },
  );
}

const number = /type this number: (\d{4})\r+\n/;

describe('latchkey open', () => {
  test('gives the link once the number is typed that the broker shows on the terminal', async () => {
    using terminal = new Terminal(own.env, ['open']);
    const [, shown = ''] = number.exec(await terminal.shows(number)) ?? [];
    await terminal.shows(/type it to open the interface: /);
    terminal.type(`${shown}\n`);
    await terminal.shows(/#key=fake/);
    expect(await terminal.ends()).toBe(0);
    await isRecorded('interfaceOpened', 'a link was given');
  });

  test('gives none for wrong numbers', async () => {
    using terminal = new Terminal(own.env, ['open']);
    const [, shown = ''] = number.exec(await terminal.shows(number)) ?? [];
    await terminal.shows(/type it to open the interface: /);
    for (const again of [/type it again: /, /type it again: /, /wrong number was given 3 times/]) {
      terminal.type(shown === '0000' ? '0001\n' : '0000\n');
      await terminal.shows(again);
    }
    expect(await terminal.ends()).toBe(1);
  });
});

describe('latchkey use --here', () => {
  test('gives the terminal a profile, and takes it away again', async () => {
    using terminal = new Terminal(own.env, ['use', 'reader', '--here']);
    const shown = await terminal.shows(
      /reader is for everything started from (sh|dash|bash) \(pid (\d+)\), until that ends/,
    );
    expect(shown).toMatch(/pid \d+/);
    expect(await terminal.ends()).toBe(0);
  });

  test('without a terminal gives the process that runs it one', async () => {
    expect(await run(own.env, ['use', 'reader', '--here'])).toMatchObject({ status: 0 });
    const status = await run(own.env, ['status']);
    expect(status.stdout).toMatch(
      new RegExp(`^Terminal +reader for everything started from .*pid ${process.pid}\\)$`, 'm'),
    );
    expect(await run(own.env, ['use', '--none', '--here'])).toMatchObject({ status: 0 });
    expect((await run(own.env, ['status'])).stdout).not.toContain('Terminal');
  });
});

describe('latchkey use for a terminal or folder', () => {
  const question = new RegExp(`MFA code for ${aliceSerial}: `);

  test('asks for the code that its session takes, and returns when that is held', async () => {
    using terminal = new Terminal(own.env, ['use', 'guarded', '--here']);
    await terminal.shows(question);
    terminal.type(`${currentCode()}\n`);
    await terminal.shows(/guarded is for everything started from/);
    expect(await terminal.ends()).toBe(0);
    const { stdout } = await run(own.env, ['status']);
    expect(stdout).toMatch(/^Session {3}guarded \(444455556666\) {2}ready/m);
  });

  test('asks for it after the number that confirms a folder', async () => {
    using terminal = new Terminal(own.env, ['use', 'guarded', '--folder', own.broker.home]);
    const [, shown = ''] = number.exec(await terminal.shows(number)) ?? [];
    await terminal.shows(/type it to [^\r]*: /);
    terminal.type(`${shown}\n`);
    await terminal.shows(question);
    terminal.type(`${currentCode()}\n`);
    await terminal.shows(/guarded is for programs that work in/);
    expect(await terminal.ends()).toBe(0);
  });

  test('ends with what is missing where there is none, and with what was done', async () => {
    const { status, stdout, stderr } = await run(own.env, ['use', 'guarded', '--here']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^latchkey: an MFA code of \S+ is needed; [^\n]*; guarded is for everything started from [^\n]*, and programs get no credentials until it has a session\n$/,
    );
  });

  test('asks for no session of a protected profile, which each program is allowed by itself', async () => {
    await own.call('profiles.save', {
      profile: {
        name: 'production',
        roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
        base: { key: 'work' },
        region: 'eu-central-1',
        protected: true,
      },
    });
    const { status, stdout } = await run(own.env, ['use', 'production', '--here']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/; it is protected: a person has to allow each program that asks\n$/);
  });
});

describe('latchkey use --folder', () => {
  test('gives a folder a profile by its real path, and takes it away again, once a number is typed', async () => {
    using giving = new Terminal(own.env, ['use', 'reader', '--folder', own.broker.home]);
    expect(await giving.confirmed()).toContain(`reader is for programs that work in ${own.broker.home}`);
    expect((await run(own.env, ['status'])).stdout).toContain(
      `reader for programs that work in ${own.broker.home}`,
    );
    using taking = new Terminal(own.env, ['use', '--none', '--folder', own.broker.home]);
    await taking.confirmed();
    expect((await run(own.env, ['status'])).stdout).not.toContain('Folder');
  });

  test('is refused without a terminal, and that is recorded with the program', async () => {
    const { status, stderr } = await run(own.env, ['use', 'reader', '--folder', own.broker.home]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^latchkey: Only a person may give programs in \S+ the profile reader/);
    await isRecorded('refused', 'folders.set');
  });

  test('refuses a folder that there is not', async () => {
    expect(await run(own.env, ['use', 'reader', '--folder', '/nowhere/at/all'])).toMatchObject({ status: 2 });
  });
});

describe('latchkey use', () => {
  test('says that the terminal, or the folder, has another profile all the same', async () => {
    await run(own.env, ['use', 'reader', '--here']);
    expect((await run(own.env, ['use', 'long-reader'])).stdout).toMatch(
      / left\); this terminal has reader \(take it away with: latchkey use --none --here\)\n$/,
    );
    expect((await run(own.env, ['use', 'reader'])).stdout).toMatch(/ left\)\n$/);
    await run(own.env, ['use', '--none', '--here']);
    expect((await run(own.env, ['use', 'long-reader'])).stdout).toMatch(/ left\)\n$/);
    await own.call('folders.set', { folder: process.cwd(), profile: 'reader' });
    expect((await run(own.env, ['use', 'long-reader'])).stdout).toMatch(
      /; this folder has reader, see: latchkey status\n$/,
    );
  });

  /** As a program runs it: with no terminal, also where these tests have one. */
  function useOfProgram() {
    const args = latchkeyArguments(['use', 'guarded']);
    return spawn(process.execPath, args, { env: own.env, detached: true, stdio: 'ignore' });
  }

  const prompts = () =>
    own.broker.service
      .call('state.read', {})
      .then((answer) => ('value' in answer ? stateSchema.parse(answer.value).status.prompts : []));

  test('of a program asks for no code in the quiet time that a person has begun', async () => {
    const first = once(useOfProgram(), 'exit');
    await vi.waitFor(
      async () => {
        expect(await prompts()).toMatchObject([{ cause: 'program', program: expect.any(String) as string }]);
      },
      { timeout: 20_000, interval: 50 },
    );
    await own.call('mfa.cancel', { serial: aliceSerial });
    await first;
    const again = useOfProgram();
    await once(again, 'exit');
    expect(again.exitCode).not.toBe(0);
    expect(await prompts()).toEqual([]);
  });

  test('of a person on a terminal asks for one all the same', async () => {
    using first = new Terminal(own.env, ['use', 'guarded']);
    await first.shows(/MFA code/);
    expect(await prompts()).toMatchObject([{ cause: 'person' }]);
    await own.call('mfa.cancel', { serial: aliceSerial });
    await first.ends();
    using again = new Terminal(own.env, ['use', 'guarded']);
    await again.shows(/MFA code/);
  });
});
