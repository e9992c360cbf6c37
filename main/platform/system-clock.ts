import type { Clock } from './ports.ts';

/** `setTimeout` holds its delay in 32 bits: a longer one would fire after 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1;

/**
 * This machine's wall clock and Node's timers.
 * Timers are unref'd: the broker's servers keep the process alive, and a refresh that is an hour away must not
 * keep it from ending once they are closed.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),

  schedule(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const dueMs = performance.now() + delayMs;
    const arm = () => {
      const remainingMs = Math.max(0, Math.ceil(dueMs - performance.now()));
      timer = setTimeout(
        () => {
          // Node's timers count whole milliseconds, and fire up to one too early.
          if (performance.now() < dueMs) arm();
          else callback();
        },
        Math.min(remainingMs, longestTimeoutMs),
      ).unref();
    };
    arm();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
