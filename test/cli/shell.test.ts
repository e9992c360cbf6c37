import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { temporaryHome } from '../fixtures/core.ts';
import { TypedShell, withShells } from '../fixtures/typed-shell.ts';
import { needs } from '../platform/needs.ts';
import { buildCommand, latchkeyArguments, run } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
let person: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  own = await startTestBroker();
  person = await temporaryHome();
  env = { ...own.env, HOME: person.path, ZDOTDIR: undefined, XDG_CONFIG_HOME: undefined };
});
afterEach(async () => {
  await own[Symbol.asyncDispose]();
  await person[Symbol.asyncDispose]();
});

interface Kind {
  readonly name: string;
  readonly settings: string;
  /** What a person may have in there that would lead away from the profile, a prompt, and a mark that it was read. */
  readonly text: string;
  readonly prints: string;
  /** Its own pid. */
  readonly pid: string;
}

const posix = 'export AWS_PROFILE=other AWS_REGION=us-west-2 READ_IT=yes';
const printsPosix = 'echo "<$AWS_PROFILE $AWS_REGION $READ_IT ${AWS_CONTAINER_AUTHORIZATION_TOKEN:+token}>"';
const kinds: readonly Kind[] = [
  {
    name: 'bash',
    settings: '.bashrc',
    text: `${posix}\nPROMPT_COMMAND='PS1="mine> "'`,
    prints: printsPosix,
    pid: '$$',
  },
  {
    name: 'zsh',
    settings: '.zshrc',
    text: `${posix}\nprecmd() { PROMPT='mine> ' }`,
    prints: printsPosix,
    pid: '$$',
  },
  {
    name: 'fish',
    settings: '.config/fish/config.fish',
    text: 'set -gx AWS_PROFILE other; set -gx AWS_REGION us-west-2; set -gx READ_IT yes\nfunction fish_prompt; echo -n "mine> "; end',
    pid: '$fish_pid',
    prints:
      'echo "<$AWS_PROFILE $AWS_REGION $READ_IT" (set -q AWS_CONTAINER_AUTHORIZATION_TOKEN; and echo "token")">"',
  },
];

describe.skipIf(withShells.missing)(`latchkey shell${withShells.note}`, () => {
  for (const { name, settings, text, prints, pid } of kinds) {
    const program = spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim();
    const there = needs(program !== '', `there is no ${name} here`);
    test.skipIf(there.missing)(
      `marks the prompt of ${name} and holds the profile, whatever its own settings do${there.note}`,
      async () => {
        const file = join(person.path, settings);
        spawnSync('mkdir', ['-p', join(file, '..')]);
        await writeFile(file, `${text}\n`);
        // fish makes them in the background where they are missing, for as long as it likes.
        spawnSync('mkdir', ['-p', join(person.path, '.local/share/fish/generated_completions')]);
        const command = [process.execPath, ...latchkeyArguments(['shell', 'reader'])];
        using terminal = new TypedShell({ ...env, SHELL: program }, command);
        await terminal.shows(/\(latchkey reader\) .*mine> /);
        terminal.type(`${prints}\n`);
        expect((await terminal.shows(/<[^$>]* [^$>]* [^$>]*>/)).replaceAll(/.*</gs, '<')).toBe(
          '< eu-central-1 yes token>',
        );
        // Also after the first command, and once only.
        await terminal.shows(/\(latchkey reader\) mine> /);
        // The token is in no file and no argument.
        const found = join(person.path, 'found');
        const places = `${own.broker.home}/run/latchkey /proc/${pid}/cmdline`;
        terminal.type(`grep -rlsF -e "$AWS_CONTAINER_AUTHORIZATION_TOKEN" ${places} >${found}.new\n`);
        terminal.type(`mv ${found}.new ${found}\n`);
        await vi.waitFor(async () => expect(await readFile(found, 'utf8')).toBe(''), 20_000);
        terminal.type('exit\n');
        await terminal.closes();
      },
    );
  }

  test('marks the prompt of a shell that takes it from its environment', async () => {
    const command = [process.execPath, ...latchkeyArguments(['shell', 'reader'])];
    using terminal = new TypedShell({ ...env, SHELL: '/bin/sh' }, command);
    await terminal.shows(/\(latchkey reader\) [$] /);
    terminal.type('exit\n');
    await terminal.closes();
  });
});

describe('latchkey shell', () => {
  const script = 'echo "$LATCHKEY_PROFILE"; exit 4\n';

  test('reads a script from standard input as the shell does, and ends with its status', async () => {
    expect(await run({ ...env, SHELL: '/bin/sh' }, ['shell', 'reader'], script)).toEqual({
      status: 4,
      stdout: 'reader\n',
      stderr: '',
    });
  });

  test('is not started in another one, which it names', async () => {
    const { status, stdout, stderr } = await run(
      { ...env, LATCHKEY_PROFILE: 'billing' },
      ['shell', 'reader'],
      script,
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^latchkey: this runs with the profile billing already; leave that first \(exit\)/,
    );
  });
});
