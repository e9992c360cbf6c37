import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { linesFor, shells } from '../../main/cli/shell-lines.ts';
import { needs } from '../platform/needs.ts';
import { buildCommand, hasTerminal, latchkeyLine, run, Terminal } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

const withTerminal = needs(hasTerminal(), 'no Python here, which makes the terminals: install python3');

let own: TestBroker;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  await buildCommand();
  own = await startTestBroker();
  env = { ...own.env, NO_PROXY: undefined, no_proxy: undefined };
}, 240_000);
afterAll(() => own[Symbol.asyncDispose]());

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What a shell has after the lines, of these variables. */
function evaluated(
  program: string,
  lines: string,
  names: readonly string[],
  set: NodeJS.ProcessEnv,
): string[] {
  const print = names.map((name) => `printenv ${name} || echo none`).join('\n');
  const fishPrint = names.map((name) => `printenv ${name}; or echo none`).join('\n');
  const script = `${lines}\n${program === 'fish' ? fishPrint : print}\n`;
  const { stdout, stderr } = spawnSync(program, ['-c', script], { encoding: 'utf8', env: set });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

const programs = [
  { shell: 'sh', program: 'sh' },
  { shell: 'sh', program: 'zsh' },
  { shell: 'fish', program: 'fish' },
].map((each) => ({
  ...each,
  there: needs(spawnSync(each.program, ['-c', 'true']).status === 0, `there is no ${each.program} here`),
}));

const names = [
  'AWS_EC2_METADATA_SERVICE_ENDPOINT',
  'AWS_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'NO_PROXY',
  'no_proxy',
];

describe('latchkey env', () => {
  for (const { shell, program, there } of programs) {
    test.skipIf(there.missing)(
      `points the SDKs of ${program} at the endpoint, and undoes that${there.note}`,
      async () => {
        const before = { ...env, AWS_PROFILE: 'other', AWS_ACCESS_KEY_ID: 'x', NO_PROXY: "it's.example" };
        const { stdout, stderr } = await run(before, ['env', '--shell', shell]);
        expect(stderr).toBe('');
        const { url } = own.broker.endpoint;
        const exceptions = "it's.example,127.0.0.1";
        expect(evaluated(program, stdout, names, before)).toEqual([
          url,
          'none',
          'none',
          exceptions,
          exceptions,
        ]);
        const after = {
          ...env,
          AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
          NO_PROXY: exceptions,
          no_proxy: '127.0.0.1',
        };
        const undone = await run(after, ['env', '--unset', '--shell', shell]);
        expect(evaluated(program, undone.stdout, names, after)).toEqual([
          'none',
          'none',
          'none',
          "it's.example",
          'none',
        ]);
      },
    );
  }

  test('writes the lines of the shell that it is typed in', async () => {
    // Not synchronously: the broker is in this process.
    const typed = async (shell: string) => {
      const child = spawn(shell, ['-c', `${latchkeyLine} env; true`], { env });
      return text(child.stdout);
    };
    expect(await typed('sh')).toMatch(/^export AWS_EC2_METADATA_SERVICE_ENDPOINT=http/m);
    const fish = programs.find(({ program }) => program === 'fish')?.there;
    if (fish?.missing === false)
      expect(await typed('fish')).toMatch(/^set -gx AWS_EC2_METADATA_SERVICE_ENDPOINT '/m);
  });

  test.skipIf(withTerminal.missing)(
    `says on a terminal how to have the lines run that it was asked for${withTerminal.note}`,
    async () => {
      using plain = new Terminal(env, ['env', '--shell', 'sh']);
      await plain.shows(/# To have it done: eval "\$\(latchkey env --shell sh\)"\r\n/);
      using undoing = new Terminal(env, ['env', 'reader', '--unset', '--shell', 'fish']);
      await undoing.shows(/# To have it done: latchkey env reader --shell fish --unset \| source\r\n/);
    },
  );

  test('of a profile with a port of its own leads there, with its region', async () => {
    const port = await freePort();
    await own.call('profiles.save', {
      profile: {
        name: 'with-port',
        roleArn: 'arn:aws:iam::444455556666:role/LongReader',
        base: { key: 'work' },
        region: 'eu-west-3',
        port,
      },
    });
    await vi.waitFor(async () => {
      const { stdout } = await run(env, ['env', 'with-port', '--shell', 'sh']);
      expect(stdout).toContain(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:${port}/\n`);
      expect(stdout).toContain('export AWS_REGION=eu-west-3\n');
    }, 20_000);
    expect((await run(env, ['env', 'with-port', '--unset', '--shell', 'sh'])).stdout).toMatch(
      /^unset .*AWS_REGION/,
    );
  });

  test('of another profile names the ways that there are, and prints nothing', async () => {
    const { status, stdout, stderr } = await run(env, ['env', 'reader']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^latchkey: reader has no port of its own; use latchkey exec reader -- COMMAND/);
  });

  test('knows its shells only', async () => {
    const { status, stderr } = await run(env, ['env', '--shell', 'tcsh']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/--shell must be one of sh, fish, powershell, cmd, not "tcsh"/);
  });

  test('undoes its lines also where Latchkey does not run', async () => {
    const elsewhere = { ...env, LATCHKEY_HOME: `${own.broker.home}/nothing` };
    expect(await run(elsewhere, ['env', '--unset', '--shell', 'sh'])).toMatchObject({ status: 0 });
    expect(await run(elsewhere, ['env'])).toMatchObject({ status: 3, stdout: '' });
  });
});

describe('the lines of a shell', () => {
  const change = { NAME: `it's "a" $b \`c\` \\d; e`, OTHER: undefined };

  test('are its own', () => {
    expect(linesFor('powershell', change)).toEqual([
      'Remove-Item -ErrorAction Ignore Env:OTHER',
      `$Env:NAME = 'it''s "a" $b \`c\` \\d; e'`,
    ]);
    expect(linesFor('cmd', { NAME: 'a & b', OTHER: undefined })).toEqual([
      'set "OTHER="',
      'set "NAME=a & b"',
    ]);
  });

  test.each(programs.filter(({ there }) => !there.missing))(
    'do not run what a value holds ($program)',
    ({ shell, program }) => {
      const known = shells.find((each) => each === shell) ?? 'sh';
      const [value] = evaluated(program, linesFor(known, change).join('\n'), ['NAME'], {
        PATH: process.env['PATH'],
      });
      expect(value).toBe(change.NAME);
    },
  );

  test.each([
    ['cmd', '%PATH%'],
    ['cmd', 'a" & calc & "'],
    ['sh', 'a\nb'],
    ['powershell', 'a\rb'],
  ] as const)('of %s are refused for %j', (shell, value) => {
    expect(() => linesFor(shell, { NAME: value })).toThrow('cannot be written');
  });
});
