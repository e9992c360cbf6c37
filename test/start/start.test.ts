import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildStale, root } from '../../scripts/build.mjs';
import { findDesktop, findElectron, versionWarning } from '../../scripts/desktop.mjs';
import { startApp, type App, type Ending } from '../../scripts/launch.mjs';
import { personEnvironment, run, start } from '../end-to-end/run-demo.ts';

let folder: string;
beforeAll(async () => {
  await buildStale(['client', 'main', 'command', 'preload', 'demo']);
}, 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The environment of a program, without a display and with a data folder of its own. */
function environment(): NodeJS.ProcessEnv {
  const { DISPLAY: _x, WAYLAND_DISPLAY: _wayland, ...env } = personEnvironment();
  return { ...env, LATCHKEY_HOME: join(folder, 'home'), TMPDIR: folder };
}

/** Puts a program of shell commands at a path below the test's folder. */
async function program(path: string, commands: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${commands}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('npm start', () => {
  test.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['--port', '65536'], "--port must be a number from 0 to 65535 (0: any free one), not '65536'"],
    [['--port', 'http'], "not 'http'"],
    [['--port'], 'argument missing'],
    [['--port', '-1'], "Option '--port' argument is ambiguous; it understands"],
    [['--port=-1'], "not '-1'"],
    [['--secrets', 'disk'], "--secrets must be keychain or memory, not 'disk'"],
    [['demo'], "Unexpected argument 'demo'"],
    [['--ready-file', '/nowhere/at/all'], '--ready-file must be the path of a file in a folder that exists'],
    [['--ready-file', '/'], '--ready-file must be the path of a file in a folder that exists'],
  ])('refuses %j in one line, with status 2', async (args, told) => {
    const { status, stdout, stderr } = await run(
      process.execPath,
      ['scripts/start.mjs', ...args],
      environment(),
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(told);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('says so where npm has taken an option for itself', async () => {
    const { status, stderr } = await run('npm', ['--silent', 'start', '--headless'], environment());
    expect(status).toBe(2);
    expect(stderr).toContain('npm took --headless for itself');
  });

  test('goes on without a desktop where there is no display, says why in one line, and ends with status 0', async () => {
    const readyFile = join(folder, 'ready.json');
    const args = ['scripts/start.mjs', '--port', '0', '--secrets', 'memory', '--ready-file', readyFile];
    const { child, finished } = start(process.execPath, args, environment());
    const ready = await vi.waitFor(() => readFile(readyFile, 'utf8'), 20_000);
    expect(JSON.parse(ready)).toMatchObject({ home: join(folder, 'home') });
    child.kill('SIGTERM');
    const { status, stdout, stderr } = await finished;
    expect(status).toBe(0);
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/#/);
    expect(stdout).toContain('Access keys are kept in memory');
    expect(stderr).toBe(
      process.platform === 'linux'
        ? 'Latchkey goes on without a desktop: there is no display (DISPLAY and WAYLAND_DISPLAY are not set).\n'
        : '',
    );
  }, 30_000);
});

describe('npm run demo', () => {
  test('refuses --secrets, for it always keeps them in memory', async () => {
    const args = ['scripts/demo.mjs', '--secrets', 'memory'];
    const { status, stdout, stderr } = await run(process.execPath, args, environment());
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /^npm run demo: --secrets is not for the demo, which always keeps them in memory; [^\n]*\n$/,
    );
  });

  test.skipIf(process.platform === 'win32')(
    'says in one line that its broker was killed, and ends with what a shell ends with then',
    async () => {
      const readyFile = join(folder, 'ready.json');
      const args = ['scripts/demo.mjs', '--headless', '--port', '0', '--ready-file', readyFile];
      const { finished } = start(process.execPath, args, environment());
      const ready = await vi.waitFor(() => readFile(readyFile, 'utf8'), 20_000);
      process.kill((JSON.parse(ready) as { pid: number }).pid, 'SIGKILL');
      const { status, stderr } = await finished;
      expect({ status, stderr }).toEqual({ status: 137, stderr: 'Latchkey was killed (SIGKILL).\n' });
    },
    30_000,
  );

  test('has a script that prints one line, whatever the SDK thinks of this Node', async () => {
    const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: _warning, ...env } = environment();
    const { status, stdout, stderr } = await run(process.execPath, ['dist/demo/whoami.js'], {
      ...env,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      AWS_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1/',
      AWS_MAX_ATTEMPTS: '1',
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });
});

test.each([
  ['start', 'npm start', true],
  ['demo', 'npm run demo', false],
])('scripts/%s.mjs --help prints how %s is used', async (script, command, hasSecrets) => {
  const { status, stdout, stderr } = await run(
    process.execPath,
    [`scripts/${script}.mjs`, '--help'],
    environment(),
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain(`Usage: ${command} -- [--headless] [--port N] [--ready-file FILE]`);
  expect(stdout.includes('--secrets')).toBe(hasSecrets);
});

test('npm run package warns where another Electron is given than the project declares', () => {
  expect(versionWarning('44.0.0', '45.4.1')).toBe(
    'ELECTRON_OVERRIDE_DIST_PATH has Electron 44.0.0, and package.json wants 45.4.1: 44.0.0 is used.',
  );
  expect(versionWarning('45.4.1', '45.4.1')).toBeUndefined();
  expect(versionWarning('0.0.1')).toMatch(/package\.json wants \d+\.\d+\.\d+:/);
});

describe('Electron is found', () => {
  test('in the folder of ELECTRON_OVERRIDE_DIST_PATH', async () => {
    const executable = await program('electron', '');
    expect(findElectron({ ELECTRON_OVERRIDE_DIST_PATH: folder })).toEqual({ executable });
  });

  test('nowhere, where that folder holds none', () => {
    const { obstacle } = { obstacle: '', ...findElectron({ ELECTRON_OVERRIDE_DIST_PATH: folder }) };
    expect(obstacle).toContain(`there is no Electron at ${folder}`);
  });

  /** An `electron` package like the real one, whose installer does as it is told. */
  async function electronPackage(installer: string): Promise<string> {
    await writeFile(join(folder, 'package.json'), '{ "version": "45.4.1" }');
    await writeFile(join(folder, 'install.js'), installer);
    return folder;
  }

  test('after its package has downloaded it', async () => {
    const installed = await electronPackage(`
      const { mkdirSync, writeFileSync } = require('node:fs');
      mkdirSync(__dirname + '/dist/inner', { recursive: true });
      writeFileSync(__dirname + '/dist/inner/electron', '');
      writeFileSync(__dirname + '/path.txt', 'inner/electron');
    `);
    expect(findElectron({}, installed)).toEqual({ executable: join(installed, 'dist/inner/electron') });
  });

  test('nowhere, with the reason in one line, where it cannot be downloaded', async () => {
    const installed = await electronPackage(`throw new TypeError('fetch failed')`);
    expect(findElectron({}, installed)).toEqual({
      obstacle: 'Electron 45.4.1 could not be downloaded (TypeError: fetch failed)',
    });
  });
});

describe.runIf(process.platform === 'linux')('On Linux a desktop', () => {
  /** With an Electron, and an `unshare` in the place of the kernel's answer. */
  async function machine(unshare: string): Promise<NodeJS.ProcessEnv> {
    await program('electron', '');
    await program('bin/unshare', unshare);
    return { DISPLAY: ':0', ELECTRON_OVERRIDE_DIST_PATH: folder, PATH: join(folder, 'bin') };
  }

  test('is there with a display, an Electron and user namespaces', async () => {
    expect(findDesktop(await machine('exit 0'), 1000)).toEqual({ executable: join(folder, 'electron') });
  });

  test("is not there as root, since Chromium's sandbox is not", async () => {
    expect(findDesktop(await machine('exit 0'), 0)).toEqual({
      obstacle: "Chromium's sandbox cannot be had as root",
    });
  });

  test('is not there without user namespaces', async () => {
    expect(findDesktop(await machine('exit 1'), 1000)).toEqual({
      obstacle: expect.stringContaining('no unprivileged user namespaces') as unknown,
    });
  });

  test('is not there without a display', async () => {
    expect(findDesktop({ ...(await machine('exit 0')), DISPLAY: '' }, 1000)).toEqual({
      obstacle: 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)',
    });
  });
});

describe.skipIf(process.platform === 'win32')('An Electron that', () => {
  /** Starts the app with this in Electron's place; what headless prints goes where the tests' output goes. */
  async function startWith(electron: string): Promise<App & { readyFile: string; told: () => string }> {
    const executable = await program('electron', electron);
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const readyFile = join(folder, 'ready.json');
    const app = startApp({
      headless: false,
      args: ['--port', '0', '--secrets', 'memory'],
      env: environment(),
      readyFile,
      desktop: () => ({ executable }),
    });
    return { ...app, readyFile, told: () => told.mock.calls.flat().join('\n') };
  }

  /** Waits until the app serves without a desktop, and ends it. */
  async function endOnceServing({ readyFile, end, ended }: App & { readyFile: string }): Promise<Ending> {
    await vi.waitFor(() => readFile(readyFile), 20_000);
    end('SIGTERM');
    return ended;
  }

  test.each([
    [
      'dies of a fault of its own',
      'echo "[1:1122/054020.14:FATAL:setuid_sandbox_host.cc(163)] The SUID sandbox helper is not right." >&2; kill -TRAP $$',
      'Electron ended at once (The SUID sandbox helper is not right.)',
    ],
    ['dies without a word', 'kill -SEGV $$', 'Electron ended at once (SIGSEGV)'],
    [
      'lacks a library',
      'echo "electron: error while loading shared libraries: libnss3.so: no such file" >&2; exit 127',
      'libnss3.so: no such file',
    ],
  ])(
    '%s is done without, for that reason',
    async (_what, electron, reason) => {
      const app = await startWith(electron);
      expect(await endOnceServing(app)).toEqual({ code: 0, signal: null });
      expect(app.told()).toContain(`Latchkey goes on without a desktop: `);
      expect(app.told()).toContain(reason);
      expect(app.told().split('\n')).toHaveLength(1);
    },
    30_000,
  );

  test('cannot be executed is done without, for that reason', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const readyFile = join(folder, 'ready.json');
    const app = startApp({
      headless: false,
      args: ['--port', '0', '--secrets', 'memory'],
      env: environment(),
      readyFile,
      desktop: () => ({ executable: join(root, 'package.json') }),
    });
    expect(await endOnceServing({ ...app, readyFile })).toEqual({ code: 0, signal: null });
    expect(told.mock.calls.flat().join()).toContain('Electron cannot be run');
  }, 30_000);

  test('ends with a status of its own, because the app told why it cannot start, ends all with that', async () => {
    const app = await startWith('echo "Port 9254 is taken" >&2; exit 3');
    expect(await app.ended).toEqual({ code: 3, signal: null });
    expect(app.told()).toBe('');
  });

  test('dies after the app has served ends all with that', async () => {
    const app = await startWith(`echo '{}' > '${join(folder, 'ready.json')}'; kill -SEGV $$`);
    expect(await app.ended).toEqual({ code: null, signal: 'SIGSEGV' });
  });

  test('is asked to end gets the signal, once', async () => {
    const app = await startWith(
      `trap 'echo got >> "${folder}/signals"; exit 0' INT; echo '{}' > '${join(folder, 'ready.json')}'; while :; do sleep 0.1; done`,
    );
    await vi.waitFor(() => readFile(app.readyFile), 20_000);
    app.end('SIGINT');
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(await readFile(join(folder, 'signals'), 'utf8')).toBe('got\n');
  });
});
