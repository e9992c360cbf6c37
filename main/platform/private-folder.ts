/** Folders that hold what is nobody else's business. All at once and not in promises: the command does it before all else, and a thread costs it more than the look. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
} from 'node:fs';
import { Failure } from '../failure.ts';

/**
 * Makes sure that `folder` exists, is ours and lets nobody else in: made with mode 0700 where it is missing, and
 * tightened where it is ours and open to others. Fails with `ConfigUnreadable` where it is somebody else's, no
 * folder, or one that is shared on purpose (sticky, as the temporary folder is).
 */
export function ensurePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unusable(folder, `it cannot be made (${reason(error)})`);
  }
  inspectFolder(folder, (descriptor, mode) => {
    if ((mode & 0o077) === 0) return;
    if ((mode & 0o1000) !== 0) throw unusable(folder, 'it is shared by several users');
    fchmodSync(descriptor, 0o700);
  });
}

/**
 * Returns if `folder` exists, is ours and lets nobody else in, and changes nothing. Fails with `NotFound` where
 * there is none, else with `ConfigUnreadable`.
 */
export function checkPrivateFolder(folder: string): void {
  inspectFolder(folder, (_descriptor, mode) => {
    if ((mode & 0o077) !== 0) throw unusable(folder, 'other users can open it');
  });
}

/** Judges the very folder that is open, so that nothing can be put in its place between the checks. */
function inspectFolder(folder: string, judge: (descriptor: number, mode: number) => void): void {
  // Windows has no modes; the folders of a user's profile are private by their access-control lists.
  if (process.getuid === undefined) return;
  const uid = process.getuid();
  const descriptor = openFolder(folder, uid);
  try {
    const status = fstatSync(descriptor);
    if (status.uid !== uid) throw unusable(folder, `it belongs to another user (uid ${String(status.uid)})`);
    judge(descriptor, status.mode);
  } finally {
    closeSync(descriptor);
  }
}

/** A link that we made ourselves is followed, since a person may keep settings elsewhere; nobody else's is. */
function openFolder(folder: string, uid: number): number {
  try {
    const status = lstatSync(folder);
    if (status.isSymbolicLink() && status.uid !== uid)
      throw unusable(folder, 'it is a link that another user made');
    const target = status.isSymbolicLink() ? realpathSync(folder) : folder;
    return openSync(target, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (hasCode(error, 'ENOENT')) throw new Failure('NotFound', `There is no folder ${folder}.`);
    if (hasCode(error, 'ENOTDIR') || hasCode(error, 'ELOOP')) throw unusable(folder, 'it is no folder');
    throw unusable(folder, `it cannot be opened (${reason(error)})`);
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
