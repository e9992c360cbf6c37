import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * The folder that holds the configuration and the audit log, as an absolute path: `LATCHKEY_HOME`, else what the
 * platform's convention says (the XDG base directory specification, Apple's File System Programming Guide,
 * Windows' known folders). It need not exist yet; see {@link ensurePrivateFolder}.
 */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const paths = pathsOf(platform);
  const chosen = env['LATCHKEY_HOME'];
  if (chosen !== undefined && chosen !== '') return paths.resolve(chosen);
  switch (platform) {
    case 'win32': {
      const home = env['USERPROFILE'] ?? homedir();
      return paths.join(
        absolute(env['APPDATA'], platform) ?? paths.join(home, 'AppData', 'Roaming'),
        'Latchkey',
      );
    }
    case 'darwin':
      return paths.join(homeFolder(env, platform), 'Library', 'Application Support', 'Latchkey');
    default:
      return paths.join(
        absolute(env['XDG_CONFIG_HOME'], platform) ?? paths.join(homeFolder(env, platform), '.config'),
        'latchkey',
      );
  }
}

/**
 * The address of the control socket of the broker whose data folder is `home`: the path of a Unix socket, or the
 * name of a pipe on Windows. The same folder gives the same address, by whichever link it was reached, as long as
 * `XDG_RUNTIME_DIR` and `TMPDIR` are the same.
 *
 * The socket's folder may lie in the temporary folder, where any user could have made it first. Both sides must
 * check it before they use the socket: the broker with {@link ensurePrivateFolder}, the command with
 * {@link checkPrivateFolder}.
 */
export function controlAddress(
  home: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const hash = crypto().createHash('sha256').update(canonical(home)).digest('hex').slice(0, 12);
  if (platform === 'win32') return `\\\\.\\pipe\\latchkey-${hash}`;
  const paths = pathsOf(platform);
  const folder = `latchkey-${String(process.getuid?.() ?? 0)}-${hash}`;
  const runtime = absolute(env['XDG_RUNTIME_DIR'], platform);
  const temporary = absolute(env['TMPDIR'], platform);
  const shortest = paths.join('/tmp', folder, 'control.sock');
  const candidates = [
    ...(runtime === undefined ? [] : [paths.join(runtime, 'latchkey', `${hash}.sock`)]),
    ...(temporary === undefined ? [] : [paths.join(temporary, folder, 'control.sock')]),
  ];
  return (
    candidates.find((candidate) => Buffer.byteLength(candidate) <= socketPathBytes(platform)) ?? shortest
  );
}

/** The room in `struct sockaddr_un` (108 bytes on Linux, 104 on macOS), less the terminating zero. */
function socketPathBytes(platform: NodeJS.Platform): number {
  return platform === 'linux' ? 107 : 103;
}

function pathsOf(platform: NodeJS.Platform): path.PlatformPath {
  return platform === 'win32' ? path.win32 : path.posix;
}

function homeFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  return absolute(env['HOME'], platform) ?? homedir();
}

/** The XDG specification has relative paths ignored; the same sense fits the other variables. */
function absolute(folder: string | undefined, platform: NodeJS.Platform): string | undefined {
  return folder !== undefined && pathsOf(platform).isAbsolute(folder) ? folder : undefined;
}

/** The path with its links followed as far as it exists. */
function canonical(folder: string): string {
  const absolutePath = path.resolve(folder);
  try {
    return realpathSync(absolutePath);
  } catch {
    const parent = path.dirname(absolutePath);
    return parent === absolutePath ? absolutePath : path.join(canonical(parent), path.basename(absolutePath));
  }
}

/** Only where it is needed: the command finds a running broker without, and it takes a tenth of its time to load. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
