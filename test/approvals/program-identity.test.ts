import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  lstatSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityKey, ProgramIdentities } from '../../main/approvals/program-identity.ts';
import type { ProgramIdentity } from '../../main/clients/access.ts';
import type { Client } from '../../main/platform/ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { needs } from '../platform/needs.ts';
import { clientOf, copyOfBash, isRunning, started, untilItRuns, waiting } from '../clients/client-of.ts';

const onLinux = needs(process.platform === 'linux', 'running programs are read from /proc on Linux only');
/** The interpreter itself, which may stand behind a script of its name that chooses a version. */
const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable, end="")'], {
  encoding: 'utf8',
});
const withPython = needs(python.status === 0, 'no python3 here');
const withNamespaces = needs(
  spawnSync('unshare', ['--mount', '--map-root-user', 'true']).status === 0,
  'no mount namespace can be made here',
);

/** What keeps a program running, as its own script. */
const waits = {
  python: 'import time\ntime.sleep(60)\n',
  node: 'setTimeout(() => {}, 60_000);\n',
  bash: 'read -t 60 < <(:; sleep 60)\n',
  perl: 'sleep 60;\n',
};

let folder: string;
let children: ChildProcess[];
let identities: ProgramIdentities;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-identity-')));
  children = [];
  identities = new ProgramIdentities(systemClock, isRunning);
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

describe.skipIf(onLinux.missing)(`a compiled program${onLinux.note}`, () => {
  test('is known by the path and the hash of its executable', async () => {
    const path = compiled('terraform');
    expect(await identityOf(path, waiting, { stdio: 'pipe' })).toEqual({
      kind: 'executable',
      path,
      sha256: sha256(path),
    });
  });

  test('is known by the file that runs, not by the one that has taken its place', async () => {
    const path = compiled('terraform');
    const sha256Before = sha256(path);
    const child = await start(path, waiting, { stdio: 'pipe' });
    unlinkSync(path);
    writeFileSync(path, 'another program');
    expect(await identities.of(clientOf(child))).toEqual({ kind: 'executable', path, sha256: sha256Before });
  });

  test('is another one once its file has another content', async () => {
    const path = compiled('terraform');
    const before = await identityOf(path, waiting, { stdio: 'pipe' });
    unlinkSync(path);
    compiled('terraform');
    appendFileSync(path, 'x');
    expect(keyOf(await identityOf(path, waiting, { stdio: 'pipe' }))).not.toBe(keyOf(before));
  });

  test('is another one at another path', async () => {
    const [one, other] = [compiled('terraform'), compiled('pulumi')];
    expect(sha256(one)).toBe(sha256(other));
    expect(keyOf(await identityOf(one, waiting, { stdio: 'pipe' }))).not.toBe(
      keyOf(await identityOf(other, waiting, { stdio: 'pipe' })),
    );
  });

  test('is not known where the process has gone on to run another executable', async () => {
    const launcher = compiled('launcher');
    const pid = await start(launcher, ['-c', 'read; exec sleep 60'], { stdio: 'pipe' });
    const client = clientOf(pid);
    expect(client.process.executable).toBe(launcher);
    children.at(-1)?.stdin?.write('\n');
    await untilItRuns(pid, (executable) => executable !== launcher);
    expect(await identities.of(client)).toBeUndefined();
  });

  test('is not known where its pid belongs to another process by now', async () => {
    const client = clientOf(await start(compiled('terraform'), waiting, { stdio: 'pipe' }));
    const earlier = { ...client, process: { ...client.process, start: client.process.start - 1 } };
    expect(await identities.of(earlier)).toBeUndefined();
  });

  test('is not known where it has ended', async () => {
    const client = clientOf(await start(compiled('terraform'), waiting, { stdio: 'pipe' }));
    const [child] = children;
    child?.kill('SIGKILL');
    if (child) await once(child, 'exit');
    expect(await identities.of(client)).toBeUndefined();
  });

  test('is not known where it is Electron by another name, which runs any script', async () => {
    const path = compiled('code');
    write('v8_context_snapshot.bin', 'x');
    expect(await identityOf(path, waiting, { stdio: 'pipe' })).toBeUndefined();
  });

  test('is not known where it passes on what containers or other machines ask', async () => {
    const client = clientOf(
      await start(compiled('carrier'), waiting, { stdio: 'pipe' }),
      {},
      { forwarder: 'Docker' },
    );
    expect(await identities.of(client)).toBeUndefined();
  });

  test.each([
    ...[
      'bash',
      'sh',
      'zsh-5.9',
      'bash-static',
      'python3.11',
      'python3.13t',
      'Python',
      'pypy3',
      'node',
      'node-22',
    ],
    ...['ruby3.2', 'perl5.36.0', 'php8.2', 'lua5.4', 'java', 'deno', 'bun', 'tclsh8.6', 'expect', 'Rscript'],
    ...[
      'pwsh',
      'gawk',
      'mawk',
      'busybox',
      'toybox',
      'ld-linux-x86-64.so.2',
      'ld-musl-x86_64.so.1',
      'libc.so',
    ],
    ...[
      'ld-2.31.so',
      'curl',
      'wget',
      'nc.openbsd',
      'socat',
      'electron',
      'dotnet',
      'beam.smp',
      'vim.basic',
      'gdb',
    ],
  ])('is never %s as such: it runs whatever it is given', async (name) => {
    expect(await identityOf(compiled(name), waiting, { stdio: 'pipe' })).toBeUndefined();
  });
});

describe.skipIf(onLinux.missing)(`a script${onLinux.note}`, () => {
  test.each([
    ['perl', 'deploy.pl', waits.perl],
    [process.execPath, 'deploy.mjs', waits.node],
    ['bash', 'deploy', waits.bash],
  ])('of %s is known by its interpreter, its real path and its hash', expectKnown);

  test.skipIf(withPython.missing)(
    `of Python is known by its interpreter, its real path and its hash${withPython.note}`,
    async () => {
      await expectKnown(python.stdout, 'deploy.py', waits.python);
    },
  );

  async function expectKnown(command: string, name: string, text: string): Promise<void> {
    const script = write(name, text);
    const pid = await start(command, [script]);
    expect(await identities.of(clientOf(pid))).toEqual({
      kind: 'script',
      interpreter: readlinkSync(`/proc/${String(pid)}/exe`),
      options: null,
      script,
      sha256: sha256(script),
    });
  }

  test('is known when it is run by its own name', async () => {
    const script = write('deploy', `#!/usr/bin/env -S perl\n${waits.perl}`);
    chmodSync(script, 0o755);
    expect(await identityOf(script, [])).toMatchObject({ kind: 'script', script });
  });

  test('is the same one by its whole path, from its working folder and by a link', async () => {
    const script = write('deploy.pl', waits.perl);
    symlinkSync('deploy.pl', join(folder, 'link'));
    mkdirSync(join(folder, 'inner'));
    const whole = keyOf(await identityOf('perl', [script]));
    expect(keyOf(await identityOf('perl', ['./deploy.pl'], { cwd: folder }))).toBe(whole);
    expect(keyOf(await identityOf('perl', ['../link'], { cwd: join(folder, 'inner') }))).toBe(whole);
  });

  test.each([
    ['by its name alone', ['deploy.pl']],
    ['with options that may name a file', ['-I.', 'deploy.pl']],
  ])('that goes to another folder is not taken for the one there: %s', async (_case, [option = '', name]) => {
    const text = (then: string) => `${then} $| = 1; print 1; ${waits.perl}`;
    const [good, evil] = [write('good/deploy.pl', text('')), join(folder, 'evil')];
    write('evil/deploy.pl', text(`chdir '${dirname(good)}';`));
    const given = name === undefined ? [option] : [option, join(evil, 'deploy.pl')];
    const pid = await start('perl', given, { cwd: evil, stdio: 'pipe' });
    const output = children.at(-1)?.stdout;
    if (output) await once(output, 'data');
    const client = clientOf(pid);
    expect(client.process.workingFolder).toBe(dirname(good));
    expect(await identities.of(client)).toBeUndefined();
  });

  test('that a link led elsewhere when it was started is not taken for the one in its folder', async () => {
    const [good, evil] = [dirname(write('good/deploy.pl', waits.perl)), join(folder, 'evil')];
    const link = join(folder, 'link');
    write('evil/deploy.pl', `chdir '${good}'; $| = 1; print 1; ${waits.perl}`);
    symlinkSync(evil, link);
    const startedAtMs = lstatSync(link).ctimeMs + 1_001;
    const pid = await start('perl', ['deploy.pl'], { cwd: link, stdio: 'pipe' });
    const output = children.at(-1)?.stdout;
    if (output) await once(output, 'data');
    await changeLater(link, () => {
      unlinkSync(link);
      symlinkSync(good, link);
    });
    expect(await identities.of(clientOf(pid, { startedAtMs }))).toBeUndefined();
  });

  test('is another one once it has another content', async () => {
    const script = write('deploy.pl', waits.perl);
    const before = await identityOf('perl', [script]);
    writeFileSync(script, `# Now it does something else.\n${waits.perl}`);
    expect(keyOf(await identityOf('perl', [script]))).not.toBe(keyOf(before));
  });

  test('that another interpreter runs is another one', async () => {
    const script = write('deploy', 'sleep 60;\n');
    expect(keyOf(await identityOf('perl', [script]))).not.toBe(keyOf(await identityOf('bash', [script])));
  });

  test('with other options before it is another one, since they may load other code', async () => {
    const script = write('deploy.pl', waits.perl);
    const [plain, withOption, again] = [
      await identityOf('perl', [script]),
      await identityOf('perl', ['-MFile::Temp', script]),
      await identityOf('perl', ['-MFile::Temp', script]),
    ];
    expect(keyOf(withOption)).not.toBe(keyOf(plain));
    expect(keyOf(again)).toBe(keyOf(withOption));
  });

  test('with options that may name a file is another one in another folder', async () => {
    const script = write('deploy.pl', waits.perl);
    for (const name of ['one', 'other']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'Hook.pm'), '1;');
    }
    const [one, other] = [
      await identityOf('perl', ['-I.', '-MHook', script], { cwd: join(folder, 'one') }),
      await identityOf('perl', ['-I.', '-MHook', script], { cwd: join(folder, 'other') }),
    ];
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  test('with options that name none is the same one in every folder', async () => {
    const script = write('deploy.pl', waits.perl);
    const here = await identityOf('perl', ['-w', script], { cwd: folder });
    expect(keyOf(await identityOf('perl', ['-w', script], { cwd: '/' }))).toBe(keyOf(here));
  });

  test('keeps nothing of what its options say', async () => {
    const script = write('deploy.sh', waits.bash);
    const identity = await identityOf('bash', ['-o', 'pipefail', script]);
    expect(JSON.stringify(identity)).not.toContain('pipefail');
  });

  test('that was changed after its process began is not what runs', async () => {
    const script = write('deploy.pl', waits.perl);
    const client = await startedJustAfter(script);
    expect(await identities.of(client)).toMatchObject({ script });
    await changeLater(script, () => {
      writeFileSync(script, waits.perl);
    });
    expect(await identities.of(client)).toBeUndefined();
  });

  test('that was changed after its process began is not what runs, with its time put back either', async () => {
    const script = write('deploy.pl', waits.perl);
    const client = await startedJustAfter(script);
    const { atime, mtime } = statSync(script);
    await changeLater(script, () => {
      writeFileSync(script, waits.perl);
      utimesSync(script, atime, mtime);
    });
    expect(await identities.of(client)).toBeUndefined();
  });

  test('that another file took the place of after its process began is not what runs', async () => {
    const script = write('deploy.pl', waits.perl);
    const harmless = write('harmless.pl', waits.perl);
    const client = await startedJustAfter(script);
    await changeLater(harmless, () => {
      renameSync(harmless, script);
      copyFileSync(script, harmless);
    });
    expect(await identities.of(client)).toBeUndefined();
  });

  test('whose link was made to lead elsewhere after its process began is not what runs', async () => {
    const [harmless, evil] = [write('harmless.pl', '# Harmless'), write('evil.pl', waits.perl)];
    const link = join(folder, 'deploy.pl');
    symlinkSync(evil, link);
    const client = await startedJustAfter(link);
    expect(await identities.of(client)).toMatchObject({ script: evil });
    await changeLater(link, () => {
      unlinkSync(link);
      symlinkSync(harmless, link);
    });
    expect(await identities.of(client)).toBeUndefined();
  });

  test('that is named through /proc is not taken for the file of that name in our own folder', async () => {
    const name = 'scripts/layers.mjs';
    expect(readFileSync(name, 'utf8')).not.toBe('');
    mkdirSync(join(folder, 'scripts'));
    const evil = write(name, waits.node);
    symlinkSync('/proc/self/cwd', join(folder, 'cwd'));
    for (const path of [`/proc/self/cwd/${name}`, `${folder}/cwd/${name}`, `/proc/self/root${evil}`])
      expect(await identityOf(process.execPath, [path], { cwd: folder })).toBeUndefined();
  });

  test('that is named by a descriptor is not taken for the file that our own descriptor is', async () => {
    const [ours, theirs] = [write('harmless.pl', '# Harmless'), write('evil.pl', waits.perl)].map((path) =>
      openSync(path, 'r'),
    ) as [number, number];
    try {
      const stdio = Array.from({ length: ours + 1 }, (_, descriptor) =>
        descriptor === ours ? theirs : 'ignore',
      );
      for (const path of [`/dev/fd/${String(ours)}`, `/proc/self/fd/${String(ours)}`])
        expect(await identityOf('perl', [path], { stdio })).toBeUndefined();
    } finally {
      closeSync(ours);
      closeSync(theirs);
    }
  });

  test('that comes out of a pipe with a name is none', async () => {
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    expect(await identityOf('bash', [pipe])).toBeUndefined();
  });

  test.skipIf(withNamespaces.missing)(
    `that is another file to its process than to us is not taken for ours${withNamespaces.note}`,
    async () => {
      const [ours, evil] = [write('deploy.pl', '# Harmless'), write('evil.pl', waits.perl)];
      const pid = await start('unshare', [
        ...['--mount', '--map-root-user', 'sh', '-c'],
        `mount --bind ${evil} ${ours} && exec perl ${ours}`,
      ]);
      await untilItRuns(pid, (executable) => executable.includes('perl'));
      const client = clientOf(pid);
      expect(client.process.commandLine).toEqual(['perl', ours]);
      expect(await identities.of(client)).toBeUndefined();
    },
  );
});

describe.skipIf(onLinux.missing)(`code that is in no script${onLinux.note}`, () => {
  test.each([
    ['bash', ['-c', 'sleep 60; :']],
    ['bash', ['-s', 'deploy.pl']],
    ['bash', ['+s', 'deploy.pl']],
    ['bash', []],
    ['perl', ['-e', 'sleep 60', 'deploy.pl']],
    ['perl', ['-S', 'deploy.pl']],
    ['perl', ['-d', 'deploy.pl']],
    ['perl', []],
    ['node', ['-e', 'setTimeout(() => {}, 60_000)', 'deploy.pl']],
    ['node', ['-', 'deploy.pl']],
    ['node', ['--inspect=0', 'deploy.pl']],
    ['node', []],
  ])('has no identity: %s %j', async (interpreter, options) => {
    const script = write('deploy.pl', interpreter === 'node' ? waits.node : waits.perl);
    // `-S` looks for it in the path, among what can be executed.
    chmodSync(script, 0o755);
    const command = interpreter === 'node' ? process.execPath : interpreter;
    expect(await identityOf(command, options, { cwd: folder, stdio: 'pipe' })).toBeUndefined();
  });

  test
    .skipIf(withPython.missing)
    .each([
      [['-c', 'import time; time.sleep(60)', 'deploy.py']],
      [['-m', 'http.server', '0']],
      [['-i', 'deploy.py']],
      [['-', 'deploy.py']],
      [[]],
    ])(`has no identity: python3 %j${withPython.note}`, async (options) => {
    write('deploy.py', waits.python);
    expect(await identityOf(python.stdout, options, { cwd: folder, stdio: 'pipe' })).toBeUndefined();
  });

  test('has no identity where its folder happens to have a file of a module’s name', async () => {
    const java = compiled('java');
    write('com.example.Main', 'x');
    write('Main.java', 'x');
    const pid = await start(java, waiting, { cwd: folder, stdio: 'pipe' });
    const at = (commandLine: string[]) => identities.of(clientOf(pid, { commandLine }));
    expect(await at(['java', 'com.example.Main'])).toBeUndefined();
    expect(await at(['java', '@options', 'Main.java'])).toBeUndefined();
    expect(await at(['java', '-m', 'Main.java'])).toBeUndefined();
    expect(await at(['java', 'Main.java'])).toMatchObject({ script: join(folder, 'Main.java') });
    expect(await at(['java', '-jar', 'Main.java'])).toMatchObject({ script: join(folder, 'Main.java') });
  });
});

async function identityOf(
  command: string,
  options: readonly string[],
  settings: { cwd?: string; stdio?: StdioOptions } = {},
): Promise<ProgramIdentity | undefined> {
  return identities.of(clientOf(await start(command, options, settings)));
}

function keyOf(identity: ProgramIdentity | undefined): string {
  if (!identity) throw new Error('it has no identity');
  return identityKey(identity);
}

/** Starts a program, which runs its executable when this resolves. */
async function start(
  command: string,
  options: readonly string[],
  { cwd, stdio = 'ignore' }: { cwd?: string; stdio?: StdioOptions } = {},
): Promise<number> {
  // As a shell tells it.
  const env = { ...process.env, PWD: cwd ?? process.cwd(), PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const child = spawn(command, options, { stdio, cwd, env });
  children.push(child);
  const pid = await started(child);
  // `#!/usr/bin/env` runs the interpreter in its place.
  await untilItRuns(pid, (executable) => !executable.endsWith('/env'));
  return pid;
}

/** A process of Perl that runs a script, as though started at the very first moment at which that still counts as older. */
async function startedJustAfter(script: string): Promise<Client> {
  const startedAtMs = lstatSync(script).ctimeMs + 1_001;
  return clientOf(await start('perl', [script]), { startedAtMs });
}

/** Changes a file once the kernel's clock has a later time for that. */
async function changeLater(path: string, change: () => void): Promise<void> {
  const before = lstatSync(path).ctimeMs;
  await until(() => Date.now() > before + 20);
  change();
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(1);
}

function compiled(name: string): string {
  const path = join(folder, name);
  copyOfBash(path);
  return path;
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
