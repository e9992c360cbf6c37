import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeClient } from '../fixtures/clients.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { hour, minute, roles, startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
});

afterEach(() => engine[Symbol.asyncDispose]());

const desk = () => engine.core.sessions.desk;
const prompts = () => desk().prompts();
const snoozedUntilMs = () => prompts()[0]?.snoozedUntilMs;

/** A program has asked and waits, and its prompt is put aside. */
async function snoozeFor(minutes: number): Promise<void> {
  engine.byProgram('guarded').catch(() => undefined);
  await engine.untilPrompted();
  desk().snooze(aliceSerial, minutes * minute);
}

/** Two more profiles of the same device: one shares the session behind the code, the other takes a code of its own. */
async function addOthers(): Promise<void> {
  await engine.core.addProfile({ name: 'reader', roleArn: roles.longReader, mfaSerial: aliceSerial });
  await engine.core.addProfile({
    name: 'direct',
    roleArn: roles.guarded,
    mfaSerial: aliceSerial,
    mfaMode: 'direct',
  });
}

describe('a prompt that was put aside', () => {
  it('stays, says until when, and comes back by itself', async () => {
    await snoozeFor(15);
    const untilMs = engine.clock.now() + 15 * minute;
    expect(prompts()).toMatchObject([{ serial: aliceSerial, state: 'waiting', snoozedUntilMs: untilMs }]);
    engine.clock.advance(15 * minute - 1);
    expect(snoozedUntilMs()).toBe(untilMs);
    let changes = 0;
    using _listening = engine.core.sessions.onChange(() => (changes += 1));
    engine.clock.advance(1);
    expect(prompts()).toMatchObject([{ serial: aliceSerial, snoozedUntilMs: undefined }]);
    expect(changes).toBeGreaterThan(0);
  });

  it('has its five minutes for an answer after it came back, and a quiet time then as ever', async () => {
    await snoozeFor(15);
    engine.clock.advance(20 * minute - 1);
    expect(prompts()).toHaveLength(1);
    engine.clock.advance(1);
    expect(prompts()).toEqual([]);
    expect(desk().isQuiet(aliceSerial)).toBe(true);
  });

  it('is not brought back by the next program that asks, nor by one that needs it for another role', async () => {
    await addOthers();
    await snoozeFor(15);
    for (const profile of ['guarded', 'reader', 'direct']) engine.byProgram(profile).catch(() => undefined);
    await engine.settle();
    expect(prompts()).toHaveLength(1);
    expect(snoozedUntilMs()).toBeDefined();
    // What came meanwhile is not given up before the others.
    engine.clock.advance(15 * minute + 1);
    expect(prompts()).toHaveLength(1);
  });

  it.each(['guarded', 'reader', 'direct'])(
    'comes back at once where a person asks for what needs it: %s',
    async (profile) => {
      await addOthers();
      await snoozeFor(15);
      engine.byPerson(profile).catch(() => undefined);
      await engine.settle();
      expect(snoozedUntilMs()).toBeUndefined();
    },
  );

  it.each(['guarded', 'reader', 'direct'])(
    'is the person’s where a person asks for it, too: %s',
    async (profile) => {
      await addOthers();
      engine.byProgram('guarded').catch(() => undefined);
      await engine.untilPrompted();
      expect(prompts()).toMatchObject([{ demand: { cause: 'program' } }]);
      engine.byPerson(profile).catch(() => undefined);
      await engine.settle();
      expect(prompts()).toMatchObject([{ demand: { cause: 'person', profile }, program: undefined }]);
    },
  );

  it('tells by which program a person asks for it, also where another has asked before', async () => {
    await snoozeFor(15);
    const client = Promise.resolve(composeClient({ name: 'terraform' }));
    engine.core.sessions.acquire({ cause: 'person', profile: 'guarded', client }).catch(() => undefined);
    await engine.settle();
    expect(prompts()).toMatchObject([{ demand: { cause: 'person' }, program: 'terraform' }]);
  });

  it('comes back at once where a person says so', async () => {
    await snoozeFor(15);
    desk().snooze(aliceSerial, null);
    expect(prompts()).toMatchObject([{ snoozedUntilMs: undefined }]);
  });

  it('can be put aside for longer, counted from then', async () => {
    await snoozeFor(5);
    engine.clock.advance(4 * minute);
    desk().snooze(aliceSerial, 15 * minute);
    engine.clock.advance(15 * minute - 1);
    expect(snoozedUntilMs()).toBe(engine.clock.now() + 1);
    engine.clock.advance(1);
    expect(snoozedUntilMs()).toBeUndefined();
  });

  it('takes a code as any other, and those who waited get their session', async () => {
    const acquired = engine.byProgram('guarded');
    await engine.untilPrompted();
    desk().snooze(aliceSerial, 15 * minute);
    await engine.giveCode();
    await acquired;
    expect(prompts()).toEqual([]);
  });

  it('is there again after a wrong code: somebody is at it', async () => {
    await snoozeFor(15);
    const wrong = engine.code() === '000000' ? '000001' : '000000';
    await expect(desk().answer(aliceSerial, wrong)).rejects.toMatchObject({ code: 'MfaRejected' });
    expect(snoozedUntilMs()).toBeUndefined();
  });

  it('comes back when the machine wakes after its time, though no timer counts sleep', async () => {
    await snoozeFor(15);
    engine.clock.sleep(8 * hour);
    engine.core.power.tell({ type: 'wake' });
    expect(snoozedUntilMs()).toBeUndefined();
  });

  it('is not put aside for longer by a wall clock that is set back', async () => {
    await snoozeFor(15);
    engine.clock.setWallClock(-8 * hour);
    engine.clock.advance(15 * minute);
    expect(snoozedUntilMs()).toBeUndefined();
  });

  it('is asked for anew once a lock has ended it', async () => {
    await snoozeFor(15);
    engine.core.sessions.lock();
    engine.core.sessions.unlock();
    engine.byProgram('guarded').catch(() => undefined);
    await engine.untilPrompted();
    expect(snoozedUntilMs()).toBeUndefined();
  });
});

describe('an announcement that was put aside', () => {
  it('stays so when its code comes to be needed', async () => {
    await engine.core.active.use('guarded');
    await engine.acquireWithCode('guarded');
    engine.clock.advance(11 * hour + 51 * minute);
    engine.core.sessions.take('guarded');
    await engine.untilPrompted();
    expect(prompts()[0]?.neededAtMs).toBeDefined();
    desk().snooze(aliceSerial, 30 * minute);
    engine.clock.advance(20 * minute);
    expect(prompts()).toMatchObject([{ neededAtMs: undefined }]);
    expect(snoozedUntilMs()).toBeDefined();
  });
});

it('nothing can be put aside where no code is wanted', () => {
  expect(() => {
    desk().snooze(aliceSerial, minute);
  }).toThrow('No MFA code');
});
