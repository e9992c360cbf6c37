import type { Clock } from '../platform/ports.ts';

/** Waits for something that goes on by itself where it takes too long. @returns whether it has ended in time */
export async function endsWithin(limitMs: number, clock: Clock, step: Promise<void>): Promise<boolean> {
  let timer: Disposable | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    timer = clock.schedule(limitMs, () => resolve(false));
  });
  const isInTime = await Promise.race([step.then(() => true), tooLong]);
  timer?.[Symbol.dispose]();
  return isInTime;
}
