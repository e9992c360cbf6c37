import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PowerEvent } from '../../main/platform/ports.ts';
import type { Configuration } from '../../main/configuration/configuration.ts';
import { aliceKeys, aliceSerial } from '../sts/sample-world.ts';
import { minute, roles, startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
});

afterEach(() => engine[Symbol.asyncDispose]());

function set(settings: Partial<Configuration['settings']>): Promise<void> {
  return engine.core.configuration.update((before) => ({
    ...before,
    settings: { ...before.settings, ...settings },
  }));
}

describe('Latchkey locks itself', () => {
  const rules: [string, Partial<Configuration['settings']>, PowerEvent][] = [
    ['the screen is locked', { lockWithScreen: true }, { type: 'screenLock' }],
    ['the machine goes to sleep', { lockOnSleep: true }, { type: 'sleep' }],
    [
      'nobody was there for the time that is set',
      { lockAfterIdleMinutes: 5 },
      { type: 'idle', forMs: 5 * minute },
    ],
  ];

  it.each(rules)('when %s, where that is wished', async (_when, settings, event) => {
    await set(settings);
    engine.core.power.tell(event);
    expect(engine.core.sessions.isLocked).toBe(true);
  });

  it.each(rules)('not when %s by default', (_when, _settings, event) => {
    engine.core.power.tell(event);
    expect(engine.core.sessions.isLocked).toBe(false);
  });

  it('not before the time that is set', async () => {
    await set({ lockAfterIdleMinutes: 5 });
    engine.core.power.tell({ type: 'idle', forMs: 5 * minute - 1 });
    expect(engine.core.sessions.isLocked).toBe(false);
  });

  it('once: a person who unlocked meanwhile is told nothing twice', async () => {
    await set({ lockWithScreen: true });
    let told = 0;
    using _watch = engine.core.sessions.onChange((profile) => {
      if (profile === undefined) told += 1;
    });
    engine.core.power.tell({ type: 'screenLock' });
    engine.core.power.tell({ type: 'screenLock' });
    expect(told).toBe(1);
  });
});

describe('a code that STS confirms', () => {
  it('unlocks, and is the code of the session that follows', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    engine.core.sessions.lock();
    await engine.core.sessions.unlockWithCode(engine.code(), undefined);
    expect(engine.core.sessions.isLocked).toBe(false);
    await engine.byProgram('guarded');
    expect(engine.core.sts.calls()).toEqual({ GetSessionToken: 1, AssumeRole: 1 });
  });

  it('may be of a device that only a key names', async () => {
    await engine.core.keys.remove('work');
    await engine.core.addKey('work', aliceKeys, { mfaSerial: aliceSerial });
    engine.core.sessions.lock();
    await engine.core.sessions.unlockWithCode(engine.code(), aliceSerial);
    expect(engine.core.sessions.isLocked).toBe(false);
  });

  it('may be of a profile that sends its codes with AssumeRole; no session is kept of it', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    engine.core.sessions.lock();
    await engine.core.sessions.unlockWithCode(engine.code(), undefined);
    expect(engine.core.sessions.isLocked).toBe(false);
    expect(engine.core.sessions.standing('direct').state).toBe('idle');
  });

  it('is spent by that', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    engine.core.sessions.lock();
    await engine.core.sessions.unlockWithCode(engine.code(), undefined);
    engine.core.sts.resetCalls();
    engine.core.sessions.lock();
    await expect(engine.core.sessions.unlockWithCode(engine.code(), undefined)).rejects.toMatchObject({
      code: 'MfaRejected',
    });
    expect(engine.core.sts.calls()).toEqual({});
  });

  it('is the only one that does: a wrong one, and one that was used, leave it locked', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    await engine.acquireWithCode('guarded');
    engine.core.sessions.lock();
    const used = engine.code();
    const wrong = used === '000000' ? '000001' : '000000';
    for (const code of [used, wrong]) {
      await expect(engine.core.sessions.unlockWithCode(code, undefined)).rejects.toMatchObject({
        code: 'MfaRejected',
      });
    }
    expect(engine.core.sessions.isLocked).toBe(true);
  });

  it.each([undefined, 'arn:aws:iam::111122223333:mfa/nobody'])(
    'has to be of a device that is known, which %s is not',
    async (serial) => {
      await engine.core.addProfile({ name: 'reader' });
      engine.core.sessions.lock();
      await expect(engine.core.sessions.unlockWithCode('123456', serial)).rejects.toMatchObject({
        code: 'InvalidInput',
      });
      expect(engine.core.sessions.isLocked).toBe(true);
      expect(engine.core.sts.calls()).toEqual({});
    },
  );
});

describe('a lock', () => {
  it('is not undone by a code whose check was begun before it', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    engine.core.sessions.lock();
    const confirmed = engine.core.sessions.unlockWithCode(engine.code(), undefined);
    const refused = expect(confirmed).rejects.toMatchObject({ code: 'Locked' });
    engine.core.sessions.unlock();
    engine.core.sessions.lock();
    await refused;
    expect(engine.core.sessions.isLocked).toBe(true);
  });

  it('is not undone either by a code that was given while there was none', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    const confirmed = engine.core.sessions.unlockWithCode(engine.code(), undefined);
    const refused = expect(confirmed).rejects.toMatchObject({ code: 'Locked' });
    engine.core.sessions.lock();
    await refused;
    expect(engine.core.sessions.isLocked).toBe(true);
  });

  it('that the person has ended meanwhile is no reason to refuse a code', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    engine.core.sessions.lock();
    const confirmed = engine.core.sessions.unlockWithCode(engine.code(), undefined);
    engine.core.sessions.unlock();
    await confirmed;
    expect(engine.core.sessions.isLocked).toBe(false);
  });

  it('leaves nothing behind where Latchkey ends while a code is checked', async () => {
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    engine.core.sessions.lock();
    const confirmed = engine.core.sessions.unlockWithCode(engine.code(), undefined);
    const refused = expect(confirmed).rejects.toMatchObject({ code: 'NotRunning' });
    engine.core.sessions[Symbol.dispose]();
    await refused;
  });

  it('tells every profile that it ends', async () => {
    await engine.core.addProfile({ name: 'reader' });
    await engine.byProgram('reader');
    const told: (string | undefined)[] = [];
    using _watch = engine.core.sessions.onChange((profile) => told.push(profile));
    engine.core.sessions.lock();
    expect(told).toContain('reader');
    expect(engine.core.sessions.standing('reader').state).toBe('idle');
  });
});
