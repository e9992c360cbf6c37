import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Refusals } from '../../main/clients/refusals.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;
let refusals: Refusals;

beforeEach(() => {
  clock = new FakeClock();
  refusals = new Refusals(clock);
});
afterEach(() => {
  refusals[Symbol.dispose]();
  clock[Symbol.dispose]();
});

const unknown = Promise.resolve(undefined);

describe('refused requests', () => {
  it('are counted by their reason, the latest first, with the program that sent the last one', async () => {
    refusals.note('no token', Promise.resolve('curl'));
    refusals.note('a browser', unknown);
    refusals.note('no token', Promise.resolve('aws'));
    await Promise.resolve();
    expect(refusals.list()).toMatchObject([
      { reason: 'no token', count: 2, program: 'aws' },
      { reason: 'a browser', count: 1, program: undefined },
    ]);
  });

  it('are told of once a second, however many there are', () => {
    let told = 0;
    refusals.onChange(() => (told += 1));
    for (let request = 0; request < 1000; request++) refusals.note('no token', unknown);
    expect(told).toBe(0);
    clock.advance(1_000);
    expect(told).toBe(1);
  });

  it('of ever new reasons push out those that have not come up for longest, and never a new one', () => {
    refusals.note('first', unknown);
    for (let number = 0; number < 100; number++) {
      refusals.note(`reason ${number}`, unknown);
      refusals.note('again and again', unknown);
    }
    const reasons = refusals.list().map(({ reason }) => reason);
    expect(reasons).toHaveLength(64);
    expect(reasons.slice(0, 2)).toEqual(['again and again', 'reason 99']);
    expect(reasons).not.toContain('first');
  });
});
