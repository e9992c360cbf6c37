import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aliceSerial } from '../sts/sample-world.ts';
import { hour, minute, roles, startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
});

afterEach(() => engine[Symbol.asyncDispose]());

const prompts = () => engine.core.sessions.desk.prompts();
const prompt = () => prompts()[0];

/** Lets time pass as it does with a program that asks every ten minutes. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10 * minute) {
    engine.clock.advance(Math.min(10 * minute, ms - passed));
    engine.core.sessions.take('guarded');
    await engine.settle();
    await vi.waitFor(() => {
      expect(engine.core.sessions.standing('guarded').state).not.toBe('refreshing');
    });
  }
}

describe('ten minutes before the end of a session that took a code', () => {
  beforeEach(async () => {
    await engine.core.active.use('guarded');
    await engine.acquireWithCode('guarded');
  });

  it('a code for the next one is asked for, and is said not to be needed yet', async () => {
    await pass(11 * hour + 49 * minute);
    expect(prompts()).toEqual([]);
    engine.clock.advance(minute);
    await engine.untilPrompted();
    expect(prompt()).toMatchObject({
      serial: aliceSerial,
      demand: { cause: 'renewal', profile: 'guarded' },
      state: 'waiting',
    });
    const leftMs = (prompt()?.neededAtMs ?? 0) - engine.clock.now();
    expect(Math.abs(leftMs - 10 * minute)).toBeLessThan(2000);
    expect(engine.core.sessions.standing('guarded').state).toBe('active');
  });

  it('the code that is given then lets nothing stop, and nobody is asked again for another twelve hours', async () => {
    await pass(11 * hour + 50 * minute);
    await engine.giveCode();
    engine.core.sts.resetCalls();
    await pass(11 * hour + 49 * minute);
    expect(prompts()).toEqual([]);
    expect(engine.core.sessions.take('guarded')).toBeDefined();
    expect(engine.core.sts.calls()['GetSessionToken']).toBeUndefined();
  });

  it('a cancel is heeded: nobody is asked again until a session is really missing', async () => {
    await pass(11 * hour + 50 * minute);
    await engine.untilPrompted();
    engine.core.sessions.desk.cancel(aliceSerial);
    for (let minutes = 0; minutes < 9; minutes++) {
      engine.clock.advance(minute);
      engine.core.sessions.take('guarded');
      await engine.settle();
      expect(prompts()).toEqual([]);
    }
  });

  it('a prompt that nobody answers stays until five minutes after the end, and becomes a needed one there', async () => {
    await pass(11 * hour + 50 * minute);
    await engine.untilPrompted();
    engine.clock.advance(10 * minute);
    expect(prompt()).toMatchObject({ state: 'waiting', neededAtMs: undefined });
    expect(engine.core.sessions.desk.isAsking(aliceSerial)).toBe(true);
    engine.clock.advance(5 * minute);
    expect(prompts()).toEqual([]);
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(true);
  });

  it('comes at once where the machine slept over the time', async () => {
    engine.clock.sleep(11 * hour + 55 * minute);
    engine.core.power.tell({ type: 'wake' });
    await engine.untilPrompted();
    expect(prompt()?.neededAtMs).toBeDefined();
    await engine.giveCode();
  });
});

describe('a code is not asked for ahead', () => {
  it('where nobody uses what it is for', async () => {
    await engine.acquireWithCode('guarded');
    engine.clock.advance(13 * hour);
    await engine.settle();
    expect(prompts()).toEqual([]);
  });

  it('in a quiet period; but after that, where there is still time', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    await engine.core.active.use('guarded');
    await engine.acquireWithCode('guarded');
    await pass(11 * hour + 49 * minute + 30_000);
    const refused = expect(engine.byPerson('direct')).rejects.toMatchObject({ code: 'MfaRequired' });
    await engine.untilPrompted();
    engine.core.sessions.desk.cancel(aliceSerial);
    await refused;
    engine.clock.advance(30_000);
    await engine.settle();
    expect(prompts()).toEqual([]);
    engine.clock.advance(minute);
    await engine.untilPrompted();
  });
});

describe('who needs a code now', () => {
  it('turns an announcement into a prompt that is needed, and has five minutes from then', async () => {
    await engine.core.active.use('guarded');
    await engine.acquireWithCode('guarded');
    await pass(11 * hour + 50 * minute);
    await engine.untilPrompted();
    const fresh = engine.core.sessions.acquireWithFreshCode('guarded');
    const refused = expect(fresh).rejects.toMatchObject({ code: 'MfaRequired' });
    expect(prompt()?.neededAtMs).toBeUndefined();
    expect(engine.core.sessions.desk.isAsking(aliceSerial)).toBe(true);
    engine.clock.advance(5 * minute);
    await refused;
    expect(prompts()).toEqual([]);
  });

  it('goes before an announcement of the same device', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    await engine.core.active.use('guarded');
    await engine.acquireWithCode('guarded');
    await pass(11 * hour + 50 * minute);
    await engine.untilPrompted();
    const wanted = engine.byPerson('direct');
    await vi.waitFor(() => {
      expect(prompt()).toMatchObject({
        demand: { cause: 'person', profile: 'direct' },
        neededAtMs: undefined,
      });
    });
    expect(prompts()).toHaveLength(1);
    await engine.giveCode();
    await wanted;
    expect(prompt()?.demand.cause).toBe('renewal');
  });
});

describe('a session whose code goes into AssumeRole itself', () => {
  it('is announced ten minutes ahead too, and served until its end where no code is given', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      durationSeconds: 7200,
    });
    await engine.core.active.use('direct');
    const first = await engine.acquireWithCode('direct');
    engine.clock.advance(109 * minute);
    await engine.settle();
    expect(prompts()).toEqual([]);
    engine.clock.advance(minute);
    await engine.untilPrompted();
    expect(engine.core.sessions.take('direct')).toBe(first);
    engine.clock.advance(10 * minute);
    expect(engine.core.sessions.take('direct')).toBeUndefined();
    expect(engine.core.sessions.standing('direct').state).toBe('waitingForMfa');
  });

  it('is announced once, and so is each that follows', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      durationSeconds: 7200,
    });
    await engine.core.active.use('direct');
    await engine.acquireWithCode('direct');
    engine.clock.advance(110 * minute);
    await engine.giveCode();
    await engine.settle();
    engine.clock.advance(110 * minute);
    await engine.untilPrompted();
    engine.core.sessions.desk.cancel(aliceSerial);
    for (let minutes = 0; minutes < 9; minutes++) {
      engine.clock.advance(minute);
      expect(engine.core.sessions.take('direct')).toBeDefined();
      await engine.settle();
      expect(prompts()).toEqual([]);
    }
  });
});
