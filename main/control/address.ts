/**
 * Where a data folder's broker listens. The place of the local socket follows from the environment (`controlAddress`),
 * which differs between a desktop session, cron and sudo; so the broker notes it in the data folder, and whoever looks
 * for it looks there.
 */
import { readFile, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { controlAddress, writePrivateFile } from '../platform/data-folder.ts';

function noteIn(home: string): string {
  return join(home, 'control-address');
}

/** The address that a broker noted, running or not; undefined where none did. */
export async function notedAddress(home: string): Promise<string | undefined> {
  const text = await readFile(noteIn(home), 'utf8').catch(() => '');
  const address = text.trimEnd();
  return isAbsolute(address) && !address.includes('\n') ? address : undefined;
}

/** Where the data folder's broker listens, or would. */
export async function brokerAddress(home: string): Promise<string> {
  return (await notedAddress(home)) ?? controlAddress(home);
}

/** Notes an address until the result is disposed. @throws Failure Internal where the data folder cannot be written to */
export async function noteAddress(home: string, address: string): Promise<AsyncDisposable> {
  await writePrivateFile(noteIn(home), `${address}\n`);
  return {
    [Symbol.asyncDispose]: async () => {
      if ((await notedAddress(home)) === address) await rm(noteIn(home), { force: true });
    },
  };
}
