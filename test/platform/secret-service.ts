import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { needs } from './needs.ts';

const execute = promisify(execFile);

const secretService = 'org.freedesktop.secrets';
const defaultCollection = '/org/freedesktop/secrets/aliases/default';

/** For tests that use the keychain of the session they run in. */
export const unlockedSecretService = needs(
  isDefaultCollectionUnlocked(process.env),
  'no unlocked Secret Service answers on the D-Bus of this session: start gnome-keyring or another one and unlock it (and install gdbus, from libglib2.0-bin)',
);

/** For tests that start a D-Bus, and a keyring on it, of their own. */
export const ownKeyring = needs(
  ['dbus-daemon', 'gdbus', 'gnome-keyring-daemon'].every(isInstalled),
  'dbus-daemon, gdbus or gnome-keyring-daemon is missing: install the packages dbus, libglib2.0-bin and gnome-keyring',
);

/** For tests that look into the keychain from outside. */
export const secretTool = needs(
  isInstalled('secret-tool'),
  'no secret-tool here: install the package libsecret-tools',
);

/** A session of its own: an environment with a home folder, runtime folder and D-Bus that nothing else uses. */
export interface Session extends AsyncDisposable {
  /** The whole environment for a program of this session. It has no display. */
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Starts gnome-keyring on this session's bus, as a login does: with its default collection unlocked. */
  startKeyring(): Promise<Keyring>;
}

export interface Keyring {
  lock(): Promise<void>;
  /** Ends the daemon. */
  end(): Promise<void>;
}

/**
 * Starts a D-Bus on which nobody serves anything.
 * @param services D-Bus names and the shell commands that the bus starts when a name is first called.
 */
export async function startSession(services: Readonly<Record<string, string>> = {}): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-session-'));
  const home = join(folder, 'home');
  const runtime = join(folder, 'run');
  const serviceFolder = join(folder, 'services');
  for (const made of [home, runtime, serviceFolder]) await mkdir(made, { mode: 0o700 });
  for (const [name, command] of Object.entries(services)) {
    const script = join(folder, `${name}.sh`);
    await writeFile(script, command);
    await writeFile(
      join(serviceFolder, `${name}.service`),
      `[D-BUS Service]\nName=${name}\nExec=/bin/sh ${script}\n`,
    );
  }
  const configuration = join(folder, 'bus.conf');
  await writeFile(configuration, busConfiguration(join(folder, 'bus'), serviceFolder));

  const processes: ChildProcess[] = [];
  const bus = spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork', '--print-address'], {
    env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: runtime },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  processes.push(bus);
  const [address]: unknown[] = await once(createInterface(bus.stdout), 'line');
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    DBUS_SESSION_BUS_ADDRESS: String(address),
  };

  return {
    env,
    home,
    async startKeyring() {
      const control = ['--control-directory', join(runtime, 'keyring')];
      const daemon = spawn(
        'gnome-keyring-daemon',
        ['--foreground', '--unlock', '--components=secrets', ...control],
        {
          env,
          stdio: ['pipe', 'ignore', 'ignore'],
        },
      );
      processes.push(daemon);
      daemon.stdin.end('password');
      await execute('gdbus', ['wait', '--session', '--timeout', '20', secretService], { env });
      if (!isDefaultCollectionUnlocked(env)) throw new Error('the keyring came up locked');
      return {
        lock: async () => {
          await callSecretService(env, 'org.freedesktop.Secret.Service.Lock', `['${defaultCollection}']`);
        },
        end: () => end(daemon),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const started of processes.reverse()) await end(started);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function end(started: ChildProcess): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return;
  const ended = once(started, 'exit');
  started.kill('SIGTERM');
  await ended;
}

async function callSecretService(env: NodeJS.ProcessEnv, method: string, ...args: string[]): Promise<void> {
  const target = ['--session', '--dest', secretService, '--object-path', '/org/freedesktop/secrets'];
  await execute('gdbus', ['call', ...target, '--method', method, ...args], { env });
}

function isDefaultCollectionUnlocked(env: NodeJS.ProcessEnv): boolean {
  const target = ['--session', '--dest', secretService, '--object-path', defaultCollection];
  const property = ['org.freedesktop.Secret.Collection', 'Locked'];
  const method = ['--method', 'org.freedesktop.DBus.Properties.Get', ...property];
  const call = spawnSync('gdbus', ['call', ...target, ...method], { env, encoding: 'utf8', timeout: 10_000 });
  return call.status === 0 && call.stdout.includes('false');
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function busConfiguration(socket: string, serviceFolder: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>${serviceFolder}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
}
