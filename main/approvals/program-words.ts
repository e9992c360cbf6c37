/** Programs in words, for a person who decides by them. What a program chose of them is stripped and cut. */
import type { Client, Process } from '../platform/ports.ts';
import { fileName, shownName, shownText } from '../platform/program-name.ts';
import type { ProgramIdentity } from '../clients/access.ts';

const longestPath = 256;
const longestCommandLine = 1_024;

/** A program that asks, as the contract shows it. */
export interface ShownProgram {
  readonly pid: number;
  readonly name: string;
  readonly executable?: string | undefined;
  readonly commandLine?: string | undefined;
  readonly command?: string | undefined;
  readonly workingFolder?: string | undefined;
  readonly startedAtMs: number;
  readonly terminal?: string | undefined;
  readonly parents: { readonly pid: number; readonly name: string }[];
  readonly forwarder?: string | undefined;
}

export function shownProgram({ process, parents, forwarder, command }: Client): ShownProgram {
  return {
    ...shownProcess(process),
    executable: shownPath(process.executable),
    commandLine: shownCommandLine(process),
    command: command && shownCommandLine(command),
    workingFolder: shownPath(process.workingFolder),
    startedAtMs: process.startedAtMs,
    terminal: shownPath(process.terminal),
    parents: parents.map(shownProcess),
    forwarder,
  };
}

export function shownProcess({ pid, name }: Process): { pid: number; name: string } {
  return { pid, name: shownName(name) };
}

/** "terraform (/usr/local/bin/terraform)", "deploy.py (/srv/deploy.py) by python3.11". */
export function identityInWords(program: ProgramIdentity): string {
  const throughCommand = program.throughCommand ? ', through a command' : '';
  if (program.kind === 'executable') return `${fileInWords(program.path)}${throughCommand}`;
  const words = `${fileInWords(program.script)} by ${shownName(fileName(program.interpreter))}`;
  return `${words}${program.options === null ? '' : ' with the same options'}${throughCommand}`;
}

/** "python3 (pid 4711)": a program that is known by its process alone. */
export function processInWords({ pid, name }: Process): string {
  return `${shownName(name) || 'a program'} (pid ${pid})`;
}

/** "everything started from bash (pid 4711) on /dev/pts/3". */
export function treeInWords(root: Process): string {
  const place = root.terminal === undefined ? '' : ` on ${shownText(root.terminal, longestPath)}`;
  return `everything started from ${processInWords(root)}${place}`;
}

function fileInWords(path: string): string {
  return `${shownName(fileName(path))} (${shownText(path, longestPath)})`;
}

function shownPath(path: string | undefined): string | undefined {
  return path === undefined ? undefined : shownText(path, longestPath);
}

/** Arguments with spaces in quotes, so that each one is seen to be one. */
function shownCommandLine({ commandLine }: Process): string | undefined {
  if (commandLine.length === 0) return undefined;
  const words = commandLine.map((argument) =>
    argument === '' || /[\s'"]/.test(argument) ? JSON.stringify(argument) : argument,
  );
  return shownText(words.join(' '), longestCommandLine);
}
