/** The real app in Electron against the embedded STS, with a temporary data folder. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, expect, type ElectronApplication, type Page } from '@playwright/test';
import * as z from 'zod/mini';
import { brokerAt } from '../../main/control/client.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import type { CallName, Input, Output } from '../../preload/contract.ts';
import { root } from '../../scripts/build.mjs';
import { displayObstacle, findElectron } from '../../scripts/launch.mjs';
import { needs } from '../platform/needs.ts';
import { startEmbeddedSts, type EmbeddedSts } from '../sts/embedded-sts.ts';
import { aliceKeys, sampleWorld } from '../sts/sample-world.ts';

const electron = findElectron(process.env);
const display = displayObstacle(process.env);

/** For tests that start the app. */
export const desktop = needs(
  'executable' in electron && display === undefined,
  display ?? ('obstacle' in electron ? electron.obstacle : ''),
);

const readySchema = z.object({ imds: z.string(), interface: z.string(), home: z.string(), pid: z.number() });

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
  /** Starts the app a second time on the same data folder, and tells how that ended. */
  startAgain(): Promise<{ code: number | null; output: string }>;
}

/** Starts the app with no key and no profile. */
export async function startApp(options: { secrets: 'memory' | 'keychain' }): Promise<RunningApp> {
  if ('obstacle' in electron) throw new Error(electron.obstacle);
  const { executable } = electron;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-app-'));
  const home = join(folder, 'home');
  const readyFile = join(folder, 'ready.json');
  const sts = await startEmbeddedSts(sampleWorld);
  const env = { ...definedOnly(process.env), LATCHKEY_HOME: home, AWS_ENDPOINT_URL_STS: sts.url };

  function launch(appArgs: string[]): Promise<ElectronApplication> {
    return _electron.launch({
      executablePath: executable,
      args: [...electronArgs, root, ...appArgs],
      env,
      cwd: folder,
    });
  }

  const app = await launch(['--port', '0', '--secrets', options.secrets, '--ready-file', readyFile]);
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
    startAgain: async () => {
      const { execFile } = await import('node:child_process');
      return new Promise((resolve) => {
        execFile(executable, [...electronArgs, root], { env, cwd: folder }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
        });
      });
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await sts[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
}

/** The app's start from the project's folder. Chromium's sandbox cannot be had as root; only tests go without it. */
const electronArgs = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--require',
  join(root, 'main/shell/declare-scheme.cjs'),
];

/** Alice's key and two of her roles: `reader` needs no MFA code, `guarded` does. */
export async function enterSample({ call }: RunningApp): Promise<void> {
  await call('keys.add', { label: 'work', ...aliceKeys });
  const base = { key: 'work' };
  const roles = 'arn:aws:iam::444455556666:role';
  const mfaSerial = 'arn:aws:iam::111122223333:mfa/alice';
  await call('profiles.save', {
    profile: { name: 'reader', roleArn: `${roles}/team/Reader`, base, region: 'eu-central-1' },
  });
  await call('profiles.save', {
    profile: { name: 'guarded', roleArn: `${roles}/Guarded`, base, region: 'eu-central-1', mfaSerial },
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
