import type { Power } from './ports.ts';

/** Plain Node hears nothing of sleep and locked screens. That time has passed is noticed by the clocks all the same. */
export const noPower: Power = {
  subscribe: () => ({ [Symbol.dispose]: () => undefined }),
};
