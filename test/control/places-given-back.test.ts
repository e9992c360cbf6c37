/** What a program has taken of the local socket's places is there again when it has gone, whenever that was. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bounds } from '../../main/control/http.ts';
import { serveLocalSocket } from '../../main/control/local-socket.ts';
import type { Client } from '../../main/platform/ports.ts';
import { Resources } from '../../main/resources.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { needs } from '../platform/needs.ts';
import { rawRequest } from './raw-request.ts';
import { ServiceStandIn } from './service-stand-in.ts';
import { socketOptions } from './socket-options.ts';

const withUnixSockets = needs(process.platform !== 'win32', 'Windows has named pipes in their place');

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

/** What one terminal's programs may have. */
const mostStreams = bounds.eventStreams / 4;
const mostConnections = bounds.localConnections / 4;
const greedy = composeClient({ sessionId: 1, terminal: '/dev/pts/1' });
const other = composeClient({ sessionId: 2, terminal: '/dev/pts/2' });

let opened: Resources;
let address: string;
let service: ServiceStandIn;
/** Whose connections are told to be at the other end: each is asked once. */
let clientOf: () => Promise<Client | undefined>;

beforeEach(async () => {
  opened = new Resources();
  const { path } = opened.use(await temporaryHome());
  address = join(path, 'private', 'control.sock');
  service = new ServiceStandIn();
  clientOf = () => Promise.resolve(greedy);
  const peer = composePeer({ clientOnLocalSocket: () => clientOf() });
  opened.use(await serveLocalSocket(socketOptions(service, peer), address));
});
afterEach(() => opened[Symbol.asyncDispose]());

/** Look-ups that end when the test says so. */
function lookUpsUnderWay(): { readonly count: number; end: () => void } {
  const waiting: (() => void)[] = [];
  clientOf = () => new Promise((resolve) => waiting.push(() => resolve(greedy)));
  return {
    get count() {
      return waiting.length;
    },
    end: () => {
      for (const tell of waiting) tell();
    },
  };
}

async function openMany(count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(address));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

function readEvents(socket: Socket): void {
  socket.write('GET /events HTTP/1.0\r\n\r\n');
}

/** Ends connections, and waits until the server has heard of that: it answers what comes later. */
async function leave(sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  clientOf = () => Promise.resolve(other);
  for (let turn = 0; turn < 3; turn++) {
    const answer = await rawRequest(
      {
        socketPath: address,
        method: 'POST',
        path: '/call/x',
        headers: { 'content-type': 'application/json' },
      },
      '{}',
    );
    expect(answer.status).toBe(200);
  }
  clientOf = () => Promise.resolve(greedy);
}

/** Fails unless as many event streams can be had as one terminal's programs may have. */
async function allStreamsCanBeHad(): Promise<void> {
  const readers = await openMany(mostStreams);
  for (const reader of readers) readEvents(reader);
  for (const first of await Promise.all(readers.map((reader) => once(reader, 'data'))))
    expect(String(first[0])).toMatch(/^HTTP\/1\.1 200 /);
  for (const reader of readers) reader.destroy();
}

describe.skipIf(withUnixSockets.missing)(`a program that has gone${withUnixSockets.note}`, () => {
  test('has given back its event streams', async () => {
    await allStreamsCanBeHad();
    await vi.waitFor(() => expect(service.subscribers).toBe(0));
    await allStreamsCanBeHad();
  });

  test('before it was known who it is has no event streams either', async () => {
    const lookUps = lookUpsUnderWay();
    const readers = await openMany(mostStreams);
    for (const reader of readers) readEvents(reader);
    await vi.waitFor(() => expect(service.callers).toHaveLength(mostStreams));
    await leave(readers);
    lookUps.end();
    await allStreamsCanBeHad();
    await vi.waitFor(() => expect(service.subscribers).toBe(0));
  });

  test('before it was known who it is has no connections either', async () => {
    const lookUps = lookUpsUnderWay();
    const before = await openMany(mostConnections);
    await vi.waitFor(() => expect(lookUps.count).toBe(mostConnections));
    await leave(before);
    lookUps.end();
    const after = await openMany(mostConnections - 1);
    const last = connect(address);
    readEvents(last);
    expect(String((await once(last, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    expect(after.filter(({ closed }) => closed)).toHaveLength(0);
    for (const socket of [...after, last]) socket.destroy();
  });
});
