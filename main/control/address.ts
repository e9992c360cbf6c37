/**
 * Where a data folder's broker listens. The place of the local socket follows from the environment (`controlAddress`),
 * which differs between a desktop session, cron and sudo; so the broker notes it in the data folder, and whoever looks
 * for it looks there.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { controlAddress } from '../platform/data-folder.ts';

/** The file in which the broker of a data folder notes its address. */
export function addressNote(home: string): string {
  return join(home, 'control-address');
}

/** The address that a broker noted, running or not; undefined where none did. */
export function notedAddress(home: string): string | undefined {
  const address = noteText(home).trimEnd();
  return isAbsolute(address) && !address.includes('\n') ? address : undefined;
}

/** Where the data folder's broker listens, or would. */
export function brokerAddress(home: string): string {
  return notedAddress(home) ?? controlAddress(home);
}

function noteText(home: string): string {
  try {
    return readFileSync(addressNote(home), 'utf8');
  } catch {
    return '';
  }
}
