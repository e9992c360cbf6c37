import type { Clock } from '../platform/ports.ts';

/**
 * What `coming` gives, where it comes within `longestWaitMs`.
 * @throws what `tooLate` gives where it does not; what `coming` rejects with
 */
export async function inTime<Result>(
  clock: Clock,
  longestWaitMs: number,
  coming: Promise<Result>,
  tooLate: () => Error,
): Promise<Result> {
  let waiting: Disposable | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    waiting = clock.schedule(longestWaitMs, () => {
      reject(tooLate());
    });
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    waiting?.[Symbol.dispose]();
  }
}
