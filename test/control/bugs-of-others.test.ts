/** Faults that brokers like this one have had beside their endpoint, each ruled out at a whole broker. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { format } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { startBroker } from '../../main/broker.ts';
import { serveBrowser } from '../../main/control/browser.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { noPower } from '../../main/platform/no-power.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Resources } from '../../main/resources.ts';
import { calls, commandCalls, type BrokerEvent } from '../../preload/contract.ts';
import { currentCode, startTestBroker, untilPrompted, type TestBroker } from '../cli/test-broker.ts';
import { search } from '../end-to-end/search.ts';
import { ask, askWithToken, credentialsPath } from '../fixtures/endpoint.ts';
import { needs } from '../platform/needs.ts';
import { aliceKeys, aliceSerial } from '../sts/sample-world.ts';
import { rawRequest, type RawAnswer } from './raw-request.ts';

const withUnixSockets = needs(process.platform !== 'win32', 'Windows has named pipes in their place');

let opened: Resources;
let tested: TestBroker;
/** The local socket. */
let socketPath: string;

beforeEach(async () => {
  opened = new Resources();
  tested = opened.use(await startTestBroker());
  socketPath = controlAddress(tested.broker.home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened[Symbol.asyncDispose]();
});

/** One request on the local socket. */
function askSocket(method: string, path: string, headers = {}, body = ''): Promise<RawAnswer> {
  return rawRequest({ socketPath, method, path, headers }, body);
}

function post(call: string, input: unknown): Promise<RawAnswer> {
  return askSocket('POST', `/call/${call}`, { 'content-type': 'application/json' }, JSON.stringify(input));
}

/** What the endpoint serves of a profile now. */
async function served(profile: string): Promise<string> {
  return (await askWithToken(tested.broker.endpoint.url, `${credentialsPath}${profile}`)).body;
}

/** The interface for a browser, served beside the broker as `latchkey serve` does. */
async function startInterface(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bugs-'));
  opened.use({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Latchkey</title>');
  const { service } = tested.broker;
  const options = { service, peer: peerIdentity(), clock: systemClock, folder };
  return opened.use(await serveBrowser(options)).origin;
}

describe('a control channel', () => {
  test('that listened on every interface listens on 127.0.0.1 alone', async () => {
    const others = Object.values(networkInterfaces()).flatMap(
      (list) => list?.map(({ address }) => address) ?? [],
    );
    for (const url of [tested.broker.endpoint.url, await startInterface()]) {
      const port = Number(new URL(url).port);
      // All of 127.0.0.0/8 is this machine: what listens on every interface answers there, too.
      for (const host of new Set(['127.0.0.1', '127.0.0.2', '::1', ...others])) {
        const socket = connect({ host, port });
        const reached = await once(socket, 'connect').then(
          () => true,
          () => false,
        );
        socket.destroy();
        expect(reached, `${host} is reached`).toBe(host === '127.0.0.1');
      }
    }
  });

  test('that was a WebSocket, which any page may open, is none', async () => {
    const upgrade = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      Origin: 'http://page.example',
    };
    const endpoint = tested.broker.endpoint.url;
    const interfaceOrigin = await startInterface();
    for (const path of ['/', '/events', '/call/state.read']) {
      expect((await ask(endpoint, path, upgrade)).status).toBe(403);
      expect((await askSocket('GET', path, upgrade)).status).toBe(403);
      // The page itself has no secret, and is had by anybody; there is no other protocol that it changes to.
      expect((await ask(interfaceOrigin, path, upgrade)).status).toBe(
        path === '/' ? 200 : path === '/events' ? 403 : 404,
      );
    }
  });

  test('that gave away any item of the keychain has no call that gives one', async () => {
    await holdSessions();
    const answers: string[] = [];
    for (const [name, declared] of Object.entries({ ...calls, ...commandCalls })) {
      // Those would write a number onto the terminal of whoever runs this, and are refused without it.
      if ('by' in declared) continue;
      const input = inputs.find((given) => declared.input.safeParse(given).success);
      expect(input, `an input for ${name} must be among those that are tried here`).toBeDefined();
      answers.push((await post(name, input)).body);
    }
    for (const call of [
      'keys.read',
      'keys.export',
      'keychain.read',
      'secrets.get',
      'constructor',
      '__proto__',
    ])
      answers.push((await post(call, { label: 'work', name: aliceKeys.accessKeyId })).body);
    for (const path of ['/keychain', '/secrets', '/keys/work', `/secrets/${aliceKeys.accessKeyId}`])
      answers.push((await askSocket('GET', path)).body);
    const all = answers.join('\n');
    expect(all).toContain(aliceKeys.accessKeyId);
    expect(await search({ folder: tested.broker.home, texts: { all }, secrets })).toEqual([]);
  });

  test.skipIf(withUnixSockets.missing)(
    `that every user could open is its user’s alone, whatever the umask${withUnixSockets.note}`,
    async () => {
      const before = process.umask(0);
      const open = await startTestBroker().finally(() => process.umask(before));
      await using _open = open;
      const address = controlAddress(open.broker.home);
      expect((await stat(address)).mode & 0o777).toBe(0o600);
      expect((await stat(dirname(address))).mode & 0o777).toBe(0o700);
      expect((await stat(open.broker.home)).mode & 0o777).toBe(0o700);
    },
  );

  test('that any page could stop by a URL has none that stops it', async () => {
    const { url } = tested.broker.endpoint;
    const ofPage = { Referer: 'http://page.example/', 'Sec-Fetch-Mode': 'no-cors' };
    const paths = ['stop', 'quit', 'exit', 'shutdown', 'kill', 'call/stop', 'call/sessions.lock'];
    const answers: (number | undefined)[] = [];
    for (const path of paths.map((name) => `/${name}`)) {
      for (const at of [url, await startInterface()])
        for (const method of ['GET', 'POST'])
          for (const headers of [{}, ofPage]) answers.push((await ask(at, path, headers, method)).status);
      for (const headers of [{}, ofPage]) answers.push((await askSocket('GET', path, headers)).status);
    }
    for (const status of answers) expect([401, 403, 404, 405]).toContain(status);
    await tested.call('profiles.use', { name: 'reader' });
    expect(await served('reader')).toContain('"Success"');
  });
});

describe('config.json', () => {
  const path = () => join(tested.broker.home, 'config.json');
  /** A file that is written anew is another one: it is moved into the place of the one before. */
  async function version(): Promise<string> {
    const { ino, mtimeMs } = await stat(path());
    return `${ino} ${mtimeMs}`;
  }

  test('was written with each change of state, and is not with those of sessions, codes and programs', async () => {
    await holdSessions();
    const before = await version();
    await askSocket('GET', '/credentials/reader');
    await askSocket('GET', '/credentials/refused');
    await ask(tested.broker.endpoint.url, '/none');
    await post('bindings.set', { profile: 'reader' });
    await tested.call('sessions.lock', {});
    await tested.call('sessions.unlock', {});
    await askSocket('GET', '/credentials/reader');
    expect(await version()).toBe(before);
    await tested.call('profiles.pin', { name: 'reader', pinned: true });
    expect(await version()).not.toBe(before);
  });

  test('was written while all else stood still, and is written beside it', async () => {
    let turns = 0;
    const count = () => {
      turns += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    await tested.call('profiles.pin', { name: 'reader', pinned: true });
    clearImmediate(next);
    // Opened, written, synced, closed and moved: at each of these other work had its turn.
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test('was written by two programs at once, and has one broker that writes it, one change after the other', async () => {
    const before = await readFile(path(), 'utf8');
    // As under cron or sudo, where the socket would be elsewhere.
    vi.stubEnv('XDG_RUNTIME_DIR', join(tested.broker.home, 'elsewhere'));
    await expect(
      startBroker({
        home: tested.broker.home,
        port: 0,
        version: '0.0.0',
        clock: systemClock,
        secrets: memorySecretStore(),
        peer: peerIdentity(),
        power: noPower,
        openInterface: () => Promise.resolve(null),
      }),
    ).rejects.toMatchObject({ code: 'AlreadyRunning' });
    expect(await readFile(path(), 'utf8')).toBe(before);
    const folders = Array.from({ length: 20 }, (_, index) => `/projects/${index}`);
    await Promise.all(folders.map((folder) => tested.call('folders.set', { folder, profile: 'reader' })));
    const written = writtenSchema.parse(JSON.parse(await readFile(path(), 'utf8')));
    expect(written.folders.map(({ folder }) => folder).sort()).toEqual(folders.sort());
  });
});

describe('secrets', () => {
  /** All that is written to standard output and standard error, and by `console`. */
  function watchOutput(): { output: string } {
    const watched = { output: '' };
    for (const stream of [process.stdout, process.stderr])
      vi.spyOn(stream, 'write').mockImplementation((part) => {
        watched.output += String(part);
        return true;
      });
    for (const name of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const)
      vi.spyOn(console, name).mockImplementation((...parts: unknown[]) => {
        watched.output += format(...parts);
      });
    return watched;
  }

  test('were in a debug log, and are in nothing that is written, with DEBUG set', async () => {
    vi.stubEnv('DEBUG', '*');
    const watched = watchOutput();
    await using run = await startTestBroker();
    tested = run;
    const given = await holdSessions();
    await askSocket('GET', '/credentials/refused');
    await post('mfa.answer', { serial: aliceSerial, code: 'secret' });
    console.error(`planted ${given[0] ?? ''}`);
    const where = () => ({ folder: run.broker.home, texts: { output: watched.output } });
    expect(await search({ ...where(), secrets: [given[0] ?? ''] }), 'the planted one').toEqual(['output']);
    watched.output = watched.output.replace(`planted ${given[0] ?? ''}`, '');
    expect(await search({ ...where(), secrets: [...secrets, ...given] })).toEqual([]);
  });

  test('were in the window’s process, which is told none of them here', async () => {
    const told: unknown[] = [];
    using _subscription = tested.broker.service.subscribe((event: BrokerEvent) => told.push(event));
    const key = { label: 'again', ...aliceKeys };
    told.push(await tested.broker.service.call('keys.add', key));
    const given = await holdSessions();
    told.push(await tested.broker.service.call('state.read', {}));
    told.push(await tested.broker.service.call('audit.verify', {}));
    const texts = { told: JSON.stringify(told) };
    expect(texts.told).toContain('"state":"active"');
    expect(await search({ folder: tested.broker.home, texts, secrets: [...secrets, ...given] })).toEqual([]);
  });
});

/** What no answer, event, log or file may hold, besides what was handed out and any token of STS. */
const secrets = [aliceKeys.secretAccessKey];

/** Inputs for the calls that any program may make. */
const inputs = [
  {},
  { name: 'reader' },
  { name: 'reader', pinned: true },
  { name: 'tests', profile: 'reader' },
  { serial: aliceSerial },
  { serial: aliceSerial, code: '000000' },
  { serial: aliceSerial, minutes: null },
  { id: 'none' },
  { folder: '/projects/one', profile: 'reader' },
  { profile: 'reader' },
];

const writtenSchema = z.object({ folders: z.array(z.object({ folder: z.string() })) });
const documentSchema = z.object({ SecretAccessKey: z.string(), Token: z.string() });

/** Gets a session without a code and one with, as programs do, and gives the secrets that were handed out. */
async function holdSessions(): Promise<string[]> {
  const documents: string[] = [];
  await tested.call('profiles.use', { name: 'reader' });
  documents.push(await served('reader'));
  const used = tested.call('profiles.use', { name: 'guarded' });
  await untilPrompted(tested);
  await tested.call('mfa.answer', { serial: aliceSerial, code: currentCode() });
  await used;
  documents.push(await served('guarded'));
  return documents.flatMap((document) => {
    const { SecretAccessKey, Token } = documentSchema.parse(JSON.parse(document));
    return [SecretAccessKey, Token];
  });
}
