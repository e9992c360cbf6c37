/**
 * The demo: the app against an embedded STS, with a key and five roles that are entered through the app's own
 * control socket, as a person's `latchkey` command does it. Everything is in a temporary folder and ends with it.
 */
import { mkdir, mkdtemp, readFile, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod/mini';
import { brokerAt, type BrokerClient } from '../../main/control/client.ts';
import { Failure } from '../../main/failure.ts';
import { controlAddress, writePrivateFile } from '../../main/platform/data-folder.ts';
import type { CallName, Input } from '../../preload/contract.ts';
import type { App, Ending, startApp } from '../../scripts/launch.mjs';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import { otpauthUrl } from '../sts/totp.ts';
import { latchkeyCommand, linesToPaste, type Places } from './instructions.ts';
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
  try {
    await using sts = await startEmbeddedSts(world);
    const home = path.join(folder, 'home');
    await mkdir(home, { mode: 0o700 });
    const appReadyFile = path.join(folder, 'ready.json');
    const app = options.startApp({
      headless: options.headless,
      args: ['--secrets', 'memory', ...(options.port === undefined ? [] : ['--port', options.port])],
      env: { ...process.env, LATCHKEY_HOME: home, AWS_ENDPOINT_URL_STS: sts.url },
      readyFile: appReadyFile,
    });
    options.onStarted(app);

    const ending = new AbortController();
    void app.ended.finally(() => ending.abort()).catch(() => undefined);
    const appReady = await readOnceThere(appReadyFile, ending.signal);
    if (appReady === undefined) return await app.ended;
    try {
      await enterSample(brokerAt(controlAddress(home)), ending.signal);
      const ready = appReadySchema.parse(JSON.parse(appReady));
      await announce(ready, { imds: ready.imds, sts: sts.url, region, home }, options.readyFile);
      using _display = showMfaCode(mfaDevice.seed);
      return await app.ended;
    } catch (error) {
      if (ending.signal.aborted) return await app.ended;
      throw error;
    } finally {
      app.end('SIGTERM');
      await app.ended;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The file's text once it has been put there; undefined if the signal comes first. */
async function readOnceThere(file: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    // Watched first, so that it cannot come between a look and the watch.
    const changes = watch(path.dirname(file), { signal });
    const read = () => readFile(file, 'utf8').catch(() => undefined);
    const already = await read();
    if (already !== undefined) return already;
    for await (const _change of changes) {
      const text = await read();
      if (text !== undefined) return text;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
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
  console.log(instructions(places));
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

function instructions(places: Places): string {
  const indented = (lines: string[]) => lines.map((line) => `  ${line}`).join('\n');
  const use = (profile: string) => latchkeyCommand(places.home, `use ${profile}`, process.platform);
  return `
This is a demo: the STS behind it is part of this program, and nothing leaves this machine.
Paste this into another terminal, in this folder:

${indented(linesToPaste(places, process.platform))}

There the AWS CLI and every AWS SDK now show the active role; without the CLI, a script on the JavaScript SDK does:

  aws sts get-caller-identity
  node dist/demo/whoami.js

Switch in the interface, or there, and ask again:

${indented(profiles.map(({ shows, profile }) => `${use(profile.name)}   # ${shows}`))}
`;
}
