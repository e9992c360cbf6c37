import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hour, minute, roles, startEngine, type Engine } from './engine.ts';

const names = Array.from({ length: 10 }, (_, number) => `profile-${number}`);
let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  for (const name of names) {
    await engine.core.addProfile({ name, sessionName: name });
    await engine.core.profiles.pin(name, true);
  }
  await Promise.all(names.map((name) => engine.byProgram(name)));
  engine.core.sts.resetCalls();
});

afterEach(() => engine[Symbol.asyncDispose]());

const calls = () => engine.core.sts.calls()['AssumeRole'] ?? 0;
const states = () => names.map((name) => engine.core.sessions.standing(name).state);

/** Lets time pass in small steps, each until no call is under way. */
async function pass(ms: number, stepMs = 1000): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    engine.clock.advance(stepMs);
    await engine.settle();
  }
}

describe('an outage of STS', () => {
  it('of 20 minutes costs one call at each trial, however many sessions are due', async () => {
    engine.core.sts.faults.fail = { status: 503 };
    await pass(50 * minute, 2000);
    // The first second's calls were under way together. Then 1-2, 2-4 … s, and 1-2 min for the rest of the time.
    expect(calls()).toBeLessThan(35);
    for (const name of names) expect(engine.core.sessions.take(name), name).toBeDefined();
  });

  it('is over for all within seconds of the first answer, five a second', async () => {
    engine.core.sts.faults.fail = { status: 503 };
    await pass(35 * minute, 2000);
    engine.core.sts.faults.clear();
    engine.core.sts.resetCalls();
    await pass(2 * minute + 5000);
    expect(states()).toEqual(names.map(() => 'active'));
    expect(calls()).toBe(names.length);
    for (const name of names) {
      expect(engine.core.sessions.standing(name).expiresAtMs).toBeGreaterThan(
        engine.clock.now() + 50 * minute,
      );
    }
  });

  it('holds back neither a person nor a program that waits', async () => {
    engine.core.sts.faults.fail = { status: 503 };
    await pass(35 * minute, 2000);
    await engine.core.addProfile({ name: 'urgent', sessionName: 'urgent' });
    engine.core.sts.faults.clear();
    await engine.byProgram('urgent');
  });

  it('costs programs that wait one call in two seconds, whatever the number of their profiles', async () => {
    for (const name of names)
      await engine.core.addProfile({ name: `cold-${name}`, sessionName: `cold-${name}` });
    engine.core.sts.faults.fail = { status: 503 };
    await pass(31 * minute, 2000);
    await pass(2000);
    engine.core.sts.resetCalls();
    for (const name of names) {
      await expect(engine.byProgram(`cold-${name}`)).rejects.toMatchObject({ code: 'Unreachable' });
    }
    expect(calls()).toBeLessThanOrEqual(1);
    engine.core.sts.faults.clear();
    engine.clock.advance(2000);
    await Promise.all(names.map((name) => engine.byProgram(`cold-${name}`)));
  });

  it('that the first of a line meets keeps the rest of the line from calling', async () => {
    engine.core.sts.faults.fail = { status: 503 };
    engine.clock.advance(30 * minute);
    await engine.settle();
    for (let turn = 0; turn < 4; turn++) {
      engine.clock.advance(200);
      await engine.settle();
    }
    expect(engine.core.sts.calls()).toEqual({ AssumeRole: 1 });
  });

  it('does not keep one in the line from calling that somebody has come to wait for', async () => {
    engine.core.sts.faults.fail = { status: 503, calls: 1 };
    engine.clock.advance(30 * minute);
    await engine.settle();
    engine.clock.sleep(60 * minute);
    await engine.byPerson('profile-9');
  });

  it('in one region does not hold back another', async () => {
    await pass(10 * minute, 10_000);
    await engine.core.addProfile({
      name: 'abroad',
      sessionName: 'abroad',
      region: 'us-west-2',
      pinned: true,
    });
    await engine.byProgram('abroad');
    engine.core.sts.faults.fail = { status: 503 };
    await pass(29 * minute, 1000);
    // The next trial fails, and the one after it is a minute away.
    const before = calls();
    while (calls() === before) await pass(1000);
    engine.core.sts.faults.clear();
    const { expiresAtMs = 0 } = engine.core.sessions.standing('abroad');
    await pass(expiresAtMs - 30 * minute - engine.clock.now() + 1000);
    expect(engine.core.sessions.standing('abroad').expiresAtMs).toBeGreaterThan(expiresAtMs);
    expect(states()).toContain('failed');
  });
});

describe('a fault of one call', () => {
  it('is not noticed by a program that waits: the call is made again at once', async () => {
    await engine.core.addProfile({ name: 'cold', sessionName: 'cold' });
    engine.core.sts.faults.drop = { calls: 1 };
    await engine.byProgram('cold');
    expect(calls()).toBe(2);
  });

  it('is told after the third attempt', async () => {
    await engine.core.addProfile({ name: 'cold', sessionName: 'cold' });
    engine.core.sts.faults.fail = { status: 500 };
    await expect(engine.byProgram('cold')).rejects.toMatchObject({ code: 'Unreachable' });
    expect(calls()).toBe(3);
  });

  it('is left to the back-off where nobody waits', async () => {
    await pass(29 * minute, 10_000);
    engine.core.sts.faults.fail = { status: 500, calls: 1 };
    await pass(minute, 1000);
    expect(calls()).toBe(1);
    expect(states()).toContain('failed');
  });
});

describe('an STS whose clock is another', () => {
  it.each([20, -20])(
    'by %i minutes lets nothing ended be served, and costs no storm of calls',
    async (minutes) => {
      engine.core.sts.faults.clockOffsetMs = minutes * minute;
      for (let renewals = 0; renewals < 4; renewals++) {
        await pass(31 * minute, 10_000);
        for (const name of names) {
          const session = engine.core.sessions.take(name);
          // What STS says of its end, told by this machine's clock.
          expect(session?.expiresAtMs).toBeGreaterThan(engine.clock.now());
          expect(session?.expiresAtMs).toBeLessThanOrEqual(engine.clock.now() + hour + 2000);
        }
      }
      // One for each renewal, and at most one each that STS refused for its time before the clock was known.
      expect(calls()).toBeLessThanOrEqual(4 * names.length + names.length);
    },
  );
});

describe('a program', () => {
  it('that asks after the end of an outage is not told of it any more', async () => {
    await engine.core.addProfile({ name: 'reader' });
    engine.core.sts.faults.fail = { status: 503 };
    await expect(engine.byProgram('reader')).rejects.toMatchObject({ code: 'Unreachable' });
    engine.core.sts.faults.clear();
    await engine.byProgram('reader');
  });
});

describe('a renewal that STS refuses', () => {
  it('is not made again by itself', async () => {
    await engine.core.addProfile({ name: 'refused', roleArn: roles.refused });
    await engine.core.active.use('refused');
    await expect(engine.byPerson('refused')).rejects.toMatchObject({ code: 'Refused' });
    expect(engine.core.sessions.standing('refused').problem?.retryAtMs).toBeUndefined();
    for (let minutes = 0; minutes < 10; minutes++) {
      engine.clock.advance(minute);
      await engine.settle();
    }
    expect(engine.core.sts.calls()).toEqual({ AssumeRole: 1 });
  });
});
