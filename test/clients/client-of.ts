/** Clients as the platform would tell of them, read from `/proc`. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { Client, Process, ProcessIdentity } from '../../main/platform/ports.ts';

/**
 * A real process that asks, without its parents. It counts as started ten seconds from now, so that a script that a test
 * has only just written counts as older.
 */
export function clientOf(pid: number, changes: Partial<Process> = {}, others: Partial<Client> = {}): Client {
  const executable = readlinkSync(`/proc/${String(pid)}/exe`).replace(/ \(deleted\)$/, '');
  const process = {
    pid,
    start: startOf(pid) ?? NaN,
    name: basename(executable),
    executable,
    commandLine: readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .split('\0')
      .slice(0, -1),
    workingFolder: readlinkSync(`/proc/${String(pid)}/cwd`),
    startedAtMs: Date.now() + 10_000,
    sessionId: undefined,
    terminal: undefined,
    ...changes,
  };
  return { process, parents: [], forwarder: undefined, ...others };
}

/**
 * Waits until a child runs its executable, and returns its pid. Node tells of it a moment before the kernel has its
 * command line.
 */
export async function started(child: ChildProcess): Promise<number> {
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error('it has not started');
  await untilItRuns(pid, () => true);
  return pid;
}

/** Waits until a process runs what is meant, by its executable's path. */
export async function untilItRuns(pid: number, isMeant: (executable: string) => boolean): Promise<void> {
  const runs = () =>
    isMeant(readlinkSync(`/proc/${String(pid)}/exe`)) &&
    readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8') !== '';
  while (!runs()) await new Promise((resolve) => setTimeout(resolve, 1));
}

export function isRunning({ pid, start }: ProcessIdentity): boolean {
  return startOf(pid) === start;
}

/** The 22nd field of proc_pid_stat(5); the second one is in parentheses and may hold anything. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]);
  } catch {
    return undefined;
  }
}

/** Makes a compiled program at a path: every Linux with these tests has Bash, which does not care what it is called. */
export function copyOfBash(path: string): void {
  copyFileSync('/bin/bash', path);
}

/** Arguments with which it waits, as long as its standard input is a pipe. */
export const waiting = ['-c', 'read'];
