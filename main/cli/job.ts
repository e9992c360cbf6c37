/** What the system knows of this process as a shell's job, and of the program that it runs. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Job {
  /** Whether a shell runs it in a terminal, and can go on with it when it stops. */
  readonly isInTerminal: boolean;
  /** Whether the terminal's keys send their signals to its process group. */
  readonly isInForeground: boolean;
}

/** This process as a job; undefined where it cannot be told. */
export function readJob(): Job | undefined {
  const fields = fieldsOf(process.pid);
  if (!fields) return undefined;
  const { group, session, foreground } = fields;
  // The foreground's group is -1 where there is no terminal.
  const isInTerminal = foreground > 0;
  return {
    isInTerminal: isInTerminal && session !== process.pid,
    isInForeground: isInTerminal && foreground === group,
  };
}

/** Whether a process is stopped (SIGSTOP, Ctrl-Z…). */
export function isStopped(pid: number): boolean {
  return fieldsOf(pid)?.state.startsWith('T') === true;
}

interface Fields {
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly foreground: number;
}

function fieldsOf(pid: number): Fields | undefined {
  try {
    const [state = '', group, session, foreground] = process.platform === 'linux' ? ofProc(pid) : ofPs(pid);
    return { state, group: Number(group), session: Number(session), foreground: Number(foreground) };
  } catch {
    return undefined;
  }
}

/** proc_pid_stat(5): `pid (name) state ppid pgrp session tty_nr tpgid`; the name may hold anything. */
function ofProc(pid: number): (string | undefined)[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [state, , group, session, , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [state, group, session, foreground];
}

function ofPs(pid: number): (string | undefined)[] {
  const { stdout } = spawnSync('ps', ['-o', 'state=,pgid=,sess=,tpgid=', '-p', String(pid)], {
    encoding: 'utf8',
  });
  return stdout.trim().split(/\s+/);
}
