import type { Client } from '../platform/ports.ts';

/** Where a call comes from, and by whom as far as that matters to what it may do. */
export type Caller =
  /** The window and its tray: whoever sits there. */
  | { readonly from: 'window' }
  /** A browser, and the program that asked for its link; undefined where that was told at the broker's own start. */
  | { readonly from: 'browser'; readonly openedBy: Client | undefined }
  /** The local socket, which any program of this user can reach. */
  | {
      readonly from: 'command';
      /** The program at the other end; undefined where it cannot be told. */
      readonly client: Promise<Client | undefined>;
      /** What it gives as the number that was shown on its terminal. */
      readonly challengeAnswer?: string | undefined;
    };

/**
 * Whether a program is the very one that started this broker. It has the broker in its hands as it is: its environment,
 * its arguments, its files. The pid alone does: while the broker's parent runs, nobody else has it.
 */
export function hasStartedUs({ process: { pid } }: Client): boolean {
  return pid === process.ppid && pid > 1;
}
