/** What only a person may do, by the built command on real terminals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { stateSchema } from '../../preload/contract.ts';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { buildCommand, latchkeyArguments, run, Terminal } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

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
    const first = useOfProgram();
    await vi.waitFor(
      async () => {
        expect(await prompts()).toMatchObject([{ cause: 'program', program: expect.any(String) as string }]);
      },
      { timeout: 20_000, interval: 50 },
    );
    await own.call('mfa.cancel', { serial: aliceSerial });
    await once(first, 'exit');
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
