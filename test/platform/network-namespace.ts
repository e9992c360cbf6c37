/** A network of a test's own on Linux: its interfaces, routes and firewall are nobody else's, and end with it. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { needs } from './needs.ts';

const tools = ['unshare', 'nsenter', 'setpriv', 'ip', 'nft', 'curl'];

/** What tests with a network of their own need of the machine. */
export const ownNetwork = needs(
  canMakeNetwork(),
  `a network of its own takes Linux, root, and the packages util-linux, iproute2, nftables and curl`,
);

function canMakeNetwork(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const missing = tools.some((tool) => spawnSync(tool, ['--version']).error !== undefined);
  return !missing && spawnSync('unshare', ['--net', 'nft', 'list', 'ruleset']).status === 0;
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Who runs a program, and in what environment. */
export interface RunOptions {
  /** Unset: root. */
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** The whole of its standard input. */
  readonly input?: string;
  /** To read any file as root does, and nothing else: for a Python in root's home. */
  readonly readsAllFiles?: boolean;
}

export interface NetworkNamespace extends AsyncDisposable {
  /** For `ip link … netns PID`. */
  readonly pid: number;
  /** Starts a program in it. It is ended with the namespace, unless it ends before. */
  start(command: readonly string[], options?: RunOptions): ChildProcessWithoutNullStreams;
  /** Runs a program to its end. */
  run(command: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs a script of root's in `/bin/sh`. @returns what it printed @throws where it fails */
  sh(script: string): Promise<string>;
}

/** Makes a network with nothing but `lo`. */
export async function networkNamespace(): Promise<NetworkNamespace> {
  // It lives while its standard input is open, so it ends with this process, whatever becomes of that.
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec cat']);
  const held = once(holder, 'close');
  await Promise.race([
    once(holder.stdout, 'data'),
    held.then(() => Promise.reject(new Error('unshare --net ended'))),
  ]);
  const pid = holder.pid ?? 0;
  const started = new Set<ChildProcessWithoutNullStreams>();

  function start(command: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
    const { uid, env = process.env, readsAllFiles = false } = options;
    const capability = readsAllFiles
      ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
      : [];
    const user =
      uid === undefined
        ? []
        : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...capability, '--'];
    const child = spawn('nsenter', ['--target', String(pid), '--net', '--', ...user, ...command], { env });
    // A program that needs no input may be gone before it is written.
    child.stdin.on('error', () => undefined);
    started.add(child);
    child.once('close', () => started.delete(child));
    return child;
  }

  async function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const child = start(command, options);
    child.stdin.end(options.input ?? '');
    const closed = once(child, 'close');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await closed;
    return { status: child.exitCode, stdout, stderr };
  }

  return {
    pid,
    start,
    run,
    async sh(script) {
      const { status, stdout, stderr } = await run(['/bin/sh', '-c', script]);
      if (status !== 0)
        throw new Error(`the script ended with status ${String(status)}: ${stderr}\n${script}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      const ended = [...started].map((child) => once(child, 'close'));
      for (const child of started) child.kill('SIGKILL');
      await Promise.all(ended);
      holder.stdin.end();
      await held;
    },
  };
}
