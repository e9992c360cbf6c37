import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aliceSerial } from '../sts/sample-world.ts';
import { hour, minute, roles, startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
});

afterEach(() => engine[Symbol.asyncDispose]());

async function cancelOnce(): Promise<void> {
  const cancelled = expect(engine.byPerson('guarded')).rejects.toMatchObject({ code: 'MfaRequired' });
  await engine.untilPrompted();
  engine.core.sessions.desk.cancel(aliceSerial);
  await cancelled;
}

describe('a quiet period', () => {
  it('is no longer than a quarter of an hour, however often the person cancels', async () => {
    for (let cancels = 0; cancels < 7; cancels++) await cancelOnce();
    engine.clock.advance(15 * minute - 1);
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(true);
    engine.clock.advance(1);
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(false);
  });

  it('is over when a code is given, and the next one is a minute again', async () => {
    await cancelOnce();
    await cancelOnce();
    await engine.acquireWithCode('guarded');
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(false);
    engine.core.sessions.lock();
    engine.core.sessions.unlock();
    await cancelOnce();
    engine.clock.advance(minute);
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(false);
  });

  it('is not lengthened by a wall clock that is set back', async () => {
    await cancelOnce();
    engine.clock.setWallClock(-3 * hour);
    engine.clock.advance(minute);
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(false);
  });

  it('costs no look into the keychain for each request of a program', async () => {
    await cancelOnce();
    await expect(engine.byProgram('guarded')).rejects.toMatchObject({ code: 'MfaRequired' });
    const read = vi.spyOn(engine.core.secrets, 'read');
    for (let request = 0; request < 20; request++) {
      await expect(engine.byProgram('guarded')).rejects.toMatchObject({ code: 'MfaRequired' });
    }
    expect(read).not.toHaveBeenCalled();
  });

  it('does not begin with the time-out of one who waits while another still does', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.guarded,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    const program = expect(engine.byProgram('guarded')).rejects.toMatchObject({ code: 'MfaRequired' });
    await engine.untilPrompted();
    engine.clock.advance(5 * minute - 2000);
    const person = engine.byPerson('direct');
    await engine.settle();
    engine.clock.advance(3000);
    await program;
    expect(engine.core.sessions.desk.isQuiet(aliceSerial)).toBe(false);
    await engine.giveCode();
    await person;
  });
});

describe('a code', () => {
  it('of the window before is not sent again either, since STS would still know it', async () => {
    const used = engine.code();
    await engine.acquireWithCode('guarded');
    engine.core.sessions.lock();
    engine.core.sessions.unlock();
    engine.clock.advance(45_000);
    const acquired = engine.byPerson('guarded');
    await engine.untilPrompted();
    await expect(engine.core.sessions.desk.answer(aliceSerial, used)).rejects.toMatchObject({
      code: 'MfaRejected',
      message: expect.stringContaining('used already') as string,
    });
    expect(engine.core.sessions.desk.prompts()[0]?.nextCodeAtMs).toBeDefined();
    await engine.giveCode();
    await acquired;
  });

  it('that is being checked is not called back by a cancel, and no second one is taken meanwhile', async () => {
    const acquired = engine.byPerson('guarded');
    await engine.untilPrompted();
    engine.core.sts.faults.delayMs = 50;
    const given = engine.giveCode();
    await vi.waitFor(() => {
      expect(engine.core.sessions.desk.prompts()[0]?.state).toBe('checking');
    });
    await expect(engine.core.sessions.desk.answer(aliceSerial, '123456')).rejects.toMatchObject({
      code: 'InUse',
    });
    engine.core.sessions.desk.cancel(aliceSerial);
    await given;
    await acquired;
  });

  it('that turns out wrong after a lock leaves no prompt behind', async () => {
    const acquired = expect(engine.byPerson('guarded')).rejects.toMatchObject({ code: 'Locked' });
    await engine.untilPrompted();
    engine.core.sts.faults.delayMs = 50;
    const wrong = engine.code() === '000000' ? '000001' : '000000';
    const given = expect(engine.core.sessions.desk.answer(aliceSerial, wrong)).rejects.toThrow();
    engine.core.sessions.lock();
    await given;
    await acquired;
    expect(engine.clock.waiting).toBe(1); // the watch of the clock
  });

  it('for a role that STS refuses ends the wait with what STS said', async () => {
    await engine.core.addProfile({
      name: 'refused',
      roleArn: roles.refused,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    const acquired = engine.byPerson('refused');
    const refused = expect(acquired).rejects.toMatchObject({ awsCode: 'AccessDenied' });
    await expect(engine.giveCode()).rejects.toMatchObject({ awsCode: 'AccessDenied' });
    await refused;
  }, 3000);

  it('that is only announced does not make its profile wait', async () => {
    await engine.core.addProfile({
      name: 'direct',
      roleArn: roles.longReader,
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    });
    await engine.core.active.use('direct');
    await engine.acquireWithCode('direct');
    engine.clock.advance(50 * minute);
    await engine.untilPrompted();
    expect(engine.core.sessions.standing('direct').state).toBe('refreshing');
  });
});

describe('who waits', () => {
  it('is not prompted for what was locked while its key was fetched', async () => {
    const acquired = expect(engine.byPerson('guarded')).rejects.toMatchObject({ code: 'Locked' });
    engine.core.sessions.lock();
    await engine.settle();
    expect(engine.core.sessions.desk.prompts()).toEqual([]);
    await acquired;
  });
});

describe('a code that STS was too busy for', () => {
  it('keeps the prompt too', async () => {
    const acquired = engine.byPerson('guarded');
    await engine.untilPrompted();
    engine.core.sts.faults.throttle = { calls: 1 };
    await expect(engine.giveCode()).rejects.toMatchObject({ code: 'Throttled' });
    expect(engine.core.sessions.desk.prompts()).toMatchObject([{ state: 'waiting' }]);
    engine.clock.advance(30_000);
    await engine.giveCode();
    await acquired;
  });
});
