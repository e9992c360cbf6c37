/** Which processes belong together: what was started from one terminal's shell, or from one program. */
import type { Client, Process, ProcessIdentity } from '../platform/ports.ts';
import { fileName, interpreterOf, scriptOf } from '../platform/program-name.ts';

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

/**
 * The programs that a client shares one place with where there are only so many, and one word of a person's: all that
 * comes from its terminal, however it was started there; else all that has none. A program can start others at will, but
 * not get them out of this without terminals of their own.
 */
export function groupOf({ process, parents }: Client): string {
  // The outermost: a program may make terminals, and be their parent.
  const outermost = [process, ...parents].findLast(({ terminal }) => terminal !== undefined);
  // With the session, since a terminal that was closed gives its name to the next one.
  return outermost ? JSON.stringify([outermost.terminal, outermost.sessionId]) : 'no terminal';
}

/** Whether it is a shell that was started for one command (`-c`, also in `-ec`), as programs start others. */
export function isShellForCommand({ executable = '', commandLine }: Process): boolean {
  const interpreter = interpreterOf(executable);
  if (!interpreter || !/^(sh|bash|dash|zsh)$/.test(fileName(executable))) return false;
  return scriptOf(interpreter, commandLine) === undefined && hasCommand(commandLine);
}

function hasCommand(commandLine: readonly string[]): boolean {
  for (const argument of commandLine.slice(1)) {
    if (/^-[A-Za-z]*c/.test(argument)) return true;
    if (!argument.startsWith('-')) return false;
  }
  return false;
}
