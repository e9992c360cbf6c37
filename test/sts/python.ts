/** Python programs as the other side of a test. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { devNull } from 'node:os';
import { beforeEach } from 'vitest';

const interpreter = process.env['LATCHKEY_TEST_PYTHON'] ?? 'python3';
/** Nothing of the person who runs the tests may reach the program: no profile, no key, no proxy. */
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^AWS_|_proxy$/iu.test(name))),
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_EC2_METADATA_DISABLED: 'true',
};

/**
 * Makes the tests of a file need a Python with some modules: without it they are skipped and the reason is
 * printed, or they fail where `LATCHKEY_TEST_REQUIRE` is `all`. `LATCHKEY_TEST_PYTHON` names the interpreter.
 */
export function needPython(modules: readonly string[]): void {
  let missing: Promise<string | undefined> | undefined;
  beforeEach(async ({ skip }) => {
    missing ??= findMissing(modules);
    const reason = await missing;
    if (reason === undefined) return;
    if (process.env['LATCHKEY_TEST_REQUIRE'] === 'all') throw new Error(reason);
    skip(reason);
  });
}

async function findMissing(modules: readonly string[]): Promise<string | undefined> {
  try {
    await run(['-c', `import ${modules.join(', ')}`], '');
    return undefined;
  } catch {
    const reason = `${interpreter} with ${modules.join(' and ')} is missing; get it with: pip install boto3 'moto[server]'`;
    console.warn(`Not run: ${reason}`);
    return reason;
  }
}

/** Runs a program of this folder with a JSON document on its standard input. Returns the one that it prints. */
export async function runPython(script: string, input: unknown): Promise<unknown> {
  return JSON.parse(await run([pathOf(script)], JSON.stringify(input)));
}

/** A program of this folder that serves until its standard input ends, and prints its URL once it does. */
export async function startPythonServer(script: string): Promise<AsyncDisposable & { url: string }> {
  const child = spawn(interpreter, [pathOf(script)], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('close', (status) => {
      reject(new Error(`${script} ended with status ${String(status)} before it served`));
    });
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}

function run(args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      interpreter,
      args,
      { env: environment, timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`${interpreter} ${args.join(' ')} failed: ${stderr}`, { cause: error }));
        else resolve(stdout);
      },
    );
    // An interpreter that ends without reading makes this an EPIPE; its exit says what was wrong.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
