/** Which processes belong together: what was started from one terminal's shell, or from one program. */
import type { Client, Process, ProcessIdentity } from '../platform/ports.ts';

/**
 * The process whose tree a client belongs to, as a person sees it: its session's leader, the shell, where it was
 * started in a terminal; else itself. A leader that is not above it says nothing of it.
 */
export function treeRootOf({ process, parents }: Client): Process {
  if (process.terminal === undefined) return process;
  return [process, ...parents].find(({ pid }) => pid === process.sessionId) ?? process;
}

/** Whether a client's process is `root`, or was started by it or by what it started. */
export function isInTreeOf(root: ProcessIdentity, { process, parents }: Client): boolean {
  return [process, ...parents].some(({ pid, start }) => pid === root.pid && start === root.start);
}
