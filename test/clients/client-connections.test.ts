import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClientConnections } from '../../main/clients/client-connections.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;
let connections: ClientConnections;
let lookUps: (() => void)[];

beforeEach(() => {
  clock = new FakeClock();
  lookUps = [];
  connections = new ClientConnections(
    clock,
    composePeer({
      clientAt: () =>
        new Promise((resolve) => {
          lookUps.push(() => {
            resolve(composeClient());
          });
        }),
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
  const both = [connections.at(one).identifyWhereCheap(), connections.at(one).identify()];
  for (const answer of lookUps) answer();
  expect(await Promise.all(both)).toMatchObject([{ process: { name: 'aws' } }, { process: { name: 'aws' } }]);
  expect(lookUps).toHaveLength(1);
});

it('looks for eight connections at the same time, and not for more', async () => {
  const all = Array.from({ length: 10 }, () => connections.at(socket()).identifyWhereCheap());
  expect(lookUps).toHaveLength(8);
  for (const answer of lookUps) answer();
  expect((await Promise.all(all)).filter(Boolean)).toHaveLength(8);
});

/** Looks for one connection after the other, and gives how many were looked for. */
async function lookForMany(count: number): Promise<number> {
  const before = lookUps.length;
  for (let one = 0; one < count; one++) {
    const looking = connections.at(socket()).identifyWhereCheap();
    lookUps.at(-1)?.();
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

it('looks always where the answer depends on it', async () => {
  await lookForMany(100);
  void connections.at(socket()).identify();
  expect(lookUps).toHaveLength(65);
});
