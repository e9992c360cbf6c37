/** How each kind of record looks. Pure. */
import type { ActivityRecord } from '../../preload/contract.ts';
import type { IconName } from '../parts/icons.ts';

/** Of all but requests, which have their program's glyph. */
export const iconOf: Readonly<Record<ActivityRecord['event'], IconName>> = {
  served: 'ready',
  refused: 'failed',
  sessionAcquired: 'renew',
  mfa: 'device',
  switched: 'check',
  consoleLink: 'door',
  locked: 'lock',
  unlocked: 'lock',
  approval: 'shield',
  keyChanged: 'key',
  profileChanged: 'pencil',
  accessChanged: 'plug',
  settingsChanged: 'gear',
  interfaceOpened: 'door',
  started: 'idle',
  ended: 'idle',
  audit: 'failed',
};

/** A program's glyph: the first two letters or digits of its name, or of its first two words where it has several. */
export function glyphOf(program: string | undefined): string {
  const words = program?.match(/[\p{L}\p{N}]+/gu) ?? [];
  const [first = '?', second] = words;
  const isExtension = second !== undefined && program?.endsWith(`.${second}`) === true;
  if (second === undefined || isExtension) return beginning(first, 2);
  return beginning(first, 1) + beginning(second, 1);
}

/** By whole characters, of those that letters and digits are. */
function beginning(word: string, length: number): string {
  return new RegExp(`^.{1,${length}}`, 'u').exec(word)?.[0] ?? '';
}
