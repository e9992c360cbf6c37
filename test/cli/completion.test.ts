/** Completion, by the shells themselves, of a command that is on the path as npm links it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { needs } from '../platform/needs.ts';
import { buildCommand, run } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let own: TestBroker;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  await buildCommand();
  own = await startTestBroker();
  await own.call('profiles.save', {
    profile: {
      name: 'team@home=1',
      roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
      base: { key: 'work' },
      region: 'eu-central-1',
    },
  });
  const bin = join(own.broker.home, 'bin');
  await mkdir(bin);
  await mkdir(join(own.broker.home, 'a-folder'));
  await writeFile(join(own.broker.home, 'a-file'), '');
  const command = fileURLToPath(new URL('../../dist/command/latchkey.cjs', import.meta.url));
  await writeFile(join(bin, 'latchkey'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`);
  await chmod(join(bin, 'latchkey'), 0o755);
  env = { ...own.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, HOME: own.broker.home };
}, 240_000);
afterAll(() => own[Symbol.asyncDispose]());

/** What `latchkey` itself offers, in the form that shells ask in. */
async function offered(typed: string, ...before: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await run(env, ['__complete', `:${typed}`, ...before]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');
}

describe('what is offered', () => {
  test.each<[typed: string, before: string[], candidates: string[]]>([
    ['pro', [], ['profiles', 'profile']],
    ['pro', ['help'], ['profiles', 'profile']],
    ['', ['audit'], ['tail', 'export', 'verify']],
    ['re', ['use'], ['reader', 'refused']],
    ['', ['use', 'reader'], []],
    ['--f', ['use'], ['--fresh-code', '--folder']],
    ['--j', ['token'], ['--json']],
    ['', ['use', '--folder'], [':folders']],
    ['re', ['use', '--folder', '/tmp'], ['reader', 'refused']],
    ['', ['use', '--here', 'reader'], []],
    ['', ['token', 'add', 'build', '--file'], [':files']],
    ['lo', ['token', 'add', 'build'], ['long-reader']],
    ['', ['key', 'remove'], ['work']],
    ['', ['audit', 'tail', '-n'], []],
    ['', ['profile', 'edit', 'reader', '--mfa-mode'], ['session', 'direct']],
    ['--base-key=w', ['profile', 'edit', 'reader'], ['--base-key=work']],
    ['z', ['completion'], ['zsh']],
    ['', ['exec', 'reader', '--'], [':command']],
    ['', ['exec', 'reader', '--', 'terraform'], [':files']],
    ['', ['constructor'], []],
    ['', ['audit', 'mend'], []],
  ])('for %j after %j', async (typed, before, candidates) => {
    expect(await offered(typed, ...before)).toEqual(candidates);
  });

  test('is every command, with what it does', async () => {
    const { stdout } = await run(env, ['__complete', ':']);
    expect(stdout).toMatch(/^lock\tdrop every session, and serve nothing until it is unlocked$/m);
    expect(stdout).not.toContain('__complete');
  });

  test('is nothing, and nothing is said, where no broker runs', async () => {
    const nowhere = { ...env, LATCHKEY_HOME: '/nowhere/at/all', XDG_RUNTIME_DIR: '/nowhere/at/all' };
    expect(await run(nowhere, ['__complete', ':', 'use'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((await run(nowhere, ['__complete', ':--f', 'use'])).stdout).toContain('--folder');
  });
});

/** Runs a shell that is given a script by standard input, and gives what it printed. */
async function shell(program: string, args: readonly string[], script: string): Promise<string> {
  const child = spawn(program, args, { env, cwd: own.broker.home });
  child.stdin.end(script);
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  expect(stderr).toBe('');
  return stdout;
}

function has(program: string) {
  return needs(spawnSync(program, ['--version']).status === 0, `${program} is not installed`);
}

/** A shell on a terminal, to which a line is typed and then the tabulator; what it shows after that. */
async function typedInto(
  program: string,
  args: readonly string[],
  setUp: string,
  line: string,
): Promise<string> {
  const source = `
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[3], sys.argv[3:])
shown = b''
def wait(text):
    global shown
    end = time.time() + 40
    while text not in shown:
        if time.time() > end: sys.exit('it did not show ' + repr(text) + ': ' + repr(shown))
        if select.select([terminal], [], [], 1)[0]: shown += os.read(terminal, 4096)
# In two parts, so that what is typed is not taken for the prompt.
os.write(terminal, sys.argv[1].encode() + b'; PS1=pro""mpt:\\n'); wait(b'prompt:')
shown = b''
os.write(terminal, sys.argv[2].encode() + b'\\tEND'); wait(b'END')
os.write(1, shown)
`;
  const child = spawn('python3', ['-c', source, setUp, line, program, ...args], {
    env: { ...env, TERM: 'dumb' },
    cwd: own.broker.home,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return asShown(await text(child.stdout));
}

/** What a terminal shows of a line: shells go back and write over what they change. */
function asShown(written: string): string {
  const shown: string[] = [];
  let column = 0;
  for (const character of written)
    if (character === '\b') column -= 1;
    else if (character === '\r') column = 0;
    else if (character >= ' ') shown[column++] = character;
  return shown.join('');
}

describe('bash', () => {
  const bash = has('bash');
  const python = has('python3');

  /** What its own completion makes of a line. */
  const completed = (line: string): Promise<string> =>
    shell(
      'bash',
      ['--norc', '--noprofile'],
      `source <(latchkey completion bash)
COMP_LINE='${line}' COMP_POINT=\${#COMP_LINE}
IFS=' ' read -ra COMP_WORDS <<< "$COMP_LINE"; [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_latchkey latchkey "\${COMP_WORDS[COMP_CWORD]}" ''; printf '%s\\n' "\${COMPREPLY[@]}"
`,
    );

  test.skipIf(bash.missing)(`completes profiles, actions and options${bash.note}`, async () => {
    expect(await completed('latchkey use re')).toBe('reader\nrefused\n');
    expect(await completed('latchkey tok')).toBe('token\n');
    expect(await completed('latchkey audit ')).toBe('tail\nexport\nverify\n');
    expect(await completed('latchkey exec reader -- bas')).toMatch(/^bash$/m);
  });

  test.skipIf(bash.missing)(`runs no other program than latchkey for it${bash.note}`, async () => {
    const other = join(own.broker.home, 'other');
    await writeFile(other, `#!/bin/sh\ntouch '${other}-ran'\n`, { mode: 0o755 });
    await completed(`${other} use re`);
    await expect(access(`${other}-ran`)).rejects.toThrow('ENOENT');
  });

  test.skipIf(bash.missing || python.missing)(
    `completes on a terminal, also names with characters at which it cuts words${bash.note}${python.note}`,
    async () => {
      const setUp = 'source <(latchkey completion bash)';
      const args = ['--norc', '--noprofile', '-i'];
      expect(await typedInto('bash', args, setUp, 'latchkey use long')).toContain(
        'latchkey use long-reader END',
      );
      expect(await typedInto('bash', args, setUp, 'latchkey use team@h')).toContain('use team@home=1 END');
      expect(await typedInto('bash', args, setUp, 'latchkey use --folder a-f')).toContain(
        '--folder a-folder/END',
      );
    },
  );
});

describe('zsh', () => {
  const zsh = has('zsh');
  const python = has('python3');

  test.skipIf(zsh.missing || python.missing)(
    `completes profiles, actions and folders on a terminal${zsh.note}${python.note}`,
    async () => {
      const setUp = 'autoload -Uz compinit && compinit -u -D; source <(latchkey completion zsh)';
      const args = ['-f', '-i'];
      expect(await typedInto('zsh', args, setUp, 'latchkey use long')).toContain('long-reader END');
      expect(await typedInto('zsh', args, setUp, 'latchkey audit ver')).toContain('verify END');
      expect(await typedInto('zsh', args, setUp, 'latchkey use --folder a-f')).toContain('a-folder/END');
    },
  );
});

describe('fish', () => {
  const fish = has('fish');

  const completed = async (line: string): Promise<string[]> => {
    const script = `latchkey completion fish | source; complete -C '${line}'`;
    return (await shell('fish', ['--no-config', '-c', script], '')).trim().split('\n');
  };

  test.skipIf(fish.missing)(
    `completes profiles, actions and folders, with what they are${fish.note}`,
    async () => {
      expect(await completed('latchkey use re')).toEqual([
        'reader\tReader in 444455556666',
        'refused\tNamesBobAbroad in 444455556666',
      ]);
      expect(await completed('latchkey use ')).toContain('guarded\tGuarded in 444455556666');
      expect((await completed('latchkey audit ver'))[0]).toMatch(/^verify\t/);
      expect((await completed('latchkey use --folder a-f'))[0]).toMatch(/^a-folder\//);
    },
  );
});

// No distribution has it, so that it cannot be required.
if (spawnSync('pwsh', ['-Version']).status === 0)
  test('PowerShell completes profiles', async () => {
    const script = `latchkey completion powershell | Out-String | Invoke-Expression
(TabExpansion2 'latchkey use re' 15).CompletionMatches | ForEach-Object { $_.CompletionText }
`;
    expect((await shell('pwsh', ['-NoProfile', '-Command', '-'], script)).trim().split(/\r?\n/)).toEqual([
      'reader',
      'refused',
    ]);
  });
else console.warn('not run: PowerShell’s completion, since pwsh is not installed');

test('there is none for other shells, and it says for which there is', async () => {
  const refused = await run(env, ['completion', 'ksh']);
  expect(refused).toMatchObject({ status: 2, stdout: '' });
  expect(refused.stderr).toContain('there is none for "ksh"; there is bash, zsh, fish, powershell');
});
