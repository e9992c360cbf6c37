import type { LatchkeyApi } from '../preload/contract.ts';

declare global {
  interface Window {
    /** The contract, where a preload script exposes it: in the desktop app's window, not in a browser. */
    readonly latchkey?: LatchkeyApi;
  }
}
