/** Runs `npm run demo` and the programs around it as a script would. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { totp, totpStepSeconds } from '../sts/totp.ts';

const root = join(import.meta.dirname, '../..');
export const python = process.env['LATCHKEY_TEST_PYTHON'] ?? 'python3';

const readySchema = z.strictObject({
  imds: z.url(),
  interface: z.url(),
  home: z.string(),
  pid: z.number(),
  sts: z.url(),
  stsCalls: z.url(),
  profiles: z.array(z.string()),
  mfa: z.strictObject({ serial: z.string(), otpauth: z.url() }),
});

/** A running demo. Disposing of it ends it as Ctrl-C would, and waits for that. */
export interface Demo extends AsyncDisposable {
  readonly ready: z.output<typeof readySchema>;
  readonly readyFile: string;
  /** Its own temporary folder. */
  readonly temporary: string;
  /** Standard output and standard error until now. */
  output(): string;
  /** npm's process, which leads a process group of its own. */
  readonly npmPid: number;
  /** npm's exit status, once all that writes to its output has ended; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts the demo without a desktop on any free port. Resolves once its ready file is there. */
export async function startDemo(): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const readyFile = join(folder, 'ready.json');
  const child = spawn(
    'npm',
    ['--silent', 'run', 'demo', '--', '--headless', '--port', '0', '--ready-file', readyFile],
    { cwd: root, env: { ...personEnvironment(), TMPDIR: temporary }, detached: true },
  );
  await once(child, 'spawn');
  const npmPid = child.pid ?? 0;
  const output = collect(child);
  const ended = once(child, 'close').then(([status]: (number | null)[]) => status ?? null);
  const over = new AbortController();
  void ended.then(() => over.abort());
  const dispose = async (): Promise<void> => {
    if (!over.signal.aborted) process.kill(-npmPid, 'SIGINT');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    while (!(await isThere(readyFile))) {
      if (over.signal.aborted) throw new Error(`The demo ended before it was ready:\n${output()}`);
      await delay(50);
    }
    const ready = readySchema.parse(JSON.parse(await readFile(readyFile, 'utf8')));
    return { ready, readyFile, temporary, output, npmPid, ended, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The environment of somebody who has not set up anything for AWS. */
export function personEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|LATCHKEY_|npm_)|_proxy$/i.test(name),
  );
  return { ...Object.fromEntries(entries), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the test's own that runs until it is done. */
export interface Running {
  readonly finished: Promise<Finished>;
  readonly child: ChildProcessWithoutNullStreams;
}

export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(command, args, { cwd: root, env });
  const [stdout, stderr] = [collect({ stdout: child.stdout }), collect({ stdout: child.stderr })];
  // A program that needs no input may be gone before it is written.
  child.stdin.on('error', () => undefined);
  const finished = once(child, 'close').then(([status]: (number | null)[]) => {
    return { status: status ?? null, stdout: stdout(), stderr: stderr() };
  });
  return { finished, child };
}

/** Runs a program with `input` as its whole standard input. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<Finished> {
  const { finished, child } = start(command, args, env);
  child.stdin.end(input);
  return finished;
}

/** The built `latchkey` command with the demo's data folder. */
export function startLatchkey(demo: Demo, args: readonly string[]): Running {
  return start(process.execPath, latchkeyArguments(args), latchkeyEnvironment(demo));
}

export function latchkey(demo: Demo, args: readonly string[], input = ''): Promise<Finished> {
  return run(process.execPath, latchkeyArguments(args), latchkeyEnvironment(demo), input);
}

function latchkeyArguments(args: readonly string[]): string[] {
  return [join(root, 'dist/command/latchkey.cjs'), ...args];
}

function latchkeyEnvironment(demo: Demo): NodeJS.ProcessEnv {
  return { ...personEnvironment(), LATCHKEY_HOME: demo.ready.home, TMPDIR: demo.temporary };
}

/** The lines that the demo tells a person to paste. */
export function linesToPaste(demo: Demo): string {
  const lines = demo.output().split('\n');
  const from = lines.findIndex((line) => line.startsWith('  unset '));
  return lines.slice(from, lines.indexOf('', from)).join('\n');
}

/** The code that the demo's MFA device shows now, with enough of its time left to be used. */
export async function mfaCode(demo: Demo): Promise<string> {
  const stepMs = totpStepSeconds * 1000;
  const leftMs = stepMs - (Date.now() % stepMs);
  if (leftMs < 3000) await delay(leftMs);
  return totp(new URL(demo.ready.mfa.otpauth).searchParams.get('secret') ?? '', Date.now());
}

/** How many calls of each action STS has had. */
export async function stsCalls(demo: Demo): Promise<Record<string, number>> {
  const response = await fetch(demo.ready.stsCalls);
  return z.record(z.string(), z.number()).parse(await response.json());
}

function collect(streams: Partial<Pick<ChildProcessWithoutNullStreams, 'stdout' | 'stderr'>>): () => string {
  let text = '';
  for (const stream of [streams.stdout, streams.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return () => text;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
