import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aliceSerial } from '../sts/sample-world.ts';
import { hour, minute, roles, startEngine, type Engine } from './engine.ts';
import { composeClient } from '../fixtures/clients.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
});

afterEach(() => engine[Symbol.asyncDispose]());

const standing = (profile: string) => engine.core.sessions.standing(profile);

describe('the MFA mode of a profile', () => {
  it('direct sends the code with AssumeRole itself, also for a short session', async () => {
    await engine.core.addProfile({
      name: 'reader',
      roleArn: roles.guarded,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    await engine.acquireWithCode('reader');
    expect(engine.core.sts.calls()).toEqual({ AssumeRole: 1 });
  });

  it('session shares the code, and has the hour that STS allows then', async () => {
    await engine.core.addProfile({
      name: 'reader',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      mfaMode: 'session',
      durationSeconds: 43_200,
    });
    const session = await engine.acquireWithCode('reader');
    expect(engine.core.sts.calls()).toEqual({ GetSessionToken: 1, AssumeRole: 1 });
    expect(session.expiresAtMs - engine.clock.now()).toBeCloseTo(hour, -4);
  });

  it.each(['mfaMode', 'mfaMaximumAgeSeconds'] as const)(
    'and the greatest age belong to the start of the chain: %s is refused further up',
    async (field) => {
      await engine.core.addProfile({ name: 'one' });
      const value = field === 'mfaMode' ? { mfaMode: 'direct' as const } : { mfaMaximumAgeSeconds: 600 };
      await expect(
        engine.core.addProfile({ name: 'two', base: { profile: 'one' }, ...value }),
      ).rejects.toMatchObject({ code: 'InvalidInput', field });
    },
  );
});

describe('the greatest age of a code that a role accepts', () => {
  beforeEach(async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    await engine.core.addProfile({
      name: 'recent',
      roleArn: roles.recentlyConfirmed,
      mfaSerial: aliceSerial,
      mfaMaximumAgeSeconds: 600,
    });
  });

  it('shares the session of others while its code is young enough', async () => {
    await engine.acquireWithCode('guarded');
    engine.clock.advance(9 * minute);
    await engine.byProgram('recent');
    expect(engine.core.sts.calls()).toEqual({ GetSessionToken: 1, AssumeRole: 2 });
  });

  it('asks for a fresh code where it is older, before STS would refuse; all others share that', async () => {
    await engine.acquireWithCode('guarded');
    engine.clock.advance(10 * minute);
    const recent = engine.byProgram('recent');
    await engine.giveCode();
    await recent;
    expect(engine.core.sts.calls()).toEqual({ GetSessionToken: 2, AssumeRole: 2 });
  });

  it('makes a program wait for a code that is needed now, though the older session lives on', async () => {
    await engine.acquireWithCode('guarded');
    engine.clock.advance(10 * minute);
    const recent = expect(engine.byProgram('recent')).rejects.toMatchObject({ code: 'MfaRequired' });
    await engine.untilPrompted();
    expect(engine.core.sessions.desk.prompts()[0]?.neededAtMs).toBeUndefined();
    expect(standing('recent').state).toBe('waitingForMfa');
    engine.clock.advance(5 * minute);
    await recent;
  });

  it('counts for a session out of the keychain too', async () => {
    await engine.acquireWithCode('guarded');
    await engine.settle();
    engine.clock.advance(10 * minute);
    engine.core.restart();
    const recent = engine.byProgram('recent');
    await engine.giveCode();
    await recent;
    expect(engine.core.sts.calls()['GetSessionToken']).toBe(2);
  });

  it('is kept to by one who joins while an older session comes out of the keychain', async () => {
    await engine.acquireWithCode('guarded');
    await engine.settle();
    engine.clock.advance(10 * minute);
    engine.core.restart();
    const both = Promise.all([engine.byProgram('guarded'), engine.byProgram('recent')]);
    await engine.giveCode();
    await both;
    expect(engine.core.sts.calls()['GetSessionToken']).toBe(2);
  });
});

describe('a role that STS refuses to an old code', () => {
  beforeEach(async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    await engine.core.addProfile({
      name: 'recent',
      roleArn: roles.recentlyConfirmed,
      mfaSerial: aliceSerial,
    });
    await engine.acquireWithCode('guarded');
    engine.clock.advance(30 * minute);
    await expect(engine.byProgram('recent')).rejects.toMatchObject({ awsCode: 'AccessDenied' });
  });

  it('is told with the code’s age, and nobody is prompted by that', () => {
    expect(standing('recent').problem?.codeAgeMs).toBeCloseTo(30 * minute, -4);
    expect(engine.core.sessions.desk.prompts()).toEqual([]);
  });

  it('is had after a fresh code that the person chose to give', async () => {
    const session = engine.core.sessions.acquireWithFreshCode('recent');
    await engine.giveCode();
    await session;
    expect(standing('recent')).toMatchObject({ state: 'active', problem: undefined });
  });

  it('is told without an offer where the code was fresh: its age was not the reason', async () => {
    await engine.core.addProfile({ name: 'refused', roleArn: roles.refused, mfaSerial: aliceSerial });
    await expect(engine.byProgram('refused')).rejects.toThrow();
    expect(standing('refused').problem?.codeAgeMs).toBeDefined();
    const session = engine.core.sessions.acquireWithFreshCode('refused');
    await engine.giveCode();
    await expect(session).rejects.toMatchObject({ awsCode: 'AccessDenied' });
    expect(standing('refused').problem?.codeAgeMs).toBeUndefined();
  });

  it('is told with the age also by the profile that is chained on it', async () => {
    await engine.core.addProfile({ name: 'above', base: { profile: 'recent' }, roleArn: roles.chained });
    await expect(engine.byPerson('above')).rejects.toMatchObject({ awsCode: 'AccessDenied' });
    expect(standing('above').problem?.codeAgeMs).toBeCloseTo(30 * minute, -4);
  });
});

describe('a role that accepts young codes only, and is kept ready', () => {
  it('has its prompt announced until its own session ends, and no longer open than that', async () => {
    await engine.core.addProfile({
      name: 'recent',
      roleArn: roles.recentlyConfirmed,
      mfaSerial: aliceSerial,
      mfaMaximumAgeSeconds: 600,
      pinned: true,
    });
    const session = await engine.acquireWithCode('recent');
    engine.clock.advance(30 * minute);
    await engine.untilPrompted();
    const neededAtMs = engine.core.sessions.desk.prompts()[0]?.neededAtMs ?? 0;
    expect(Math.abs(neededAtMs - session.expiresAtMs)).toBeLessThan(2000);
    engine.clock.advance(36 * minute);
    expect(engine.core.sessions.desk.prompts()).toEqual([]);
  });
});

describe('a pinned profile whose prompt nobody answered', () => {
  it('is ready again soon after the code was given for another one', async () => {
    for (const name of ['one', 'other']) {
      await engine.core.addProfile({
        name,
        roleArn: roles.guarded,
        mfaSerial: aliceSerial,
        baseDurationSeconds: 3600,
        sessionName: name,
        pinned: name === 'one',
      });
    }
    await engine.acquireWithCode('one');
    for (let minutes = 0; minutes < 90; minutes++) {
      engine.clock.advance(minute);
      await engine.settle();
    }
    expect(standing('one').state).toBe('failed');
    await engine.acquireWithCode('other');
    engine.clock.advance(15_000);
    await engine.settle();
    expect(standing('one').state).toBe('active');
  });
});

describe('a fresh code', () => {
  it('gives a new session of a profile whose code goes into AssumeRole itself', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      durationSeconds: 7200,
    });
    const first = await engine.acquireWithCode('direct');
    engine.clock.advance(minute);
    const second = engine.core.sessions.acquireWithFreshCode('direct');
    await engine.giveCode();
    expect(await second).not.toBe(first);
  });

  it('gives a new session of the role, not only of its base', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    const first = await engine.acquireWithCode('guarded');
    engine.clock.advance(minute);
    const second = engine.core.sessions.acquireWithFreshCode('guarded');
    await engine.giveCode();
    expect((await second).accessKeyId).not.toBe(first.accessKeyId);
  });

  it('is asked for though an older session is just read from the keychain', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    await engine.acquireWithCode('guarded');
    await engine.settle();
    engine.core.restart();
    engine.clock.advance(minute);
    const program = engine.byProgram('guarded');
    const fresh = engine.core.sessions.acquireWithFreshCode('guarded');
    await program;
    await engine.giveCode();
    await fresh;
    expect(engine.core.sts.calls()['GetSessionToken']).toBe(2);
  });

  it('is not asked for a profile that takes none, nor while locked', async () => {
    await engine.core.addProfile({ name: 'plain' });
    await expect(engine.core.sessions.acquireWithFreshCode('plain')).rejects.toMatchObject({
      code: 'InvalidInput',
      field: 'name',
    });
    engine.core.sessions.lock();
    await expect(engine.core.sessions.acquireWithFreshCode('plain')).rejects.toMatchObject({
      code: 'Locked',
    });
  });
});

describe('a code that has been used', () => {
  beforeEach(async () => {
    for (const name of ['one', 'other'])
      await engine.core.addProfile({
        name,
        roleArn: roles.longReader,
        mfaSerial: aliceSerial,
        mfaMode: 'direct',
        sessionName: name,
      });
  });

  it('is not sent again: the prompt stays and says when the next one comes', async () => {
    const acquired = Promise.all([engine.byPerson('one'), engine.byPerson('other')]);
    await engine.giveCode();
    const [prompt] = engine.core.sessions.desk.prompts();
    expect(prompt?.nextCodeAtMs).toBe((Math.floor(engine.clock.now() / 30_000) + 1) * 30_000);
    await expect(engine.giveCode()).rejects.toMatchObject({ code: 'MfaRejected' });
    expect(engine.core.sessions.desk.prompts()[0]?.problem).toMatch(/used already/);
    expect(engine.core.sts.calls()).toEqual({ AssumeRole: 1 });
    engine.clock.advance(30_000);
    expect(engine.core.sessions.desk.prompts()[0]?.nextCodeAtMs).toBeUndefined();
    await engine.giveCode();
    await acquired;
  });

  it('does not let wait who mistyped: the code that the device shows has not been used then', async () => {
    const acquired = engine.byPerson('one');
    await engine.untilPrompted();
    const wrong = engine.code() === '000000' ? '000001' : '000000';
    await expect(engine.core.sessions.desk.answer(aliceSerial, wrong)).rejects.toMatchObject({
      code: 'MfaRejected',
    });
    expect(engine.core.sessions.desk.prompts()[0]?.nextCodeAtMs).toBeUndefined();
    await engine.giveCode();
    await acquired;
  });
});

describe('a code that could not be sent', () => {
  it('keeps the prompt, which says why, for the next one', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    const acquired = engine.byPerson('guarded');
    await engine.untilPrompted();
    engine.core.sts.faults.fail = { status: 503, calls: 1 };
    await expect(engine.giveCode()).rejects.toMatchObject({ code: 'Unreachable' });
    expect(engine.core.sessions.desk.prompts()[0]).toMatchObject({
      state: 'waiting',
      problem: expect.stringContaining('fault of its own') as string,
    });
    engine.clock.advance(30_000);
    await engine.giveCode();
    await acquired;
  });
});

describe('a prompt', () => {
  it('names the program that caused it, as soon as that is known', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    const client = Promise.resolve(composeClient({ name: 'terraform' }));
    const acquired = engine.core.sessions.acquire({ cause: 'program', profile: 'guarded', client });
    await engine.untilPrompted();
    await engine.settle();
    expect(engine.core.sessions.desk.prompts()[0]).toMatchObject({
      program: 'terraform',
      demand: { cause: 'program', profile: 'guarded' },
    });
    await engine.giveCode();
    await acquired;
  });
});
