/** A real headless broker on a temporary data folder, with the embedded STS behind it and its interface in Chromium. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, chromium, expect } from '@playwright/test';
import * as z from 'zod/mini';
import { brokerAt } from '../../main/control/client.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import type { CallName, Input, Output } from '../../preload/contract.ts';
import { root } from '../../scripts/build.mjs';
import { findChromium } from '../../scripts/find-chromium.mjs';
import { needs } from '../platform/needs.ts';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import type { EmbeddedSts } from '../sts/embedded-sts.ts';
import { aliceKeys, aliceSerial, sampleWorld } from '../sts/sample-world.ts';
import { LatchkeyWindow } from './window.ts';

const withChromium = needs(
  existsSync(findChromium() ?? chromium.executablePath()),
  'no Chromium here: install the package chromium, or run npx playwright install chromium',
);

export interface Latchkey extends AsyncDisposable {
  readonly sts: EmbeddedSts;
  /** The endpoint's base URL. */
  readonly imds: string;
  /** The link that was printed at the start. It works once. */
  readonly link: string;
  /** Makes a call as the `latchkey` command does, past the interface. Throws where it is refused. */
  readonly call: <Name extends CallName>(name: Name, input: Input<Name>) => Promise<Output<Name>>;
  /** Ends the broker as Ctrl-C does. */
  readonly end: () => Promise<void>;
}

const readySchema = z.object({ imds: z.string(), interface: z.string() });

async function startLatchkey(): Promise<Latchkey> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-interface-'));
  const home = join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  const sts = await startEmbeddedSts(sampleWorld);
  const readyFile = join(folder, 'ready.json');
  const program = join(root, 'dist/main/headless.js');
  const child = spawn(
    process.execPath,
    [program, '--port', '0', '--secrets', 'memory', '--ready-file', readyFile],
    {
      cwd: folder,
      env: { ...process.env, LATCHKEY_HOME: home, AWS_ENDPOINT_URL_STS: sts.url },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const end = async () => {
    if (child.exitCode === null) child.kill('SIGINT');
    await exited;
  };
  const dispose = async () => {
    await end();
    await sts.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const read = () => readFile(readyFile, 'utf8').catch(() => '');
    await Promise.race([
      expect.poll(read).not.toBe(''),
      exited.then(() => Promise.reject(new Error('the broker ended before it was ready'))),
    ]);
    const ready = readySchema.parse(JSON.parse(await read()));
    const broker = brokerAt(controlAddress(home));
    return {
      sts,
      imds: ready.imds,
      link: ready.interface,
      call: async (name, input) => {
        const answer = await broker.call(name, input);
        if ('problem' in answer) throw new Error(`${name}: ${answer.problem.message}`);
        return answer.value;
      },
      end,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Alice's key and three of her roles: one that is given, one that needs an MFA code, and one that is refused. */
export async function enterSample({ call }: Latchkey): Promise<void> {
  await call('keys.add', { label: 'work', ...aliceKeys });
  const common = { base: { key: 'work' }, region: 'eu-central-1' };
  const role = (path: string) => `arn:aws:iam::444455556666:role/${path}`;
  await call('profiles.save', { profile: { name: 'reader', roleArn: role('team/Reader'), ...common } });
  await call('profiles.save', {
    profile: {
      name: 'guarded',
      roleArn: role('Guarded'),
      mfaSerial: aliceSerial,
      protected: true,
      ...common,
    },
  });
  await call('profiles.save', {
    profile: { name: 'not-mine', roleArn: role('NamesBobAbroad'), colour: 'red', ...common },
  });
}

interface Fixtures {
  /** A broker without keys or profiles. */
  readonly latchkey: Latchkey;
  /** Its interface, as the printed link opens it. */
  readonly window: LatchkeyWindow;
}

/** Playwright's `test` with a broker of its own for each test, and the interface open. */
export const test = base.extend<Fixtures>({
  latchkey: async ({ browserName }, use) => {
    test.skip(withChromium.missing, `${browserName}${withChromium.note}`);
    await using latchkey = await startLatchkey();
    await use(latchkey);
  },
  window: async ({ latchkey, page }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // A refused call has the HTTP status of its problem, which Chromium notes, too.
      const isRefusal = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
    });
    await page.setViewportSize({ width: 380, height: 560 });
    await page.goto(latchkey.link);
    await use(new LatchkeyWindow(page));
    // Also what the content security policy refused is told there.
    expect(complaints).toEqual([]);
  },
});

export { expect };

/** Beside the sample, `vault`: a protected profile, which is active. */
export async function enterVault(latchkey: Latchkey): Promise<void> {
  await enterSample(latchkey);
  await latchkey.call('profiles.save', {
    profile: {
      name: 'vault',
      roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
      base: { key: 'work' },
      region: 'eu-central-1',
      protected: true,
    },
  });
  await latchkey.call('profiles.use', { name: 'vault' });
}
