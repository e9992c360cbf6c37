import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Programs } from '../../main/clients/programs.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;
let programs: Programs;
let lookUps: (() => void)[];

beforeEach(() => {
  clock = new FakeClock();
  lookUps = [];
  programs = new Programs(clock, {
    isOwnUser: () => true,
    programAt: () =>
      new Promise((resolve) => {
        lookUps.push(() => {
          resolve({ pid: 4711, name: 'aws' });
        });
      }),
  });
});

afterEach(() => {
  clock[Symbol.dispose]();
});

/** A connection as far as it is looked at. */
function connection(): Socket {
  return Object.defineProperties(new Socket(), {
    localAddress: { value: '127.0.0.1' },
    localPort: { value: 9254 },
    remoteAddress: { value: '127.0.0.1' },
    remotePort: { value: 50_000 },
  });
}

it('looks once for each connection', async () => {
  const one = connection();
  const both = [programs.whereCheap(one), programs.at(one)];
  for (const answer of lookUps) answer();
  expect(await Promise.all(both)).toMatchObject([{ name: 'aws' }, { name: 'aws' }]);
  expect(lookUps).toHaveLength(1);
});

it('looks for four connections at the same time, and not for more', async () => {
  const all = Array.from({ length: 10 }, () => programs.whereCheap(connection()));
  expect(lookUps).toHaveLength(4);
  for (const answer of lookUps) answer();
  expect((await Promise.all(all)).filter(Boolean)).toHaveLength(4);
});

it('looks no more once it has taken its time, until a fiftieth of all time is enough for it', async () => {
  const slow = programs.whereCheap(connection());
  clock.advance(300);
  lookUps[0]?.();
  await slow;
  expect(await programs.whereCheap(connection())).toBeUndefined();
  clock.advance(6_000);
  void programs.whereCheap(connection());
  expect(lookUps).toHaveLength(2);
});

it('looks always where it is wanted for a person', async () => {
  const slow = programs.whereCheap(connection());
  clock.advance(10_000);
  lookUps[0]?.();
  await slow;
  void programs.at(connection());
  expect(lookUps).toHaveLength(2);
});
