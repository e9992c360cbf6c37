/** What signals do to `latchkey exec`: the program gets each once, whoever it was sent to. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { TypedShell, withShells } from '../fixtures/typed-shell.ts';
import { buildCommand, latchkeyArguments, latchkeyLine } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });
/** In milliseconds: a machine that runs tests may take this long. */
const patience = 10_000;

let own: TestBroker;
beforeAll(async () => {
  await buildCommand();
  own = await startTestBroker();
  await own.call('profiles.use', { name: 'reader' });
}, 240_000);
afterAll(() => own[Symbol.asyncDispose]());

/** A program that says its pid and which signals it gets, outlives them, and ends with 5 at the end of its input. */
function listener(signals: readonly string[]): string {
  return `for (const signal of ${JSON.stringify(signals)}) process.on(signal, () => console.log('got ' + signal));
console.log('pid ' + process.pid);
process.stdin.resume().on('end', () => process.exit(5));`;
}

const all = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTSTP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2'] as const;

/** A process's state (T: stopped) and its parent. */
function told(pid: number): { readonly state: string; readonly parent: number } {
  const command = ['-o', 'state=,ppid=', '-p', String(pid)];
  const [state = '', parent] =
    process.platform === 'linux'
      ? (/\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.slice(1) ?? [])
      : spawnSync('ps', command, { encoding: 'utf8' }).stdout.trim().split(/\s+/);
  return { state: state.slice(0, 1), parent: Number(parent) };
}

function stateOf(pid: number): string {
  return told(pid).state;
}

/** A launch with no terminal, as of a service: in a session of its own. */
function launch(program: string) {
  const child = spawn(
    process.execPath,
    [...latchkeyArguments(['exec', 'reader', '--', process.execPath, '-e', program])],
    {
      env: own.env,
      detached: true,
    },
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, says: async () => (await lines.next()).value as string };
}

describe('a signal that is sent to latchkey alone', () => {
  test.each(all)('%s reaches the program, which may go on', async (signal) => {
    const { child, says } = launch(listener(all));
    expect(await says()).toMatch(/^pid /);
    child.kill(signal);
    expect(await says()).toBe(`got ${signal}`);
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([5, null]);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s ends both where the program does not mind it',
    async (signal) => {
      const { child, says } = launch(listener([]));
      const pid = Number(/\d+/.exec(await says())?.[0]);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([null, signal]);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
  );
});

describe.skipIf(withShells.missing)(`in a terminal${withShells.note}`, () => {
  let shell: TypedShell;
  let pid: number;
  beforeEach(async () => {
    shell = new TypedShell(own.env);
    await shell.shows(/[$#] /);
  });
  afterEach(() => {
    shell[Symbol.dispose]();
  });

  /** Types a launch of a program, and waits until that runs. */
  async function type(program: string): Promise<void> {
    const file = `${own.broker.home}/program.js`;
    await writeFile(file, program);
    shell.type(`${latchkeyLine} exec reader -- ${process.execPath} ${file}\n`);
    pid = Number(/pid (\d+)/.exec(await shell.shows(/pid \d+\r\n/))?.[1]);
  }

  /** The process that the terminal's shell runs: latchkey, the program's parent. */
  function latchkeyPid(): number {
    const { parent } = told(pid);
    // Of no process it would be every one of this group.
    expect(parent).toBeGreaterThan(1);
    return parent;
  }

  test('Ctrl-C reaches the program once', async () => {
    await type(listener(['SIGINT', 'SIGUSR1']));
    shell.type('\u0003');
    await shell.shows(/got SIGINT\r\n/);
    // Signals that are passed on come in their order: a second SIGINT would come first.
    process.kill(latchkeyPid(), 'SIGUSR1');
    expect(await shell.shows(/got SIGUSR1\r\n/)).not.toContain('SIGINT');
    shell.type('\u0004');
    shell.type('echo status $?\n');
    await shell.shows(/status 5\r\n/);
  });

  test('Ctrl-C ends a program that does not mind it, and the shell sees that', async () => {
    await type(listener([]));
    shell.type('\u0003');
    await shell.shows(/[$#] /);
    shell.type('echo status $?\n');
    await shell.shows(/status 130\r\n/);
  });

  test('Ctrl-Z stops both, as one job, and fg goes on with both', async () => {
    await type(listener(['SIGINT']));
    const latchkey = latchkeyPid();
    shell.type('\u001a');
    await shell.shows(/Stopped[^]*[$#] /);
    expect([stateOf(pid), stateOf(latchkey)]).toEqual(['T', 'T']);
    shell.type('fg\n');
    await vi.waitFor(() => expect([stateOf(pid), stateOf(latchkey)]).not.toContain('T'), patience);
    shell.type('\u0003');
    await shell.shows(/got SIGINT\r\n/);
    shell.type('\u0004');
    await shell.shows(/[$#] /);
  });

  test('Ctrl-Z does nothing to latchkey where the program ignores it', async () => {
    await type(listener(['SIGTSTP', 'SIGINT']));
    shell.type('\u001a');
    await shell.shows(/got SIGTSTP\r\n/);
    shell.type('\u0003');
    await shell.shows(/got SIGINT\r\n/);
    shell.type('\u0004');
    await shell.shows(/[$#] /);
  });

  test('SIGTSTP to a latchkey in the background stops both, and SIGCONT goes on with both', async () => {
    await type(listener([]));
    shell.type('\u001a');
    await shell.shows(/Stopped[^]*[$#] /);
    const latchkey = latchkeyPid();
    shell.type('bg\n');
    await vi.waitFor(() => expect([stateOf(pid), stateOf(latchkey)]).not.toContain('T'), patience);
    process.kill(latchkey, 'SIGTSTP');
    await vi.waitFor(() => expect([stateOf(pid), stateOf(latchkey)]).toEqual(['T', 'T']), patience);
    process.kill(latchkey, 'SIGCONT');
    await vi.waitFor(() => expect(stateOf(pid)).not.toBe('T'), patience);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), patience);
  });
});
