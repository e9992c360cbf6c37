/** How long an access key has been here. Pure. */

const dayMs = 86_400_000;

/**
 * From this age on a key is to be replaced: the default of AWS Config's rule `access-keys-rotated`.
 * https://docs.aws.amazon.com/config/latest/developerguide/access-keys-rotated.html
 */
export const oldKeyDays = 90;

/** Whole days since the key was added. When AWS made it is not known here: that was no later. */
export function daysHere(addedAtMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - addedAtMs) / dayMs));
}
