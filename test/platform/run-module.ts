import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** What became of a module that ran in a process of its own. */
export interface ModuleRun {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a TypeScript module in a fresh Node process, with `env` as its whole environment, and waits for its end.
 * @param module where the module is, from the folder of this file.
 */
export async function runModule(
  module: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<ModuleRun> {
  const file = fileURLToPath(new URL(module, import.meta.url));
  const program = `import { runnerImport } from 'vite'; await runnerImport(${JSON.stringify(file)}, { configFile: false, logLevel: 'error' });`;
  const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
    cwd: projectFolder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  const ended: Promise<unknown[]> = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { exitCode: child.exitCode, signal: child.signalCode, stdout, stderr };
}
