/**
 * The demo: the app against an embedded STS, with a key and five roles that are entered through the app's own
 * control socket, as a person's `latchkey` command does it. Everything is in a temporary folder and ends with it.
 */
import { on } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';
import { brokerAt, type BrokerClient } from '../../main/control/client.ts';
import { Failure } from '../../main/failure.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import { writePrivateFile } from '../../main/platform/private-file.ts';
import type { CallName, Input } from '../../preload/contract.ts';
import type { App, Ending, startApp } from '../../scripts/launch.mjs';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import { otpauthUrl } from '../sts/totp.ts';
import { instructions, type Places } from './instructions.ts';
import { showMfaCode } from './mfa-display.ts';
import { accessKey, firstProfile, mfaDevice, profiles, region, world } from './sample.ts';

/** What the app's ready file says that the demo needs. The rest is passed on. */
const appReadySchema = z.looseObject({ imds: z.string(), home: z.string(), pid: z.number() });

export interface DemoOptions {
  readonly headless: boolean;
  readonly port: string | undefined;
  readonly readyFile: string | undefined;
  readonly startApp: typeof startApp;
  /** Called with what ends the app, as soon as it runs. */
  readonly onStarted: (app: App) => void;
}

/** Runs the demo until the app ends, and leaves nothing behind. */
export async function runDemo(options: DemoOptions): Promise<Ending> {
  const folder = await mkdtemp(path.join(tmpdir(), 'latchkey-demo-'));
  const home = path.join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  const socket = controlAddress(home);
  try {
    await using sts = await startEmbeddedSts(world);
    const appReadyFile = path.join(folder, 'ready.json');
    const app = options.startApp({
      headless: options.headless,
      args: ['--secrets', 'memory', ...(options.port === undefined ? [] : ['--port', options.port])],
      env: {
        ...process.env,
        LATCHKEY_HOME: home,
        AWS_ENDPOINT_URL_STS: sts.url,
        AWS_ENDPOINT_URL_SIGNIN: sts.url,
      },
      readyFile: appReadyFile,
    });
    options.onStarted(app);

    const ending = new AbortController();
    void app.ended.finally(() => ending.abort()).catch(() => undefined);
    try {
      const appReady = await readOnceThere(appReadyFile, ending.signal);
      await enterSample(brokerAt(socket), ending.signal);
      const ready = appReadySchema.parse(JSON.parse(appReady));
      await announce(ready, { imds: ready.imds, sts: sts.url, region, home }, options.readyFile);
      using _display = showMfaCode(mfaDevice.seed);
      return await app.ended;
    } catch (error) {
      // What the app's end cut off is no failure of its own.
      if (!ending.signal.aborted) throw error;
      return await app.ended;
    } finally {
      app.end('SIGTERM');
      await app.ended;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    if (options.readyFile !== undefined) await rm(options.readyFile, { force: true });
    // The app leaves its socket's folder for its next start with the same data folder, which never comes.
    if (path.basename(path.dirname(socket)).startsWith('latchkey-')) {
      await rmdir(path.dirname(socket)).catch(() => undefined);
    }
  }
}

/** The file's text once it has been put there. Rejects when the signal comes first. */
async function readOnceThere(file: string, signal: AbortSignal): Promise<string> {
  const read = () => readFile(file, 'utf8').catch(() => undefined);
  const watcher = watch(path.dirname(file));
  try {
    // Listened to before the first look, so that it cannot come between the two.
    const changes = on(watcher, 'change', { signal });
    let text = await read();
    while (text === undefined) {
      await changes.next();
      text = await read();
    }
    return text;
  } finally {
    watcher.close();
  }
}

/** Enters the key and the profiles, and makes the first one the active one. */
async function enterSample(broker: BrokerClient, signal: AbortSignal): Promise<void> {
  async function call<Name extends CallName>(name: Name, input: Input<Name>): Promise<void> {
    const answer = await broker.call(name, input, signal);
    if ('problem' in answer)
      throw new Failure('Internal', `The demo's ${name} failed: ${answer.problem.message}`);
  }
  await call('keys.add', accessKey);
  for (const { profile } of profiles) await call('profiles.save', { profile });
  await call('profiles.use', { name: firstProfile });
}

async function announce(
  appReady: z.output<typeof appReadySchema>,
  places: Places,
  readyFile: string | undefined,
): Promise<void> {
  const shown = profiles.map(({ shows, profile }) => ({ name: profile.name, shows }));
  console.log(instructions(places, shown, process.platform));
  if (readyFile === undefined) return;
  const document = {
    ...appReady,
    sts: places.sts,
    stsCalls: `${places.sts}/calls`,
    profiles: profiles.map(({ profile }) => profile.name),
    mfa: {
      serial: mfaDevice.serial,
      otpauth: otpauthUrl({ seed: mfaDevice.seed, issuer: 'Latchkey demo', account: 'alice' }),
    },
  };
  await writePrivateFile(path.resolve(readyFile), `${JSON.stringify(document, undefined, 2)}\n`);
}
