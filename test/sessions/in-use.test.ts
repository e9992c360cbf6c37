import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StsWorld } from '../sts/embedded-sts.ts';
import { aliceArn, aliceSerial, sampleWorld } from '../sts/sample-world.ts';
import { hour, minute, startEngine, type Engine } from './engine.ts';

const calls = (engine: Engine) => engine.core.sts.calls()['AssumeRole'] ?? 0;

describe('a session is kept ready though nobody asks for it', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
    await engine.core.addProfile({ name: 'reader' });
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  /** Half a session's life at a time, as often as it takes. */
  async function passRenewals(count: number): Promise<void> {
    for (let renewal = 0; renewal < count; renewal++) {
      engine.clock.advance(30 * minute);
      await vi.waitFor(() => {
        expect(engine.core.sessions.standing('reader').state).not.toBe('refreshing');
      });
      await engine.settle();
    }
  }

  it('while its profile is pinned', async () => {
    await engine.byProgram('reader');
    await engine.core.profiles.pin('reader', true);
    await passRenewals(3);
    expect(calls(engine)).toBe(4);
    await engine.core.profiles.pin('reader', false);
    await passRenewals(3);
    expect(calls(engine)).toBe(4);
  });

  it('while somebody holds it, until the last one lets go', async () => {
    await engine.byProgram('reader');
    const one = engine.core.sessions.hold('reader');
    const other = engine.core.sessions.hold('reader');
    await passRenewals(2);
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    await passRenewals(1);
    expect(calls(engine)).toBe(4);
    other[Symbol.dispose]();
    await passRenewals(3);
    expect(calls(engine)).toBe(4);
  });

  it('and taken up again after a sleep by one call, without anybody asking', async () => {
    await engine.core.active.use('reader');
    await engine.byPerson('reader');
    engine.clock.sleep(9 * hour);
    expect(engine.core.sessions.take('reader')).toBeUndefined();
    engine.core.power.tell({ type: 'wake' });
    await engine.untilState('reader', 'active');
    expect(calls(engine)).toBe(2);
  });

  it('also where no event tells that the sleep is over', async () => {
    await engine.core.active.use('reader');
    await engine.byPerson('reader');
    engine.clock.sleep(9 * hour);
    engine.clock.advance(15_000);
    await engine.untilState('reader', 'active');
    expect(calls(engine)).toBe(2);
  });
});

describe('attempts to get a session that nobody asks for any more', () => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await startEngine();
    await engine.core.addProfile({ name: 'reader' });
    engine.core.sts.faults.fail = { status: 503 };
    await expect(engine.byProgram('reader')).rejects.toMatchObject({ code: 'Unreachable' });
    engine.core.sts.resetCalls();
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  async function passPauses(count: number): Promise<void> {
    for (let pause = 0; pause < count; pause++) {
      engine.clock.advance(2 * minute);
      await vi.waitFor(() => {
        expect(engine.core.sessions.standing('reader').state).toBe('failed');
      });
    }
  }

  it('end after one, and the problem says no more that it is tried again', async () => {
    expect(engine.core.sessions.standing('reader').problem?.retryAtMs).toBeDefined();
    await passPauses(10);
    expect(calls(engine)).toBe(1);
    expect(engine.core.sessions.standing('reader').problem?.retryAtMs).toBeUndefined();
  });

  it('go on for the active profile', async () => {
    await engine.core.active.use('reader');
    await passPauses(5);
    expect(calls(engine)).toBe(5);
  });
});

describe('50 roles in 20 accounts behind one MFA device', () => {
  const roles = Array.from({ length: 50 }, (_, number) => ({
    arn: `arn:aws:iam::${String(200_000_000_000 + (number % 20))}:role/Role${number}`,
    trusts: [{ principal: aliceArn, mfa: true }],
  }));
  const world: StsWorld = { ...sampleWorld, roles };

  it('take one code, one GetSessionToken and 50 AssumeRole', async () => {
    await using engine = await startEngine(world);
    for (const { arn } of roles) {
      await engine.core.addProfile({
        name: `profile-${arn.slice(-6).replaceAll(/\W/g, '-')}`,
        roleArn: arn,
        mfaSerial: aliceSerial,
      });
    }
    const names = engine.core.configuration.current.profiles.map(({ name }) => name);
    const all = Promise.all(names.map((name) => engine.byProgram(name)));
    await engine.giveCode();
    expect(new Set((await all).map(({ accessKeyId }) => accessKeyId)).size).toBe(50);
    expect(engine.core.sts.calls()).toEqual({ GetSessionToken: 1, AssumeRole: 50 });
    expect(engine.core.sessions.desk.prompts()).toEqual([]);
  });
});
