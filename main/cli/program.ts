/** Runs another program in this one's place: with its terminal, streams, signals and end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Refusal } from './command.ts';
import { isStopped, readJob } from './job.ts';

/** How a program ended: by itself, or by a signal. */
export type End = { readonly status: number } | { readonly signal: NodeJS.Signals };

/** As shells have it: the program was not found, or could not be run. */
const notFound = 127;
const notExecutable = 126;

/**
 * Signals that are passed on. A terminal sends its own to the whole process group, the program among them: those are not
 * passed on, since many programs take a second Ctrl-C for more than the first.
 */
const passedOn = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTSTP', 'SIGUSR1', 'SIGUSR2'] as const;

/** Signals that end this process without a core file, which would have its secrets in it. */
const endedBy: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGKILL',
  'SIGALRM',
  'SIGUSR1',
  'SIGUSR2',
]);

/**
 * Runs a program to its end. Meanwhile this process stops when the program is stopped, as a shell's job, and passes on
 * what signals it gets itself.
 * @param started called once it runs, with its pid
 * @throws ProgramNotStarted
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  started: () => void = () => undefined,
): Promise<End> {
  const child = spawn(program, args, { env, stdio: 'inherit' });
  const signals = passSignals(child);
  try {
    const ended = once(child, 'exit');
    // Where it does not start, both waits reject.
    ended.catch(() => undefined);
    await once(child, 'spawn');
    started();
    await ended;
    return endOf(child);
  } catch (error) {
    throw notStarted(program, error);
  } finally {
    signals[Symbol.dispose]();
  }
}

/** The program could not be started. */
export class ProgramNotStarted extends Refusal {
  /** What a shell ends with in its place. */
  readonly status: number;

  constructor(message: string, status: number, cause: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

function notStarted(program: string, error: unknown): ProgramNotStarted {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const name = JSON.stringify(program);
  if (code === 'ENOENT') return new ProgramNotStarted(`there is no program ${name}`, notFound, error);
  const reason = code === 'EACCES' ? 'it is not executable' : String(code ?? error);
  return new ProgramNotStarted(`${name} cannot be run: ${reason}`, notExecutable, error);
}

function endOf({ exitCode, signalCode }: ChildProcess): End {
  return signalCode === null ? { status: exitCode ?? notExecutable } : { signal: signalCode };
}

/** Ends this process as the program ended, so that whoever started it cannot tell the difference. */
export function endLike(end: End): never {
  if ('status' in end) process.exit(end.status);
  const { signal } = end;
  if (endedBy.has(signal)) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  // What a shell tells of a program that a signal ended.
  process.exit(128 + constants.signals[signal]);
}

function passSignals(child: ChildProcess): Disposable {
  const listeners = new Map<NodeJS.Signals, () => void>();
  for (const signal of passedOn)
    listeners.set(signal, () => {
      if (!(isOfTerminal(signal) && readJob()?.isInForeground)) child.kill(signal);
    });
  listeners.set('SIGCONT', () => child.kill('SIGCONT'));
  // It is told also when the program has stopped.
  listeners.set('SIGCHLD', () => {
    if (!readJob()?.isInTerminal || child.pid === undefined || !isStopped(child.pid)) return;
    process.kill(process.pid, 'SIGSTOP');
    // Here it goes on, once it is continued. At once, since what is told next may be that stop again, not SIGCONT.
    child.kill('SIGCONT');
  });
  for (const [signal, listener] of listeners) {
    // What this process did at that signal until now.
    process.removeAllListeners(signal);
    process.on(signal, listener);
  }
  return {
    [Symbol.dispose]: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

function isOfTerminal(signal: NodeJS.Signals): boolean {
  return signal !== 'SIGTERM' && signal !== 'SIGUSR1' && signal !== 'SIGUSR2';
}
