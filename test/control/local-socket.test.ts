import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { brokerAt } from '../../main/control/client.ts';
import { bounds } from '../../main/control/http.ts';
import { serveLocalSocket } from '../../main/control/local-socket.ts';
import { Failure } from '../../main/failure.ts';
import type { PeerIdentity } from '../../main/platform/ports.ts';
import { Resources } from '../../main/resources.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { needs } from '../platform/needs.ts';
import { rawRequest, type RawAnswer } from './raw-request.ts';
import { ServiceStandIn } from './service-stand-in.ts';
import { socketOptions } from './socket-options.ts';

const asRoot = needs(process.getuid?.() === 0, 'a program of another user can be started by root only');
const withUnixSockets = needs(process.platform !== 'win32', 'Windows has named pipes in their place');

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

let opened: Resources;
let folder: string;
let address: string;
let service: ServiceStandIn;
/** The reasons of what was refused, for status and record. */
let refusals: string[];

beforeEach(async () => {
  opened = new Resources();
  folder = await mkdtemp(join(tmpdir(), 'latchkey-socket-'));
  opened.use({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  address = join(folder, 'private', 'control.sock');
  service = new ServiceStandIn();
  refusals = [];
});
afterEach(() => opened[Symbol.asyncDispose]());

async function serve(of: ServiceStandIn = service, peer?: PeerIdentity): Promise<AsyncDisposable> {
  const options = socketOptions(of, peer, (reason) => refusals.push(reason));
  return opened.use(await serveLocalSocket(options, address));
}

function post(
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = json,
): Promise<RawAnswer> {
  return rawRequest({ socketPath: address, method: 'POST', path, headers }, body);
}
const json = { 'content-type': 'application/json' };

/** What programs of one group may have. */
function share(most: number): number {
  return most / 4;
}

/** Tells of as many connections as are one terminal's, and of all after these that they are another one's. */
function peerOfTwoTerminals(ofFirst: number): PeerIdentity {
  let connections = 0;
  return composePeer({
    clientOnLocalSocket: () => {
      connections += 1;
      const terminal = connections > ofFirst ? '/dev/pts/2' : '/dev/pts/1';
      return Promise.resolve(composeClient({ pid: connections, sessionId: 1, terminal }));
    },
  });
}

function problemOf({ body }: RawAnswer): unknown {
  return (JSON.parse(body) as { problem?: unknown }).problem;
}

describe.skipIf(withUnixSockets.missing)(`the contract over the local socket${withUnixSockets.note}`, () => {
  test('carries a call to the service and its value back', async () => {
    await serve();
    service.answer = () => Promise.resolve({ value: { link: 'http://127.0.0.1:1/' } });
    const answer = await brokerAt(address).call('interface.open', {});
    expect(service.received).toEqual([{ name: 'interface.open', input: {} }]);
    expect(answer).toEqual({ value: { link: 'http://127.0.0.1:1/' } });
  });

  test('carries a problem back with its code', async () => {
    await serve();
    const problem = { code: 'MfaRejected', message: 'The code was wrong', awsCode: 'AccessDenied' };
    service.answer = () => Promise.resolve({ problem });
    expect(await brokerAt(address).call('sessions.lock', {})).toEqual({ problem });
    expect((await post('/call/sessions.lock', '{}')).status).toBe(409);
  });

  test('answers many calls on one connection', async () => {
    await serve();
    const socket = connect(address);
    const call = (last: string) =>
      `POST /call/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n${last}\r\n{}`;
    socket.write(call('') + call('') + call('Connection: close\r\n'));
    expect((await text(socket)).match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  });

  test('refuses a body that is no JSON, and the service hears nothing', async () => {
    await serve();
    for (const body of ['', '{', '{"a":1}}', 'undefined']) {
      const answer = await post('/call/sessions.lock', body);
      expect(answer.status).toBe(400);
      expect(problemOf(answer)).toEqual({
        code: 'InvalidInput',
        message: 'The body must be a JSON document.',
      });
    }
    expect(service.received).toEqual([]);
  });

  test('refuses a body that is not declared as JSON', async () => {
    await serve();
    for (const headers of [
      {},
      { 'content-type': 'text/plain' },
      { 'content-type': 'text/plain; application/json' },
    ])
      expect((await post('/call/sessions.lock', '{}', headers)).status).toBe(400);
    expect(
      (await post('/call/sessions.lock', '{}', { 'content-type': 'Application/JSON; charset=utf-8' })).status,
    ).toBe(200);
    expect(service.received).toHaveLength(1);
  });

  test('takes a body of 64 KiB and refuses a larger one, declared or in chunks, with an answer', async () => {
    await serve();
    const fitting = JSON.stringify('x'.repeat(bounds.bodyBytes - 2));
    expect((await post('/call/sessions.lock', fitting)).status).toBe(200);
    const tooLarge = JSON.stringify('x'.repeat(bounds.bodyBytes - 1));
    const huge = JSON.stringify('x'.repeat(4 * 1024 * 1024));
    for (const [body, headers] of [
      [tooLarge, json],
      [tooLarge, { ...json, 'transfer-encoding': 'chunked' }],
      [huge, json],
    ] as const) {
      const answer = await post('/call/sessions.lock', body, headers);
      expect(answer.status).toBe(400);
      expect(problemOf(answer)).toEqual({
        code: 'InvalidInput',
        message: 'The body must have at most 65536 bytes.',
      });
    }
    expect(service.received).toHaveLength(1);
  });

  test('has nothing but the calls and the events', async () => {
    await serve();
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/call/state.read'],
      ['POST', '/events'],
      ['GET', '/events/'],
      ['DELETE', '/call/state.read'],
      ['POST', '//call/state.read'],
    ] as const)
      expect((await rawRequest({ socketPath: address, method, path, headers: json }, '')).status).toBe(404);
    expect(service.received).toEqual([]);
  });

  test('refuses what a browser or a proxy sent, and counts it', async () => {
    await serve();
    for (const header of [
      'origin',
      'referer',
      'sec-fetch-site',
      'sec-fetch-mode',
      'forwarded',
      'via',
      'x-forwarded-for',
    ]) {
      const answer = await post('/call/state.read', '{}', { ...json, [header]: 'x' });
      expect([header, answer.status]).toEqual([header, 403]);
    }
    expect(service.received).toEqual([]);
    expect(refusals).toHaveLength(7);
    expect(new Set(refusals)).toEqual(
      new Set(['the local socket serves nothing that a browser or a proxy sent']),
    );
  });

  test('turns down calls past what one terminal’s programs may have, and answers again when some have ended', async () => {
    await serve();
    let end: () => void = () => undefined;
    const held = new Promise<{ value: unknown }>((resolve) => {
      end = () => {
        resolve({ value: {} });
      };
    });
    service.answer = () => held;
    const socket = connect(address);
    const call =
      'POST /call/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
    socket.write(call.repeat(share(bounds.callsAtOnce)));
    while (service.received.length < share(bounds.callsAtOnce)) await new Promise(setImmediate);
    expect((await post('/call/x', '{}')).status).toBe(403);
    expect(service.received).not.toContainEqual({ name: 'sessions.lock', input: {} });
    void post('/call/sessions.lock', '{}');
    await vi.waitFor(() => {
      expect(service.received).toContainEqual({ name: 'sessions.lock', input: {} });
    });
    end();
    await once(socket, 'data');
    expect((await post('/call/x', '{}')).status).toBe(200);
    socket.destroy();
  });

  test('answers others while one terminal’s programs have all they may', async () => {
    await serve(service, peerOfTwoTerminals(2));
    service.answer = (name) =>
      name === 'held' ? new Promise(() => undefined) : Promise.resolve({ value: {} });
    const call =
      'POST /call/held HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
    const sockets = [connect(address), connect(address)];
    for (const socket of sockets) socket.write(call.repeat(share(bounds.callsAtOnce)));
    while (service.received.length < share(bounds.callsAtOnce)) await new Promise(setImmediate);
    // The third is another terminal's.
    expect((await post('/call/x', '{}')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test('answers while others have sent half of what they call for', async () => {
    await serve();
    const half =
      'POST /call/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';
    const sockets = Array.from({ length: bounds.callsAtOnce }, () => connect(address));
    for (const socket of sockets) socket.write(half);
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    expect((await post('/call/x', '{}')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test('has room for others where one terminal’s programs keep connections open', async () => {
    await serve(service, peerOfTwoTerminals(share(bounds.localConnections) + 1));
    const sockets = Array.from({ length: share(bounds.localConnections) + 1 }, () => connect(address));
    const last = sockets.at(-1);
    if (last) await once(last, 'close');
    expect(sockets.filter(({ closed }) => closed)).toHaveLength(1);
    expect(refusals).toEqual(['too many connections to the local socket are open']);
    expect((await post('/call/x', '{}')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});

describe.skipIf(withUnixSockets.missing)(`events over the local socket${withUnixSockets.note}`, () => {
  test('begin with the state and go on with each change', async () => {
    await serve();
    const ended = new AbortController();
    const events = brokerAt(address).events(ended.signal);
    expect((await events.next()).value).toEqual({ type: 'state', state: service.state });
    service.moveEndpoint('http://127.0.0.1:1/');
    expect((await events.next()).value).toMatchObject({ status: { endpoint: 'http://127.0.0.1:1/' } });
    await events.return();
    ended.abort();
  });

  test('are no longer subscribed to when the reader has gone', async () => {
    await serve();
    const socket = connect(address);
    socket.write('GET /events HTTP/1.0\r\n\r\n');
    await once(socket, 'data');
    expect(service.subscribers).toBe(1);
    socket.destroy();
    while (service.subscribers > 0) await new Promise(setImmediate);
  });

  test('end when the socket is disposed', async () => {
    const served = await serve();
    const events = brokerAt(address).events(new AbortController().signal);
    await events.next();
    await served[Symbol.asyncDispose]();
    expect(await events.next().catch(() => ({ done: true }))).toMatchObject({ done: true });
    expect(service.subscribers).toBe(0);
  });

  test('pile up for nobody: a reader that stopped gets the state of now, not all that it missed', async () => {
    await serve();
    const socket = connect(address);
    socket.write('GET /events HTTP/1.0\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    const padding = 'x'.repeat(10_000);
    const changes = 5_000;
    for (let change = 1; change <= changes; change += 1) {
      service.moveEndpoint(`${padding}${change}`);
      if (change % 100 === 0) await new Promise(setImmediate);
    }
    let received = '';
    socket
      .setEncoding('utf8')
      .on('data', (chunk: string) => (received += chunk))
      .resume();
    const last = `${padding}${changes}"`;
    while (!received.slice(-padding.length * 2).includes(last)) await once(socket, 'data');
    // 50 MB were told; what was on its way when the reader stopped is what sockets hold.
    expect(received.length).toBeLessThan(5_000_000);
    const [, ...lines] = received.trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'state' });
    socket.destroy();
  });

  test('that come while a large state is on its way follow it, and do not have it sent again', async () => {
    service.endpoint = 'x'.repeat(8_000_000);
    await serve();
    const socket = connect(address);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.write('GET /events HTTP/1.0\r\n\r\n');
    while (!received.includes('"type":"state"')) await once(socket, 'data');
    socket.pause();
    const changes = 100;
    for (let change = 1; change <= changes; change += 1) service.moveEndpoint(`http://127.0.0.1:${change}/`);
    socket.resume();
    while (!received.includes(`127.0.0.1:${changes}/`)) await once(socket, 'data');
    const types = received.match(/"type":"\w+"/g);
    expect(types).toEqual(['"type":"state"', ...Array<string>(changes).fill('"type":"status"')]);
    socket.destroy();
  });

  test('have room for a bounded number of readers', async () => {
    await serve();
    const readers = Array.from({ length: share(bounds.eventStreams) }, () => {
      const socket = connect(address);
      socket.write('GET /events HTTP/1.0\r\n\r\n');
      return socket;
    });
    await Promise.all(readers.map((socket) => once(socket, 'data')));
    expect((await rawRequest({ socketPath: address, path: '/events' })).status).toBe(403);
    for (const socket of readers) socket.destroy();
  });
});

describe.skipIf(withUnixSockets.missing)(`the local socket${withUnixSockets.note}`, () => {
  test('is open to its user alone, in a folder that is, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await serve();
    } finally {
      process.umask(before);
    }
    expect((await stat(address)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(address))).mode & 0o777).toBe(0o700);
    expect(await readdir(dirname(address))).toEqual(['control.sock']);
  });

  test.skipIf(asRoot.missing)(
    `lets no other user in by its folder, nor by its own mode${asRoot.note}`,
    async () => {
      await chmod(folder, 0o755);
      await serve();
      expect(await connectAs(65534)).toBe('EACCES');
      await chmod(dirname(address), 0o755);
      expect(await connectAs(65534)).toBe('EACCES');
      await chmod(address, 0o666);
      expect(await connectAs(65534)).toBe('connected');
    },
  );

  test.skipIf(asRoot.missing)(`of another user is not spoken to by the command${asRoot.note}`, async () => {
    await serve();
    await chown(dirname(address), 65534, 65534);
    await expect(brokerAt(address).call('state.read', {})).rejects.toMatchObject({
      code: 'ConfigUnreadable',
    });
    expect(service.received).toEqual([]);
  });

  test('is not taken from a running broker, and the second is told which and what to do', async () => {
    service.answer = () => Promise.resolve({ value: service.state });
    await serve();
    const second = await serve(new ServiceStandIn()).catch((error: unknown) => error);
    expect(second).toBeInstanceOf(Failure);
    expect(second).toMatchObject({ code: 'AlreadyRunning' });
    expect(String(second)).toContain(
      `Latchkey 9.9.9, serving http://127.0.0.1:9254/, is already running with this data folder (${address}); use that one`,
    );
    expect(await brokerAt(address).call('state.read', {})).toHaveProperty('value');
  });

  test('is not taken from a broker that does not answer', async () => {
    service.answer = () => new Promise(() => undefined);
    await serve();
    await expect(serve(new ServiceStandIn())).rejects.toMatchObject({ code: 'AlreadyRunning' });
  });

  test('that a dead broker left is replaced', async () => {
    await leaveDeadSocket();
    await expect(brokerAt(address).call('state.read', {})).rejects.toMatchObject({ code: 'NotRunning' });
    await serve();
    expect(await brokerAt(address).call('sessions.lock', {})).toEqual({ value: {} });
  });

  test('that a dead broker left is got by exactly one of many that start at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      await leaveDeadSocket();
      const services = Array.from({ length: 12 }, () => new ServiceStandIn());
      const starts = await Promise.allSettled(services.map((each) => serve(each)));
      const winners = starts.flatMap((start, index) => (start.status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      for (const start of starts)
        if (start.status === 'rejected') expect(start.reason).toMatchObject({ code: 'AlreadyRunning' });
      for (const each of services) each.received.length = 0;
      await brokerAt(address).call('sessions.lock', {});
      expect(services.map(({ received }) => received.length)).toEqual(
        services.map((_, index) => (index === winners[0] ? 1 : 0)),
      );
      await opened[Symbol.asyncDispose]();
      await mkdir(folder);
      opened.use({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
    }
  });

  test('can be had again where a starter died in the middle of its start', async () => {
    await mkdir(`${address}.starting`, { recursive: true });
    await chmod(dirname(address), 0o700);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${address}.starting`, longAgo, longAgo);
    await serve();
    expect(await readdir(dirname(address))).toEqual(['control.sock']);
  });

  test('never replaces a file that is no socket', async () => {
    await mkdir(dirname(address), { mode: 0o700 });
    await writeFile(address, 'mine');
    await expect(serve()).rejects.toMatchObject({ code: 'AlreadyExists' });
    expect(await readdir(dirname(address))).toEqual(['control.sock']);
  });

  test('is gone after its disposal', async () => {
    const served = await serve();
    await served[Symbol.asyncDispose]();
    expect(await readdir(dirname(address))).toEqual([]);
    await expect(brokerAt(address).call('state.read', {})).rejects.toMatchObject({
      code: 'NotRunning',
      message: 'Latchkey is not running; start the app, or run: latchkey serve',
    });
  });

  test("leaves another broker's socket in its place when it is disposed", async () => {
    const first = await serve();
    const other = new ServiceStandIn();
    const ownAddress = address;
    address = join(dirname(address), 'other.sock');
    await serve(other);
    await rename(address, ownAddress);
    address = ownAddress;
    await first[Symbol.asyncDispose]();
    await brokerAt(address).call('sessions.lock', {});
    expect(other.received).toHaveLength(1);
  });
});

describe.skipIf(withUnixSockets.missing)(`the program at the other end${withUnixSockets.note}`, () => {
  test('is known to the service by its pid and its parents', async () => {
    await serve();
    const program = `require('node:http').request({ socketPath: ${JSON.stringify(address)}, method: 'POST', path: '/call/sessions.lock', headers: { 'content-type': 'application/json' } }, (response) => { response.resume(); console.log('answered') }).end('{}'); process.stdin.resume()`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const [caller] = service.callers;
    const client = caller?.from === 'command' ? await caller.client : undefined;
    child.stdin.end();
    await once(child, 'close');
    expect(client?.process.pid).toBe(child.pid);
    expect(client?.parents[0]?.pid).toBe(process.pid);
  });

  test('gives the number of a challenge in a header', async () => {
    await serve();
    await brokerAt(address).call('sessions.lock', {}, undefined, '4711');
    expect(service.callers).toMatchObject([{ from: 'command', challengeAnswer: '4711' }]);
  });

  test.each([
    ['is another user’s', () => false],
    [
      'cannot be told',
      () => {
        throw new Error('no such descriptor');
      },
    ],
  ])('gets not a byte where its user %s, and is counted', async (_case, isOwnUserOnLocalSocket) => {
    await serve(service, composePeer({ isOwnUserOnLocalSocket }));
    for (const sent of ['GET /events HTTP/1.0\r\n\r\n', 'nonsense\r\n\r\n']) {
      const socket = connect(address);
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', () => undefined);
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.write(sent);
      await closed;
      expect(received).toBe('');
    }
    expect(service.callers).toEqual([]);
    const reason = 'the connection to the local socket is not known to be of a program of this user';
    expect(refusals).toEqual([reason, reason]);
  });
});

/** What a broker leaves that was killed. */
async function leaveDeadSocket(): Promise<void> {
  await mkdir(dirname(address), { recursive: true, mode: 0o700 });
  const program = `require('node:net').createServer().listen(${JSON.stringify(address)}, () => console.log('listening'))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  expect((await stat(address)).isSocket()).toBe(true);
}

/** Tries to connect as another user: 'connected', or the error's code. */
async function connectAs(uid: number): Promise<string> {
  const program = `require('node:net').connect(${JSON.stringify(address)}).on('connect', () => { console.log('connected'); process.exit() }).on('error', (error) => console.log(error.code))`;
  const child = spawn(process.execPath, ['-e', program], {
    cwd: '/',
    uid,
    gid: uid,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (await text(child.stdout)).trim();
}
