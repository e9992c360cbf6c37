/** When a session is renewed, and when a failed attempt is made again. Pure: all times in milliseconds. */

const minute = 60_000;
const longestLeadMs = 30 * minute;
const shortestLeadMs = 5 * minute;

/** How long before its end a session that took a code is announced to need another one. */
const longestMfaLeadMs = 10 * minute;

const firstBackoffMs = 2_000;
const longestBackoffMs = 2 * minute;
/** A refusal of STS does not mend itself: the next request of a program may ask again after this. */
const refusalPauseMs = minute;

/**
 * How long before its end a session is renewed: half of its life, but no more than 30 minutes. Jitter makes it later by
 * up to a tenth of that, never below 5 minutes where the life allows them.
 * @param random from 0 up to 1
 */
export function renewalLeadMs(lifeMs: number, random: number): number {
  const leadMs = Math.min(lifeMs / 2, longestLeadMs);
  return leadMs - Math.min(random * (leadMs / 10), Math.max(0, leadMs - shortestLeadMs));
}

/** How long before its end a new code is asked for, where a session took one: 10 minutes, or half of its life. */
export function mfaLeadMs(lifeMs: number): number {
  return Math.min(lifeMs / 2, longestMfaLeadMs);
}

/**
 * How long to wait after a failure that may pass by itself: from 1 s up to 2 min, doubling, of which a random half.
 * @param failures how many there were in a row, from 1
 */
export function backoffMs(failures: number, random: number): number {
  const fullMs = Math.min(firstBackoffMs * 2 ** (failures - 1), longestBackoffMs);
  return fullMs * (0.5 + random / 2);
}

/** How long a program's request is answered by the last refusal. */
export function pauseAfterRefusalMs(): number {
  return refusalPauseMs;
}
