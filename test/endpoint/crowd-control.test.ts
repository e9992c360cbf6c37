import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AcceptedConnection } from '../../main/platform/ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { askWithToken, credentialsPath, serveCore, type ServedCore } from '../fixtures/endpoint.ts';

let core: Core;
let endpoint: ServedCore;
/** Where a second program connects from; the first one does from 127.0.0.1. */
const othersAddress = '127.0.0.2';

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.active.use('reader');
  const clientAt = ({ remoteAddress }: AcceptedConnection) =>
    Promise.resolve(composeClient({ pid: remoteAddress === othersAddress ? 2 : 1 }));
  endpoint = await serveCore(core, systemClock, { peer: composePeer({ clientAt }) });
});
afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

async function open(localAddress = '127.0.0.1'): Promise<Socket> {
  const port = Number(new URL(endpoint.url).port);
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

describe('a program that opens connection after connection', () => {
  it('keeps 512 when it gets crowded, the first ones, and takes none of another program’s', async () => {
    const others: Socket[] = [];
    for (let count = 0; count < 20; count++) others.push(await open(othersAddress));
    const greedy: Socket[] = [];
    for (let count = 0; count < 748; count++) greedy.push(await open());
    const kept = () => greedy.filter(({ closed }) => !closed);
    await vi.waitFor(() => expect(kept()).toHaveLength(512));
    expect(kept()).toEqual(greedy.slice(0, 512));
    expect(others.filter(({ closed }) => closed)).toEqual([]);
    const { body } = await askWithToken(endpoint.url, `${credentialsPath}reader`);
    expect(JSON.parse(body)).toMatchObject({ Code: 'Success' });
    for (const socket of [...greedy, ...others]) socket.destroy();
  });
});
