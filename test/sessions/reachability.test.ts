import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../main/failure.ts';
import { Reachability } from '../../main/sessions/reachability.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const outage = new Failure('Unreachable', 'STS did not answer');
let clock: FakeClock;
let reachability: Reachability;

beforeEach(() => {
  clock = new FakeClock();
  reachability = new Reachability(clock, () => 0);
});

afterEach(() => {
  clock[Symbol.dispose]();
});

describe('while STS cannot be reached', () => {
  it('one call at a time tries, and the others ask again', () => {
    reachability.failed(outage);
    expect(reachability.holdBackMs()).toBe(1000);
    clock.advance(1000);
    expect(reachability.holdBackMs()).toBe(0);
    expect(reachability.holdBackMs()).toBeGreaterThan(0);
    clock.advance(30_000);
    expect(reachability.holdBackMs()).toBe(0);
  });

  it('a trial that fails is followed by the next one after its pause', () => {
    reachability.failed(outage);
    clock.advance(1000);
    reachability.holdBackMs();
    reachability.failed(outage);
    expect(reachability.holdBackMs()).toBe(2000);
    clock.advance(2000);
    expect(reachability.holdBackMs()).toBe(0);
  });

  it('calls that were under way together count as one failure', () => {
    for (let call = 0; call < 5; call++) reachability.failed(outage);
    expect(reachability.isTroubled).toBe(false);
    expect(reachability.holdBackMs()).toBe(1000);
  });

  it('a program is refused without a call from the second failure on, for two seconds', () => {
    reachability.failed(outage);
    expect(reachability.refusal).toBeUndefined();
    clock.advance(1000);
    reachability.failed(outage);
    expect(reachability.refusal).toBe(outage);
    clock.advance(2000);
    expect(reachability.refusal).toBeUndefined();
  });
});

describe('an answer of STS', () => {
  it('lets every call go at once', () => {
    reachability.failed(outage);
    reachability.answered();
    expect([reachability.holdBackMs(), reachability.holdBackMs()]).toEqual([0, 0]);
    expect(reachability.heldBackBy).toBeUndefined();
  });
});
