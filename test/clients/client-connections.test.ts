import { once } from 'node:events';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClientConnections } from '../../main/clients/client-connections.ts';
import type { Client } from '../../main/platform/ports.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;
let connections: ClientConnections;
let lookUps: ((client?: Client) => void)[];
let soleLookUps: number;

beforeEach(() => {
  clock = new FakeClock();
  lookUps = [];
  soleLookUps = 0;
  connections = new ClientConnections(
    clock,
    composePeer({
      clientAt: () =>
        new Promise((resolve) => {
          lookUps.push(resolve);
        }),
      soleClientAt: async () => {
        soleLookUps += 1;
        return composeClient();
      },
    }),
  );
});

afterEach(() => {
  clock[Symbol.dispose]();
});

/** A connection as far as it is looked at. */
function socket(): Socket {
  return Object.defineProperties(new Socket(), {
    localAddress: { value: '127.0.0.1' },
    localPort: { value: 9254 },
    remoteAddress: { value: '127.0.0.1' },
    remotePort: { value: 50_000 },
  });
}

it('looks once for each connection', async () => {
  const one = socket();
  const both = [connections.accept(one).identifyWhereCheap(), connections.at(one).identify()];
  for (const answer of lookUps) answer(composeClient());
  expect(await Promise.all(both)).toMatchObject([{ process: { name: 'aws' } }, { process: { name: 'aws' } }]);
  expect(lookUps).toHaveLength(1);
});

it('looks for eight connections at the same time, and not for more', async () => {
  const all = Array.from({ length: 10 }, () => connections.accept(socket()).identifyWhereCheap());
  expect(lookUps).toHaveLength(8);
  for (const answer of lookUps) answer(composeClient());
  expect((await Promise.all(all)).filter(Boolean)).toHaveLength(8);
});

/** Looks for one connection after the other, and gives how many were looked for. */
async function lookForMany(count: number): Promise<number> {
  const before = lookUps.length;
  for (let one = 0; one < count; one++) {
    const looking = connections.accept(socket()).identifyWhereCheap();
    lookUps.at(-1)?.(composeClient());
    await looking;
  }
  return lookUps.length - before;
}

it('looks for 64 in quick succession, and then for 16 each second', async () => {
  expect(await lookForMany(100)).toBe(64);
  clock.advance(1_000);
  expect(await lookForMany(100)).toBe(16);
  clock.advance(60_000);
  expect(await lookForMany(100)).toBe(64);
});

it('looks again for one that could not be told', async () => {
  const connection = connections.accept(socket());
  const looking = [connection.identify(), connection.identifyWhereCheap()];
  lookUps.at(-1)?.(undefined);
  expect(await Promise.all(looking)).toEqual([undefined, undefined]);
  const again = connection.identify();
  lookUps.at(-1)?.(composeClient());
  expect(await again).toBe(connection.client);
  expect(connection.client).toMatchObject({ process: { name: 'aws' } });
  expect(lookUps).toHaveLength(2);
});

it('makes sure once that no other program has the connection', async () => {
  const connection = connections.accept(socket());
  const both = await Promise.all([connection.identifySole(), connection.identifySole()]);
  expect(both).toMatchObject([{ process: { name: 'aws' } }, { process: { name: 'aws' } }]);
  expect(soleLookUps).toBe(1);
});

it('has time left for those that get credentials, however many connect and ask for nothing', async () => {
  await lookForMany(100);
  const served = connections.accept(socket());
  const looking = served.identifyWhereCheap('answer');
  lookUps.at(-1)?.(composeClient());
  expect(await looking).toBe(served.client);
  expect(lookUps).toHaveLength(65);
});

it('looks always where the answer depends on it', async () => {
  await lookForMany(100);
  void connections.accept(socket()).identify();
  expect(lookUps).toHaveLength(65);
});

it('forgets a connection when it is closed, and knows no program of a socket that comes up later', async () => {
  const one = socket();
  connections.accept(one);
  expect([...connections.open.keys()]).toEqual([one]);
  one.destroy();
  await once(one, 'close');
  expect(connections.open.size).toBe(0);
  connections.at(one);
  expect(connections.open.size).toBe(0);
});
