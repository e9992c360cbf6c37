import type { Clock } from '../platform/ports.ts';

/**
 * What `begin` gives, where it comes within `longestWaitMs`.
 * @param begin its signal is aborted where that is not waited for any more
 * @throws what `tooLate` gives where it does not come; what `begin` rejects with
 */
export async function inTime<Result>(
  clock: Clock,
  longestWaitMs: number,
  begin: (left: AbortSignal) => Promise<Result>,
  tooLate: () => Error,
): Promise<Result> {
  const leaving = new AbortController();
  let waiting: Disposable | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    waiting = clock.schedule(longestWaitMs, () => {
      reject(tooLate());
      leaving.abort();
    });
  });
  try {
    return await Promise.race([begin(leaving.signal), late]);
  } finally {
    waiting?.[Symbol.dispose]();
  }
}
