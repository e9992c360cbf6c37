/**
 * `npm run bench -- soak [MINUTES [SECONDS]]`: 50 clients read from endpoints of the real engine, whose sessions end
 * after some seconds, for some minutes of real time. No read may fail, and nothing may grow.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import { sampleWorld } from '../sts/sample-world.ts';
import { runClient, type Tally } from './clients.ts';
import { servedSchema, sizeSchema, type Size } from './served.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** How long sessions live. */
  readonly sessionSeconds: number;
  /** Starts `serveSoaked` in a process of its own. */
  readonly start: (env: NodeJS.ProcessEnv) => ChildProcess;
}

const clients = 50;
/** The time is divided so: between two legs no client is there, and what is there is measured. */
const legs = 10;
/** For connections to end and calls to be answered. */
const restMs = 1000;

/** What is no growth yet: of code that is compiled later, and of connections to STS that happen to be open. */
const tolerated = { heapBytes: 1_500_000, handles: 8, descriptors: 8 };

/** Soaks, and prints what came out. @returns whether all was well */
export async function soak({ minutes, sessionSeconds, start }: SoakOptions): Promise<boolean> {
  // Said once, and of no interest here.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  await using sts = await startEmbeddedSts(sampleWorld);
  sts.faults.sessionSeconds = sessionSeconds;
  const child = start({ ...withoutAws(process.env), AWS_ENDPOINT_URL_STS: sts.url });
  try {
    const urls = Object.entries(servedSchema.parse(await messageOf(child)));
    const tally: Tally = { reads: 0, tried: 0, failures: [] };
    const sizes: Size[] = [];
    console.log(
      `${clients} clients for ${minutes} min, sessions of ${sessionSeconds} s, Node ${process.version}.\n`,
    );
    console.log('| leg | reads | sessions issued | heap, KB | handles | descriptors |');
    console.log('| --- | --- | --- | --- | --- | --- |');
    for (let leg = 1; leg <= legs; leg++) {
      const untilMs = performance.now() + (minutes * 60_000) / legs - restMs;
      await Promise.all(
        Array.from({ length: clients }, (_, number) => {
          const [profile, url] = urls[number % urls.length] ?? ['', ''];
          const keepsAlive = Math.floor(number / urls.length) % 2 === 0;
          return runClient({ url, profile, keepsAlive, stsUrl: sts.url, untilMs, tally });
        }),
      );
      await delay(restMs);
      const size = await sizeOf(child);
      sizes.push(size);
      const { AssumeRole: issued = 0 } = sts.calls();
      const { heapBytes, handles, descriptors } = size;
      console.log(
        `| ${[leg, tally.reads, issued, Math.round(heapBytes / 1024), handles, descriptors].join(' | ')} |`,
      );
    }
    const grown = grownIn(sizes);
    console.log(
      `\nReads: ${tally.reads}, of which failed: ${tally.failures.length}. Sessions tried: ${tally.tried}.`,
    );
    for (const failure of tally.failures.slice(0, 20)) console.log(`  ${failure}`);
    console.log(grown.length === 0 ? 'Nothing grew.' : `Grown: ${grown.join(', ')}.`);
    return tally.failures.length === 0 && grown.length === 0;
  } finally {
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  }
}

/** What is larger in the last legs than in the first ones after the warm-up, by the smallest of each. */
function grownIn(sizes: readonly Size[]): string[] {
  const part = Math.floor(legs / 3);
  const names = ['heapBytes', 'handles', 'descriptors'] as const;
  return names.filter((name) => {
    const least = (some: readonly Size[]) => Math.min(...some.map((size) => size[name]));
    return least(sizes.slice(-part)) - least(sizes.slice(1, 1 + part)) > tolerated[name];
  });
}

function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));
}

async function sizeOf(child: ChildProcess): Promise<Size> {
  child.send('size');
  return sizeSchema.parse(await messageOf(child));
}

/** The next message of a child. @throws Error where it ends instead */
function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = () => {
      reject(new Error('what is soaked has ended by itself'));
    };
    child.once('exit', onExit);
    child.once('message', (message: unknown) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
