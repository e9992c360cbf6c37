/** Who may decide about what a program asks for: never that program itself. */
import { processInWords } from '../approvals/program-words.ts';
import { Failure } from '../failure.ts';
import type { Client, Process } from '../platform/ports.ts';

/**
 * Checks that the one who decides is outside the asking program's process tree: neither started by it, nor in a terminal
 * that was, nor in one that it can type into; nor started by what started both, as a script does that has a child ask and
 * decides itself. What may start both is a terminal emulator, a multiplexer or a desktop: each has no terminal, and gives
 * what it starts a session of its own.
 * @throws Failure Refused with what would do
 */
export function checkIsNotAsker(decider: Client, asker: Client): void {
  const chain = [decider.process, ...decider.parents];
  const isStartedByAsker = chain.some((link) => isSame(link, asker.process));
  // Of a leader that is not above the one who decides it cannot be told who started it.
  const { sessionId } = decider.process;
  const isLeaderKnown = sessionId === undefined || chain.some(({ pid }) => pid === sessionId);
  if (isStartedByAsker || !isLeaderKnown) throw refused(asker, 'was started by it, as far as can be told');
  const terminals = [asker.process, ...asker.parents].map(({ terminal }) => terminal);
  const { terminal } = decider.process;
  if (terminal !== undefined && terminals.includes(terminal))
    throw refused(asker, `is on its terminal ${terminal}`);
  const both = [asker.process, ...asker.parents].find((link) => chain.some((other) => isSame(link, other)));
  if (both && (both.terminal !== undefined || both.sessionId === asker.process.sessionId))
    throw refused(asker, `was started by ${processInWords(both)}, as it was itself`);
}

function isSame(one: Process, other: Process): boolean {
  return one.pid === other.pid && one.start === other.start;
}

function refused(asker: Client, reason: string): Failure {
  return new Failure(
    'Refused',
    `What ${processInWords(asker.process)} asks for cannot be allowed from where it could do that itself: this ${reason}. Allow it in the Latchkey window, or from another terminal`,
  );
}
