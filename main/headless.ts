/** The broker under plain Node, with the interface in the browser: for SSH, WSL, CI, and where Electron cannot run. */
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { startBroker } from './broker.ts';
import { serveBrowser } from './control/browser.ts';
import { Failure } from './failure.ts';
import { packageVersion, parseOptions, type Options } from './options.ts';
import { dataFolder } from './platform/data-folder.ts';
import { openKeychain } from './platform/keychain.ts';
import { memorySecretStore } from './platform/memory-secret-store.ts';
import { noPower } from './platform/no-power.ts';
import { peerIdentity } from './platform/peer-identity.ts';
import type { Client } from './platform/ports.ts';
import { systemClock } from './platform/system-clock.ts';
import { writeReadyFile } from './ready-file.ts';
import { Resources } from './resources.ts';

/** Where the build puts the interface, seen from dist/main. */
const interfaceFolder = join(import.meta.dirname, '../renderer');

/**
 * Starts the broker with the interface for a browser, and tells `print`, line by line, what is served. Disposing the
 * result ends it all and removes the ready file.
 * @throws Failure of `startBroker`, `serveBrowser` or `writeReadyFile`; then nothing is left open
 */
export async function serveHeadless(
  options: Options,
  print: (line: string) => void,
): Promise<AsyncDisposable> {
  const opened = new Resources();
  try {
    await compose(options, print, opened);
    return opened;
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function compose(options: Options, print: (line: string) => void, opened: Resources): Promise<void> {
  const version = packageVersion();
  const peer = opened.use(peerIdentity());
  // The local socket answers before there is a link.
  let link = (_openedBy: Client | undefined): string => {
    throw new Failure('NotRunning', 'Latchkey is still starting; try again');
  };
  const broker = opened.use(
    await startBroker({
      home: dataFolder(),
      port: options.port,
      version,
      clock: systemClock,
      secrets: options.secrets === 'memory' ? memorySecretStore() : openKeychain(),
      peer,
      power: noPower,
      openInterface: async (confirm) => link(await confirm()),
    }),
  );
  const browser = opened.use(
    await serveBrowser({ service: broker.service, peer, clock: systemClock, folder: interfaceFolder }),
  );
  link = (openedBy) => browser.link(openedBy);
  const { readyFile } = options;
  if (readyFile !== undefined) {
    await writeReadyFile(readyFile, {
      imds: broker.endpoint.url,
      interface: browser.link(),
      home: broker.home,
      pid: process.pid,
    });
    opened.use({ [Symbol.asyncDispose]: () => rm(readyFile, { force: true }) });
  }
  const { url } = broker.endpoint;
  print(`Latchkey ${version} serves the active profile to AWS SDKs at ${url}`);
  print(`  export AWS_EC2_METADATA_SERVICE_ENDPOINT=${url}`);
  print(`Its interface, by a link that works once, within five minutes (latchkey open gives another):`);
  print(`  ${browser.link()}`);
  if (options.secrets === 'memory') print('Access keys are kept in memory, and gone when this ends.');
}

/**
 * Serves as {@link serveHeadless} does until SIGINT, SIGTERM or SIGHUP, and ends it cleanly. A signal that comes
 * before all is served ends the process by that signal. A second one ends it at once.
 */
export async function runHeadless(options: Options): Promise<void> {
  let isEnding = false;
  const signal = firstSignal().finally(() => (isEnding = true));
  // Who reads the output may go before the broker does.
  process.stdout.on('error', () => undefined);
  const starting = serveHeadless(options, (line) => {
    if (!isEnding) console.log(line);
  });
  const early = await Promise.race([signal, starting.then(() => undefined)]);
  const ended = Promise.all([signal, starting]).then(([, served]) => served[Symbol.asyncDispose]());
  if (early === undefined) return ended;
  // A start that was about to succeed leaves nothing behind; one that hangs is not waited for.
  await Promise.race([ended.catch(() => undefined), delay(startGraceMs)]);
  dieOf(early);
}

const startGraceMs = 1000;

type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Ends this process as the signal would have: process.exit() waits for a file that cannot be read, too. */
function dieOf(signal: EndSignal): never {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The first process of a container survives its own signals.
  process.exit(128 + constants.signals[signal]);
}

/** npm and other parents pass a signal on that the terminal has already sent to everybody: one and the same. */
const sameSignalMs = 500;

function firstSignal(): Promise<EndSignal> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        firstAtMs ??= performance.now();
        if (performance.now() - firstAtMs > sameSignalMs) process.exit(1);
        resolve(name);
      });
    }
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  await runHeadless(optionsOrExit()).catch((error: unknown) => cannotStart(1, error));
  process.exit();
}

function optionsOrExit(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    return cannotStart(2, error);
  }
}

function cannotStart(status: number, error: unknown): never {
  const reason =
    error instanceof Failure ? error.message : String(error instanceof Error ? error.stack : error);
  console.error(`Latchkey cannot start: ${reason}`);
  process.exit(status);
}
