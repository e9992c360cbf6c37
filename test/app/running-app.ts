/** The real app in Electron against the embedded STS, with a temporary data folder. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, expect, type ElectronApplication, type Page } from '@playwright/test';
import * as z from 'zod/mini';
import { brokerAt } from '../../main/control/client.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import type { CallName, Input, Output } from '../../preload/contract.ts';
import { root } from '../../scripts/build.mjs';
import { displayObstacle, findElectron } from '../../scripts/desktop.mjs';
import { needs } from '../platform/needs.ts';
import { startEmbeddedSts, type EmbeddedSts } from '../sts/embedded-sts.ts';
import { aliceKeys, aliceSerial, sampleWorld } from '../sts/sample-world.ts';

const electron = findElectron(process.env);
const display = displayObstacle(process.env);

/** For tests that start the app. */
export const desktop = needs(
  'executable' in electron && display === undefined,
  display ?? ('obstacle' in electron ? electron.obstacle : ''),
);

/** What a program printed and how it ended. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/** A temporary data folder, and an STS for the app on it. */
export interface Surroundings extends AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly sts: EmbeddedSts;
  readonly env: Record<string, string>;
}

export async function makeSurroundings(): Promise<Surroundings> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-app-'));
  const home = join(folder, 'home');
  const sts = await startEmbeddedSts(sampleWorld);
  return {
    folder,
    home,
    sts,
    env: {
      ...definedOnly(process.env),
      LATCHKEY_HOME: home,
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_ENDPOINT_URL_SIGNIN: sts.url,
    },
    async [Symbol.asyncDispose]() {
      await sts[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
}

export interface RunningApp extends AsyncDisposable {
  readonly electron: ElectronApplication;
  readonly page: Page;
  readonly sts: EmbeddedSts;
  readonly home: string;
  /** The metadata endpoint's base URL. */
  readonly imds: string;
  readonly pid: number;
  /** All that the app has printed. */
  output(): string;
  /** Makes a call as the `latchkey` command does, past the window. Throws where it is refused. */
  call<Name extends CallName>(name: Name, input: Input<Name>): Promise<Output<Name>>;
  /** Starts a second copy on the same data folder, and waits for its end. */
  startAgain(): Promise<Ending>;
}

const readySchema = z.object({ imds: z.string(), interface: z.string(), home: z.string(), pid: z.number() });

/** Starts the app with no key and no profile. */
export async function startApp(
  options: { secrets?: 'memory' | 'keychain'; env?: Record<string, string> } = {},
): Promise<RunningApp> {
  const { secrets = 'memory', env: extraEnv = {} } = options;
  const surroundings = await makeSurroundings();
  const { folder, home, sts } = surroundings;
  const env = { ...surroundings.env, ...extraEnv };
  const readyFile = join(folder, 'ready.json');
  const app = await _electron.launch({
    executablePath: electronExecutable(),
    args: [...fromProject, '--port', '0', '--secrets', secrets, '--ready-file', readyFile],
    env,
    cwd: folder,
  });
  const output = collectOutput(app);
  const page = await app.firstWindow();
  await expect.poll(() => readFile(readyFile, 'utf8').catch(() => '')).not.toBe('');
  const ready = readySchema.parse(JSON.parse(await readFile(readyFile, 'utf8')));
  const broker = brokerAt(controlAddress(home));

  return {
    electron: app,
    page,
    sts,
    home,
    imds: ready.imds,
    pid: ready.pid,
    output,
    call: async (name, input) => {
      const answer = await broker.call(name, input);
      if ('problem' in answer) throw new Error(`${name}: ${answer.problem.message}`);
      return answer.value;
    },
    startAgain: () => runToItsEnd(electronExecutable(), fromProject, env),
    async [Symbol.asyncDispose]() {
      await app.close();
      await surroundings[Symbol.asyncDispose]();
    },
  };
}

/** Runs a program that is expected to end by itself. */
export function runToItsEnd(program: string, args: string[], env: Record<string, string>): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(program, args, { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === 'number' ? code : null, output: stdout + stderr });
    });
  });
}

export function electronExecutable(): string {
  if ('obstacle' in electron) throw new Error(electron.obstacle);
  return electron.executable;
}

/** Chromium's sandbox cannot be had as root; only tests go without it. */
export const sandboxArgs = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

/** Electron's arguments for running the app from the project's folder; the app's own come after them. */
export const fromProject = [...sandboxArgs, '--require', join(root, 'main/shell/declare-scheme.cjs'), root];

/** Alice's key and two of her roles: `reader` needs no MFA code, `guarded` does. */
export async function enterSample(app: RunningApp): Promise<void> {
  await app.call('keys.add', { label: 'work', ...aliceKeys });
  await enterProfiles(app);
}

/** The two roles alone, on a key with the label `work`. */
export async function enterProfiles(app: RunningApp): Promise<void> {
  const common = { base: { key: 'work' }, region: 'eu-central-1' };
  const reader = 'arn:aws:iam::444455556666:role/team/Reader';
  const guarded = 'arn:aws:iam::444455556666:role/Guarded';
  await app.call('profiles.save', { profile: { name: 'reader', roleArn: reader, ...common } });
  await app.call('profiles.save', {
    profile: { name: 'guarded', roleArn: guarded, mfaSerial: aliceSerial, ...common },
  });
}

function collectOutput(app: ElectronApplication): () => string {
  const { stdout, stderr } = app.process();
  let output = '';
  for (const stream of [stdout, stderr]) stream?.on('data', (part: Buffer) => (output += part.toString()));
  return () => output;
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
