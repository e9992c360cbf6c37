import type { Clock } from '../platform/ports.ts';

/** The end of a time that was given. */
export interface Deadline {
  /** By the wall clock, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** As soon as one of the clocks says so: neither sleep nor a wall clock that is set back makes it later. */
  isOver(): boolean;
}

export function deadlineIn(clock: Clock, lengthMs: number): Deadline {
  const atMs = clock.now() + lengthMs;
  const elapsedAtMs = clock.elapsed() + lengthMs;
  return { atMs, isOver: () => clock.now() >= atMs || clock.elapsed() >= elapsedAtMs };
}
