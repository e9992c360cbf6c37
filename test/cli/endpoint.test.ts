import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { emptyConfiguration } from '../../main/configuration/configuration.ts';
import { linuxLinkLocal } from '../../main/platform/link-local-linux.ts';
import { Resources } from '../../main/resources.ts';
import { root } from '../../scripts/build.mjs';
import { temporaryHome } from '../fixtures/core.ts';
import { needs } from '../platform/needs.ts';
import { networkNamespace, ownNetwork } from '../platform/network-namespace.ts';
import { buildCommand, run, type CommandRun } from './latchkey.ts';
import { startTestBroker } from './test-broker.ts';

const onLinux = needs(process.platform === 'linux', 'it applies on Linux only');
const asRoot = needs(onLinux.missing || process.getuid?.() === 0, 'only root can pretend to have used sudo');
const ownUid = process.getuid?.() ?? 0;

let opened: Resources;
let home: string;
let env: NodeJS.ProcessEnv;

beforeAll(buildCommand, 120_000);
beforeEach(async () => {
  opened = new Resources();
  home = opened.use(await temporaryHome()).path;
  env = { ...process.env, LATCHKEY_HOME: home, XDG_RUNTIME_DIR: join(home, 'run'), SUDO_UID: undefined };
});
afterEach(() => opened[Symbol.asyncDispose]());

function linkLocal(...args: string[]): Promise<CommandRun> {
  return run(env, ['endpoint', 'link-local', ...args]);
}

describe('latchkey endpoint link-local', () => {
  test('prints the commands for the port of the running broker, and on standard error what to know', async () => {
    await using broker = await startTestBroker();
    const port = Number(new URL(broker.broker.endpoint.url).port);
    const { status, stdout, stderr } = await run(broker.env, [
      'endpoint',
      'link-local',
      '--platform',
      'linux',
    ]);
    expect(stdout).toBe(linuxLinkLocal.apply(ownUid, port));
    expect(stderr).toMatch(/gone after a restart/);
    expect(stderr).not.toMatch(/not running/);
    expect(status).toBe(0);
  });

  test('takes the port from the settings where no broker runs, and says so', async () => {
    const configuration = { ...emptyConfiguration, settings: { ...emptyConfiguration.settings, port: 9300 } };
    await writeFile(join(home, 'config.json'), JSON.stringify(configuration));
    const { stdout, stderr } = await linkLocal('--platform', 'linux');
    expect(stdout).toBe(linuxLinkLocal.apply(ownUid, 9300));
    expect(stderr).toMatch(/^Latchkey is not running: this is for port 9300/);
  });

  test('takes the port that it is given', async () => {
    expect((await linkLocal('--platform', 'linux', '--port', '9400')).stdout).toBe(
      linuxLinkLocal.apply(ownUid, 9400),
    );
  });

  test('prints what undoes it, whether a broker runs or not', async () => {
    expect(await linkLocal('--platform', 'linux', '--remove')).toEqual({
      status: 0,
      stdout: linuxLinkLocal.remove(ownUid),
      stderr: '',
    });
  });

  test('prints the commands for macOS, and that nobody has tried them', async () => {
    const applied = await linkLocal('--platform', 'darwin', '--port', '9254');
    expect(applied.stdout).toContain('ifconfig lo0 alias 169.254.169.254');
    expect(applied.stdout).toContain(`user != ${ownUid}`);
    expect(applied.stdout).toContain('-> 127.0.0.1 port 9254');
    expect(applied.stderr).toMatch(/not tried on a Mac/);
    const removed = await linkLocal('--platform', 'darwin', '--remove');
    expect(removed.stdout).toContain('ifconfig lo0 -alias 169.254.169.254');
    expect(removed.stdout).toContain(`pfctl -q -a com.apple/latchkey_link_local_${ownUid} -F all`);
  });

  test('prints the commands for Windows, and that they let every user through, whom Latchkey refuses', async () => {
    const applied = await linkLocal('--platform', 'win32', '--port', '9254');
    expect(applied.stdout).toContain('connectaddress=127.0.0.1 connectport=9254');
    expect(applied.stderr).toMatch(/every user of the machine/);
    const removed = await linkLocal('--platform', 'win32', '--remove');
    expect(removed.stdout).toContain('portproxy delete v4tov4 listenaddress=169.254.169.254 listenport=80');
  });

  test.each([
    [['--platform', 'plan9'], /--platform must be one of linux, darwin, win32/],
    [['--platform', 'darwin', '--apply'], /--apply is for Linux/],
    [['--remove', '--port', '9254'], /--remove needs no --port/],
    [['--port', '0'], /--port must be a number from 1 to 65535/],
    [['--port', '65536'], /--port must be a number from 1 to 65535/],
    [['--port', '80; reboot'], /--port must be a number from 1 to 65535/],
  ])('refuses %j', async (args, reason) => {
    const { status, stdout, stderr } = await linkLocal(...args);
    expect(stderr).toMatch(reason);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  test('is the only thing that there is about the endpoint', async () => {
    const { status, stderr } = await run(env, ['endpoint', 'local']);
    expect(stderr).toMatch(/there is link-local;/);
    expect(status).toBe(2);
  });

  test.skipIf(onLinux.missing || asRoot.missing)(
    `refuses to be put behind sudo, for it would be for root’s programs${onLinux.note}${asRoot.note}`,
    async () => {
      env['SUDO_UID'] = '1000';
      const { status, stdout, stderr } = await linkLocal('--platform', 'linux', '--port', '9254');
      expect(stderr).toMatch(/without sudo/);
      expect(stdout).toBe('');
      expect(status).toBe(1);
    },
  );
});

describe.skipIf(onLinux.missing)(`latchkey endpoint link-local --apply${onLinux.note}`, () => {
  /** Somebody without root's rights: whoever runs the tests, or nobody in particular where that is root. */
  const personUid = ownUid === 0 ? 54321 : ownUid;
  const person =
    ownUid === 0
      ? ['/usr/bin/setpriv', `--reuid=${personUid}`, `--regid=${personUid}`, '--clear-groups', '--']
      : [];
  let programs: string;
  let log: string;

  beforeEach(async () => {
    // All may read it: the person who runs the command is not who runs the tests.
    programs = opened.use(await temporaryHome()).path;
    await chmod(programs, 0o777);
    log = join(programs, 'log');
  });

  /** Puts a program on the path that notes what it was given, and does nothing. */
  async function install(name: string, status = 0): Promise<void> {
    const program = `#!/bin/sh\nprintf '%s\\0' ${name} "$@" > ${log}\nexit ${status}\n`;
    await writeFile(join(programs, name), program, { mode: 0o755 });
  }

  async function apply(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<CommandRun> {
    const latchkey = join(root, 'dist/command/latchkey.cjs');
    const [command = '', ...rest] = [
      ...person,
      process.execPath,
      latchkey,
      'endpoint',
      'link-local',
      ...args,
    ];
    const { WAYLAND_DISPLAY: _wayland, DISPLAY: _display, ...others } = env;
    const child = spawn(command, rest, { env: { ...others, PATH: programs, ...more } });
    const ended = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await ended;
    return { status: child.exitCode, stdout, stderr };
  }

  async function given(): Promise<string[]> {
    return (await readFile(log, 'utf8')).split('\0').slice(0, -1);
  }

  test('gives sudo the very commands that are printed', async () => {
    await install('sudo');
    await apply(['--apply', '--port', '9254']);
    expect(await given()).toEqual(['sudo', '/bin/sh', '-c', linuxLinkLocal.apply(personUid, 9254)]);
    await apply(['--remove', '--apply']);
    expect(await given()).toEqual(['sudo', '/bin/sh', '-c', linuxLinkLocal.remove(personUid)]);
  });

  test('asks by pkexec on a desktop, and by sudo where that is missing', async () => {
    await install('sudo');
    await apply(['--apply', '--port', '9254'], { DISPLAY: ':0' });
    expect((await given())[0]).toBe('sudo');
    await install('pkexec');
    await apply(['--apply', '--port', '9254'], { WAYLAND_DISPLAY: 'wayland-0' });
    expect((await given())[0]).toBe('pkexec');
    await apply(['--apply', '--port', '9254']);
    expect((await given())[0]).toBe('sudo');
  });

  test('says that it was not done where the right was refused', async () => {
    await install('sudo', 1);
    const { status, stdout, stderr } = await apply(['--apply', '--port', '9254']);
    expect(stderr).toMatch(/^latchkey: It was not done.*sudo ended with status 1/);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });

  test('says that it was not done where there is no way to get the right', async () => {
    const { status, stderr } = await apply(['--apply', '--port', '9254'], { DISPLAY: ':0' });
    expect(stderr).toMatch(/There is no sudo or pkexec/);
    expect(status).toBe(1);
  });

  test('looks for itself whether it is on, whatever the commands ended with', async () => {
    await install('sudo');
    const { status, stdout, stderr } = await apply(['--apply', '--port', '9254']);
    expect(stderr).toMatch(/the route is not there/);
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });
});

describe.skipIf(ownNetwork.missing)(`latchkey endpoint link-local --apply as root${ownNetwork.note}`, () => {
  test('does it, says so, and undoes it without a trace', async () => {
    await using machine = await networkNamespace();
    const settings = () => machine.sh('ip rule; ip route show table all; ip address show; nft list ruleset');
    const latchkey = (...args: string[]) =>
      machine.run(
        [process.execPath, join(root, 'dist/command/latchkey.cjs'), 'endpoint', 'link-local', ...args],
        {
          env,
        },
      );
    const before = await settings();
    for (let time = 0; time < 2; time++) {
      expect(await latchkey('--apply', '--port', '9254')).toMatchObject({
        status: 0,
        stdout: 'On: http://169.254.169.254/ leads to Latchkey for your programs\n',
      });
    }
    expect(await settings()).toContain('dnat to 127.0.0.1:9254');
    for (let time = 0; time < 2; time++) {
      expect(await latchkey('--apply', '--remove')).toEqual({
        status: 0,
        stdout: 'Off: http://169.254.169.254/ leads where it did before\n',
        stderr: '',
      });
    }
    expect(await settings()).toBe(before);
  });
});
