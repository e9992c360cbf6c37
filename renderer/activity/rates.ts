/** How much each program asked, minute by minute: what is drawn below the timeline. Pure. */
import { requestEvents } from '../../preload/contract.ts';
import type { ActivityRecord } from '../../preload/contract.ts';

/** One program's requests. */
export interface Rate {
  /** Undefined for those whose program is not known. */
  readonly program: string | undefined;
  /** For each of the last minutes, the earliest first; the last one has not ended. */
  readonly minutes: readonly number[];
  readonly total: number;
  /** The most within one minute. */
  readonly peak: number;
}

export const minutesBack = 30;
const minuteMs = 60_000;

/** By how much they asked in the last half hour, the most first. */
export function ratesOf(records: readonly ActivityRecord[], nowMs: number): Rate[] {
  const firstMinute = Math.floor(nowMs / minuteMs) - minutesBack + 1;
  const byProgram = new Map<string | undefined, number[]>();
  for (const { event, atMs, count, program } of records) {
    const minute = Math.floor(atMs / minuteMs) - firstMinute;
    if (!requestEvents.has(event) || minute < 0 || minute >= minutesBack) continue;
    const minutes = byProgram.get(program?.name) ?? Array<number>(minutesBack).fill(0);
    byProgram.set(program?.name, minutes);
    minutes[minute] = (minutes[minute] ?? 0) + count;
  }
  return [...byProgram]
    .map(([program, minutes]) => ({
      program,
      minutes,
      total: minutes.reduce((sum, count) => sum + count, 0),
      peak: Math.max(...minutes),
    }))
    .sort((one, other) => other.total - one.total);
}
