/** The week as a person lives it. Times of day are hours, in UTC. */
import type { Random } from './week-random.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A Monday at midnight. */
export const mondayMs = Date.UTC(2026, 10, 2);

export interface Hours {
  readonly from: number;
  readonly to: number;
}

const lunch: Hours = { from: 12.5, to: 13.25 };
const office: Hours = { from: 8.75, to: 18.25 };
const evening: Hours = { from: 20, to: 22.4 };
/** Tuesday, Wednesday and Sunday. */
const eveningsAtWork = [1, 2, 6];
const saturday = 5;

export function dayOf(nowMs: number): number {
  return Math.floor((nowMs - mondayMs) / day);
}

export function hourOf(nowMs: number): number {
  return ((nowMs - mondayMs) % day) / hour;
}

export function isWithin({ from, to }: Hours, nowMs: number): boolean {
  return hourOf(nowMs) >= from && hourOf(nowMs) < to;
}

/** When the lid is open on each day; it is closed for the night. */
export function wakingHours(random: Random): readonly Hours[] {
  return Array.from({ length: 7 }, (_, number) => {
    const late = random.between(-0.3, 0.3);
    if (number < saturday) return { from: 7.7 + late, to: 22.8 + late };
    return number === saturday ? { from: 10 + late, to: 16 + late } : { from: 11 + late, to: 22.8 + late };
  });
}

/** Monday to Friday in office hours; what runs goes on over lunch. */
export function isOfficeTime(nowMs: number): boolean {
  return dayOf(nowMs) < saturday && isWithin(office, nowMs);
}

/** When somebody works at the machine. */
export function isSomebodyWorking(nowMs: number): boolean {
  if (isWithin(evening, nowMs)) return eveningsAtWork.includes(dayOf(nowMs));
  return isOfficeTime(nowMs) && !isWithin(lunch, nowMs);
}

/** When nobody is near the machine though it is awake. */
export function isLunch(nowMs: number): boolean {
  return dayOf(nowMs) < saturday && isWithin(lunch, nowMs);
}
