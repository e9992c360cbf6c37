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
    const arm = (remainingMs: number) => {
      const stepMs = Math.min(remainingMs, longestTimeoutMs);
      timer = setTimeout(() => {
        if (remainingMs > stepMs) arm(remainingMs - stepMs);
        else callback();
      }, stepMs).unref();
    };
    arm(Math.max(0, Math.ceil(delayMs)));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
