import { processInWords } from '../approvals/program-words.ts';
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

/** The program that a call comes from, for the record: of a browser the one that asked for its link. */
export async function programOf(caller: Caller): Promise<Client | undefined> {
  if (caller.from === 'window') return undefined;
  return caller.from === 'browser' ? caller.openedBy : caller.client;
}

/** Who makes a call, in words, as what did something: "a person at the window", "latchkey (pid 4711) on /dev/pts/3". */
export async function callerInWords(caller: Caller): Promise<string> {
  if (caller.from === 'window') return 'a person at the window';
  if (caller.from === 'browser') {
    const { openedBy } = caller;
    return `a person in a browser${openedBy ? ` that ${processInWords(openedBy.process)} opened` : ''}`;
  }
  const client = await caller.client;
  if (!client) return 'a program that cannot be told';
  const { terminal } = client.process;
  return `${processInWords(client.process)}${terminal === undefined ? '' : ` on ${terminal}`}`;
}

/** Whom a call is for: a code is asked for also in a quiet time where a person waits, but not for a program. */
export async function causeOf(caller: Caller): Promise<'person' | 'program'> {
  return caller.from === 'command' ? causeOfProgram(await caller.client) : 'person';
}

/** The same of what comes over the local socket: what has no terminal nobody has typed. */
export function causeOfProgram(client: Client | undefined): 'person' | 'program' {
  return client?.process.terminal === undefined ? 'program' : 'person';
}

/**
 * Whether a program is the very one that started this broker. It has the broker in its hands as it is: its environment,
 * its arguments, its files. The pid alone does: while the broker's parent runs, nobody else has it.
 */
export function hasStartedUs({ process: { pid } }: Client): boolean {
  return pid === process.ppid && pid > 1;
}
