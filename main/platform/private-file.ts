import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../failure.ts';

/**
 * Writes a file of mode 0600, whole or not at all: after a failure, a crash or a power cut it holds either the old
 * text or the new one. Fails with `Internal` and says which.
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const folder = path.dirname(file);
  const draft = path.join(folder, `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
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

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
