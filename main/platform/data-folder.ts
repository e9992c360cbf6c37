import { constants, realpathSync } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { Failure } from '../failure.ts';

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

/**
 * Makes sure that `folder` exists, is ours and lets nobody else in: made with mode 0700 where it is missing, and
 * tightened where it is ours and open to others. Fails with `ConfigUnreadable` where it is somebody else's, no
 * folder, or one that is shared on purpose (sticky, as the temporary folder is).
 */
export async function ensurePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(folder, `it cannot be made (${reason(error)})`);
  }
  await inspectFolder(folder, async (handle, mode) => {
    if ((mode & 0o077) === 0) return;
    if ((mode & 0o1000) !== 0) throw unusable(folder, 'it is shared by several users');
    await handle.chmod(0o700);
  });
}

/**
 * Resolves if `folder` exists, is ours and lets nobody else in, and changes nothing. Fails with `NotFound` where
 * there is none, else with `ConfigUnreadable`.
 */
export async function checkPrivateFolder(folder: string): Promise<void> {
  await inspectFolder(folder, (_handle, mode) => {
    if ((mode & 0o077) !== 0) throw unusable(folder, 'other users can open it');
    return Promise.resolve();
  });
}

/** Judges the very folder that is open, so that nothing can be put in its place between the checks. */
async function inspectFolder(
  folder: string,
  judge: (handle: FileHandle, mode: number) => Promise<void>,
): Promise<void> {
  // Windows has no modes; the folders of a user's profile are private by their access-control lists.
  if (process.getuid === undefined) return;
  const uid = process.getuid();
  const handle = await openFolder(folder, uid);
  try {
    const status = await handle.stat();
    if (status.uid !== uid) throw unusable(folder, `it belongs to another user (uid ${String(status.uid)})`);
    await judge(handle, status.mode);
  } finally {
    await handle.close();
  }
}

/** A link that we made ourselves is followed, since a person may keep settings elsewhere; nobody else's is. */
async function openFolder(folder: string, uid: number): Promise<FileHandle> {
  try {
    const status = await lstat(folder);
    if (status.isSymbolicLink() && status.uid !== uid)
      throw unusable(folder, 'it is a link that another user made');
    const target = status.isSymbolicLink() ? await realpath(folder) : folder;
    return await open(target, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (hasCode(error, 'ENOENT')) throw new Failure('NotFound', `There is no folder ${folder}.`);
    if (hasCode(error, 'ENOTDIR') || hasCode(error, 'ELOOP')) throw unusable(folder, 'it is no folder');
    throw unusable(folder, `it cannot be opened (${reason(error)})`);
  }
}

/**
 * Writes a file of mode 0600, whole or not at all: after a failure, a crash or a power cut it holds either the old
 * text or the new one. Fails with `Internal` and says which.
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const folder = path.dirname(file);
  const draft = path.join(folder, `.${path.basename(file)}.${crypto().randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeNewFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    // What is wrong with the file or its folder is told by the first error; a second one adds nothing.
    await rm(draft, { force: true }).catch(() => undefined);
    throw new Failure(
      'Internal',
      `${file} could not be written (${reason(error)}); what it held before stands.`,
    );
  }
  await syncFolder(folder);
}

async function writeNewFile(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename last through a power cut. Windows opens no folder, and some file systems cannot sync one. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (error) {
    if (hasCode(error, 'EINVAL') || hasCode(error, 'ENOTSUP')) return;
    throw new Failure(
      'Internal',
      `What was written to ${folder} may not last a power cut (${reason(error)}).`,
    );
  } finally {
    await handle.close();
  }
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

function unusable(folder: string, why: string): Failure {
  return new Failure(
    'ConfigUnreadable',
    `${folder} cannot be used: ${why}. Latchkey needs a folder of its own there, with mode 0700.`,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Only where it is needed: the command finds a running broker without, and it takes a tenth of its time to load. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
