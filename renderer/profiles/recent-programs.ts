/** Which programs used a profile in the last minutes. Pure. */
import type { ActivityRecord } from '../../preload/contract.ts';

export const recentMs = 10 * 60_000;

/** The names of the programs that got the profile's credentials within `recentMs`, the latest first. */
export function recentPrograms(
  activity: readonly ActivityRecord[],
  profile: string,
  nowMs: number,
): readonly string[] {
  const latest = new Map<string, number>();
  for (const { event, profile: served, program, atMs } of activity) {
    if (event !== 'served' || served !== profile || !program || atMs <= nowMs - recentMs) continue;
    latest.set(program.name, Math.max(atMs, latest.get(program.name) ?? 0));
  }
  return [...latest].sort(([, one], [, other]) => other - one).map(([name]) => name);
}
