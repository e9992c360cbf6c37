/** Runs the built `latchkey` command as a person or a script does. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { buildStale } from '../../scripts/build.mjs';
import { TypedProgram } from '../fixtures/typed-program.ts';

const latchkey = fileURLToPath(new URL('../../dist/command/latchkey.cjs', import.meta.url));

/** What Node is given to run the command. */
export function latchkeyArguments(args: readonly string[]): string[] {
  return [latchkey, ...args];
}

/** The command, as it is typed into a shell. */
export const latchkeyLine = `${process.execPath} ${latchkey}`;

/** Brings what these tests run up to date. */
export async function buildCommand(): Promise<void> {
  await buildStale(['client', 'main', 'command']);
}

export interface CommandRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, with `input` as the whole of its standard input. */
export async function run(env: NodeJS.ProcessEnv, args: readonly string[], input = ''): Promise<CommandRun> {
  const child = spawn(process.execPath, [latchkey, ...args], { env });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return ended(child);
}

/** The same with its standard output in a file. */
export async function runInto(
  path: string,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
): Promise<CommandRun> {
  const script = 'exec "$@" >"$0" </dev/null';
  return ended(spawn('sh', ['-c', script, path, process.execPath, latchkey, ...args], { env }));
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<CommandRun> {
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await closed;
  return { status: child.exitCode, stdout, stderr };
}

/** Starts a command that is not waited for, with its standard input open. */
export function start(env: NodeJS.ProcessEnv, args: readonly string[]) {
  return spawn(process.execPath, [latchkey, ...args], { env });
}

export function hasTerminal(): boolean {
  return spawnSync('python3', ['-c', 'import pty']).status === 0;
}

/** A command on a terminal of its own. */
export class Terminal extends TypedProgram {
  /** Runs `latchkey` and then, in the same terminal, tells its exit status and whether the terminal is as before. */
  constructor(env: NodeJS.ProcessEnv, args: readonly string[]) {
    // The shell is told to outlive Ctrl-C, which the terminal sends to everything that runs in it.
    const script =
      'trap : INT; before=$(stty -g); "$@"; echo "exit status $?"; [ "$before" = "$(stty -g)" ] && echo unchanged';
    // Node shows no colour where CI is set, terminal or not.
    super({ ...env, CI: undefined }, ['sh', '-c', script, 'sh', process.execPath, latchkey, ...args]);
  }

  /** Types the number that Latchkey shows on it, waits for the command to succeed, and gives what it showed after that. */
  async confirmed(): Promise<string> {
    const [, number = ''] =
      /type this number: (\d{4})/.exec(await this.shows(/type this number: \d{4}\r+\n/)) ?? [];
    await this.shows(/type it to [^\r]*: /);
    this.type(`${number}\n`);
    const shown = await this.shows(/exit status 0\r\nunchanged\r\n/);
    await this.closes();
    return shown;
  }

  /** Waits for the command's end: its exit status, and that the terminal is as it was before. */
  async ends(): Promise<number> {
    const shown = await this.shows(/exit status \d+\r\nunchanged\r\n/);
    await this.closes();
    return Number(/exit status (\d+)/.exec(shown)?.[1]);
  }
}
