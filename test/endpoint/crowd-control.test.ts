import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AcceptedConnection } from '../../main/platform/ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { askWithToken, credentialsPath, serveCore, type ServedCore } from '../fixtures/endpoint.ts';

let core: Core;
let endpoint: ServedCore;
/** Where the programs of three terminals connect from, each connection another program. */
const terminals = { one: '127.0.0.1', another: '127.0.0.2', third: '127.0.0.3' };

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.active.use('reader');
  const clientAt = ({ remoteAddress, remotePort }: AcceptedConnection) =>
    Promise.resolve(composeClient({ pid: remotePort, terminal: `/dev/pts/${remoteAddress}` }));
  endpoint = await serveCore(core, systemClock, { peer: composePeer({ clientAt }) });
});
afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

async function open(localAddress: string): Promise<Socket> {
  const port = Number(new URL(endpoint.url).port);
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

async function openMany(count: number, from: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let opened = 0; opened < count; opened++) sockets.push(await open(from));
  return sockets;
}

const kept = (sockets: readonly Socket[]) => sockets.filter(({ closed }) => !closed);

describe('connections that ask for nothing', () => {
  it('take no look-up from an answer: it is known which program has the credentials', async () => {
    const idle = await openMany(100, terminals.another);
    await askWithToken(endpoint.url, `${credentialsPath}reader`);
    await vi.waitFor(async () => {
      const log = await readFile(join(core.home, 'audit.jsonl'), 'utf8');
      expect(log).toMatch(/"served".*"name":"aws"/);
    }, 5_000);
    expect(endpoint.clients.handedOut.holdings()).toMatchObject([{ programs: ['aws'] }]);
    for (const socket of idle) socket.destroy();
  });
});

describe('the programs of a terminal that open connection after connection', () => {
  it('keep 512 when it gets crowded, the first ones, and take none of another’s', async () => {
    const others = await openMany(20, terminals.another);
    const greedy = await openMany(748, terminals.one);
    await vi.waitFor(() => expect(kept(greedy)).toHaveLength(512));
    expect(kept(greedy)).toEqual(greedy.slice(0, 512));
    expect(kept(others)).toEqual(others);
    const { body } = await askWithToken(endpoint.url, `${credentialsPath}reader`);
    expect(JSON.parse(body)).toMatchObject({ Code: 'Success' });
    expect(endpoint.clients.refusals.list()).toMatchObject([
      { reason: 'too many connections are open', count: 748 - 512 },
    ]);
    for (const socket of [...greedy, ...others]) socket.destroy();
  });

  it('share 640 with those of another that do the same, and take none of a third’s', async () => {
    const third = await openMany(20, terminals.third);
    const ones = await openMany(374, terminals.one);
    const others = await openMany(374, terminals.another);
    await vi.waitFor(() =>
      expect([kept(ones), kept(others)].map(({ length }) => length)).toEqual([310, 310]),
    );
    expect(kept(third)).toEqual(third);
    const later = await openMany(20, terminals.third);
    expect(kept(later)).toEqual(later);
    for (const socket of [...ones, ...others, ...third, ...later]) socket.destroy();
  });
});
