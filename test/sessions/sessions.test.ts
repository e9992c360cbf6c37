import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { profileSchema } from '../../main/profiles/profile.ts';
import { openSts } from '../../main/sts/sts.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { aliceKeys, aliceSeed, aliceSerial } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';

const minute = 60_000;
const hour = 60 * minute;
const guarded = 'arn:aws:iam::444455556666:role/Guarded';
const longReader = 'arn:aws:iam::444455556666:role/LongReader';
const chained = 'arn:aws:iam::444455556666:role/Chained';

let clock: FakeClock;
let core: Core;

beforeEach(async () => {
  clock = new FakeClock();
  core = await startCore(clock);
  await core.addKey('work');
  core.sts.resetCalls();
});

afterEach(async () => {
  await core[Symbol.asyncDispose]();
  expect(clock.waiting, 'timers left behind').toBe(0);
  clock[Symbol.dispose]();
});

function byProgram(profile: string) {
  return core.sessions.acquire({ cause: 'program', profile });
}

function byPerson(profile: string) {
  return core.sessions.acquire({ cause: 'person', profile });
}

/** Whose a profile's session is, asked of STS. */
async function arnOf(profile: string): Promise<string> {
  using sts = openSts(clock);
  return (await sts.getCallerIdentity(await byProgram(profile), 'us-east-1')).arn;
}

function currentCode(): string {
  return totp(aliceSeed, clock.now());
}

async function promptFor(serial: string): Promise<void> {
  await vi.waitFor(() => {
    expect(core.sessions.desk.isAsking(serial)).toBe(true);
  });
}

async function whenState(profile: string, state: string): Promise<void> {
  await vi.waitFor(() => {
    expect(core.sessions.standing(profile).state).toBe(state);
  });
}

describe('a chain', () => {
  it('without an MFA device is one AssumeRole from the access key, for as long as the profile says', async () => {
    await core.addProfile({ name: 'reader', durationSeconds: 7200 });
    const session = await byProgram('reader');
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
    expect(session.expiresAtMs - clock.now()).toBeCloseTo(2 * hour, -4);
  });

  it('goes through as many profiles as there are, each capped at the hour that role chaining allows', async () => {
    await core.addProfile({ name: 'one', roleArn: longReader, durationSeconds: 43_200 });
    await core.addProfile({
      name: 'two',
      base: { profile: 'one' },
      roleArn: chained,
      durationSeconds: 43_200,
    });
    const session = await byProgram('two');
    expect(core.sts.calls()).toEqual({ AssumeRole: 2 });
    expect(session.expiresAtMs - clock.now()).toBeCloseTo(hour, -4);
    expect((await byProgram('one')).expiresAtMs - clock.now()).toBeCloseTo(12 * hour, -4);
    expect(core.sts.calls()).toEqual({ AssumeRole: 2 });
  });

  it('with an MFA device asks for one code for all profiles behind it', async () => {
    await core.addProfile({ name: 'guarded', roleArn: guarded, mfaSerial: aliceSerial });
    await core.addProfile({ name: 'reader', mfaSerial: aliceSerial });
    const both = Promise.all([byProgram('guarded'), byProgram('reader')]);
    await promptFor(aliceSerial);
    expect(core.sessions.desk.prompts()).toHaveLength(1);
    await core.sessions.desk.answer(aliceSerial, currentCode());
    await both;
    expect(core.sts.calls()).toEqual({ GetSessionToken: 1, AssumeRole: 2 });
  });

  it('takes the MFA device of the key where the profile names none', async () => {
    await core.keys.remove('work');
    await core.addKey('work', aliceKeys, { mfaSerial: aliceSerial });
    await core.addProfile({ name: 'guarded', roleArn: guarded });
    const session = byPerson('guarded');
    await promptFor(aliceSerial);
    await core.sessions.desk.answer(aliceSerial, currentCode());
    await session;
  });

  it('sends the code with AssumeRole itself where the role is wanted for longer than an hour', async () => {
    await core.addProfile({
      name: 'long',
      roleArn: longReader,
      mfaSerial: aliceSerial,
      durationSeconds: 43_200,
    });
    const acquired = byPerson('long');
    await promptFor(aliceSerial);
    await core.sessions.desk.answer(aliceSerial, currentCode());
    expect((await acquired).expiresAtMs - clock.now()).toBeCloseTo(12 * hour, -4);
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
  });

  it('of 40 profiles is walked to its end, and no longer to reckon with than a short one', async () => {
    await core.addProfile({ name: 'profile-0', roleArn: longReader });
    for (let depth = 1; depth < 40; depth++) {
      await core.addProfile({
        name: `profile-${depth}`,
        base: { profile: `profile-${depth - 1}` },
        roleArn: chained,
      });
    }
    await expect(byProgram('profile-39')).rejects.toMatchObject({ code: 'Refused' });
    expect(core.sts.calls()).toEqual({ AssumeRole: 3 }); // Chained trusts LongReader, not itself
  });

  it('is named after the IAM user, unless the profile has a session name', async () => {
    await core.addProfile({ name: 'plain' });
    await core.addProfile({ name: 'named', sessionName: 'release-42' });
    expect(await arnOf('plain')).toBe('arn:aws:sts::444455556666:assumed-role/Reader/alice');
    expect(await arnOf('named')).toBe('arn:aws:sts::444455556666:assumed-role/Reader/release-42');
  });

  it('is walked anew, once, where the session below was revoked', async () => {
    await core.addProfile({ name: 'one', roleArn: longReader });
    await core.addProfile({ name: 'two', base: { profile: 'one' }, roleArn: chained });
    const below = await byProgram('one');
    core.sts.revoke(below.accessKeyId);
    await byProgram('two');
    expect(core.sts.calls()).toEqual({ AssumeRole: 4 });
  });
});

describe('one request in flight', () => {
  it('serves all who ask meanwhile', async () => {
    await core.addProfile({ name: 'reader' });
    const sessions = await Promise.all(Array.from({ length: 200 }, () => byProgram('reader')));
    expect(new Set(sessions).size).toBe(1);
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
  });

  it('is shared also by two profiles that differ only in name', async () => {
    await core.addProfile({ name: 'one' });
    await core.addProfile({ name: 'other' });
    await Promise.all([byProgram('one'), byProgram('other')]);
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
  });
});

describe('renewal', () => {
  it('comes at half of the life for a session in use, and the old one is served meanwhile', async () => {
    await core.addProfile({ name: 'reader' });
    const first = await byProgram('reader');
    expect(core.sessions.take('reader')).toBe(first);
    clock.advance(29 * minute);
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
    clock.advance(minute);
    expect(core.sessions.take('reader')).toBe(first);
    await vi.waitFor(() => {
      expect(core.sessions.take('reader')).not.toBe(first);
    });
    expect(core.sts.calls()).toEqual({ AssumeRole: 2 });
  });

  it('comes for the active profile though nobody asks', async () => {
    await core.addProfile({ name: 'reader' });
    await core.active.use('reader');
    await byPerson('reader');
    for (let renewals = 2; renewals < 5; renewals++) {
      clock.advance(30 * minute + 3000);
      await vi.waitFor(() => {
        expect(core.sts.calls()).toEqual({ AssumeRole: renewals });
      });
      await whenState('reader', 'active');
    }
  });

  it('does not come for one that nobody asked for since it was issued', async () => {
    await core.addProfile({ name: 'reader' });
    await byProgram('reader');
    clock.advance(2 * hour);
    expect(core.sessions.standing('reader').state).toBe('idle');
    expect(core.sessions.take('reader')).toBeUndefined();
  });

  it('is made up for at the next request where a timer slept through it', async () => {
    await core.addProfile({ name: 'reader' });
    const first = await byProgram('reader');
    clock.sleep(45 * minute);
    expect(core.sessions.take('reader')).toBe(first);
    await vi.waitFor(() => {
      expect(core.sessions.take('reader')).not.toBe(first);
    });
  });

  it('that fails leaves the last good session until it really ends, and is tried again', async () => {
    await core.addProfile({ name: 'reader' });
    await core.active.use('reader');
    const first = await byPerson('reader');
    core.sts.faults.fail = { status: 503 };
    clock.advance(30 * minute);
    await whenState('reader', 'failed');
    expect(core.sessions.take('reader')).toBe(first);
    expect(core.sessions.standing('reader').problem?.failure.code).toBe('Unreachable');
    core.sts.faults.clear();
    clock.advance(1000);
    await whenState('reader', 'active');
    expect(core.sessions.take('reader')).not.toBe(first);
  });

  it('never lets an ended session be served', async () => {
    await core.addProfile({ name: 'reader' });
    const first = await byProgram('reader');
    clock.sleep(first.expiresAtMs - clock.now());
    expect(core.sessions.take('reader')).toBeUndefined();
    expect(core.sessions.standing('reader').expiresAtMs).toBeUndefined();
  });

  it('counts the end of a session by this machine’s clock where that of STS is 20 minutes ahead', async () => {
    core.sts.faults.clockOffsetMs = 20 * minute;
    await core.addProfile({ name: 'reader' });
    const session = await byProgram('reader');
    expect(Math.abs(session.expiresAtMs - clock.now() - hour)).toBeLessThan(2000);
  });
});

describe('a wall clock that is set', () => {
  it('back by hours lengthens no session: it is told with its end as the clock is now, and ends on time', async () => {
    await core.addProfile({ name: 'reader' });
    const first = await byProgram('reader');
    clock.advance(10 * minute);
    clock.setWallClock(-3 * hour);
    const told = core.sessions.take('reader');
    expect(told?.accessKeyId).toBe(first.accessKeyId);
    expect(Math.abs((told?.expiresAtMs ?? 0) - clock.now() - 50 * minute)).toBeLessThan(2000);
    core.sts.faults.fail = { status: 503 };
    clock.advance(50 * minute);
    expect(core.sessions.take('reader')).toBeUndefined();
  });

  it('forwards by hours takes sessions for ended, and one call for each brings them back', async () => {
    await core.addProfile({ name: 'reader' });
    await byProgram('reader');
    clock.setWallClock(5 * hour);
    expect(core.sessions.take('reader')).toBeUndefined();
    await Promise.all([byProgram('reader'), byProgram('reader')]);
    expect(core.sts.calls()).toEqual({ AssumeRole: 2 });
    clock.setWallClock(-5 * hour);
    expect(core.sessions.take('reader')).toBeDefined();
  });

  it('back does not hide a later sleep', async () => {
    await core.addProfile({ name: 'reader' });
    await byProgram('reader');
    clock.setWallClock(-3 * hour);
    clock.advance(15_000);
    clock.sleep(hour);
    expect(core.sessions.take('reader')).toBeUndefined();
  });

  it('back does not lengthen a quiet period or a pause', async () => {
    await core.addProfile({ name: 'refused', roleArn: 'arn:aws:iam::444455556666:role/NamesBobAbroad' });
    await expect(byProgram('refused')).rejects.toThrow();
    clock.setWallClock(-3 * hour);
    clock.advance(minute);
    await expect(byProgram('refused')).rejects.toThrow();
    // The SDK learns STS's time anew: a refused call and its repetition.
    expect(core.sts.calls()['AssumeRole']).toBeGreaterThan(1);
  });
});

describe('renewals that nobody waits for', () => {
  const names = Array.from({ length: 12 }, (_, number) => `profile-${number}`);

  beforeEach(async () => {
    for (const name of names) await core.addProfile({ name, sessionName: name });
    await Promise.all(names.map(byProgram));
    for (const name of names) core.sessions.take(name);
    core.sts.resetCalls();
    clock.advance(30 * minute);
  });

  it('are spread to five calls a second', async () => {
    for (let due = 1; due <= names.length; due += 5) {
      await vi.waitFor(() => {
        expect(core.sts.calls()['AssumeRole']).toBe(due);
        const waiting = names.filter((name) => core.sessions.standing(name).state === 'refreshing');
        expect(waiting).toHaveLength(names.length - due);
      });
      clock.advance(1000);
    }
    await vi.waitFor(() => {
      expect(core.sts.calls()['AssumeRole']).toBe(names.length);
    });
  });

  it('hold nobody back who comes to wait for a session whose renewal is in the line', async () => {
    clock.sleep(hour);
    expect(core.sessions.standing('profile-11').state).toBe('acquiring');
    await byProgram('profile-11');
  });
});

describe('a refusal of STS', () => {
  it('is told to whoever asks, with what AWS said, and not asked again for a minute', async () => {
    await core.addProfile({ name: 'refused', roleArn: 'arn:aws:iam::444455556666:role/NamesBobAbroad' });
    await expect(byProgram('refused')).rejects.toMatchObject({ code: 'Refused', awsCode: 'AccessDenied' });
    await expect(byProgram('refused')).rejects.toMatchObject({ code: 'Refused' });
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
    clock.advance(minute);
    await expect(byProgram('refused')).rejects.toMatchObject({ code: 'Refused' });
    expect(core.sts.calls()).toEqual({ AssumeRole: 2 });
  });

  it('is asked again at once for a person', async () => {
    await core.addProfile({ name: 'refused', roleArn: 'arn:aws:iam::444455556666:role/NamesBobAbroad' });
    await expect(byProgram('refused')).rejects.toThrow();
    await expect(byPerson('refused')).rejects.toThrow();
    expect(core.sts.calls()).toEqual({ AssumeRole: 2 });
  });

  it('for an external ID that is missing goes away once the profile has it', async () => {
    const vendor = 'arn:aws:iam::444455556666:role/Vendor';
    await core.addProfile({ name: 'vendor', roleArn: vendor });
    await expect(byPerson('vendor')).rejects.toMatchObject({ code: 'Refused' });
    await core.profiles.save(
      profileSchema.parse({
        name: 'vendor',
        roleArn: vendor,
        base: { key: 'work' },
        region: 'eu-central-1',
        externalId: 'Unique:Assigned/By-Example.Corp',
      }),
      'vendor',
    );
    await byProgram('vendor');
  });
});

describe('the MFA desk', () => {
  beforeEach(async () => {
    await core.addProfile({ name: 'guarded', roleArn: guarded, mfaSerial: aliceSerial });
  });

  it('keeps the prompt and says why when STS does not take a code', async () => {
    const session = byPerson('guarded');
    await promptFor(aliceSerial);
    const wrong = currentCode() === '000000' ? '111111' : '000000';
    await expect(core.sessions.desk.answer(aliceSerial, wrong)).rejects.toMatchObject({
      code: 'MfaRejected',
    });
    expect(core.sessions.desk.prompts()[0]?.problem).toMatch(/wrong or has been used/);
    await core.sessions.desk.answer(aliceSerial, currentCode());
    await session;
    expect(core.sessions.desk.prompts()).toEqual([]);
  });

  it('does not send a code twice, since STS takes each once', async () => {
    const first = byPerson('guarded');
    await promptFor(aliceSerial);
    await core.sessions.desk.answer(aliceSerial, currentCode());
    await first;
    core.sessions.lock();
    core.sessions.unlock();
    const second = byPerson('guarded');
    await promptFor(aliceSerial);
    await expect(core.sessions.desk.answer(aliceSerial, currentCode())).rejects.toMatchObject({
      code: 'MfaRejected',
      message: expect.stringContaining('used already') as string,
    });
    expect(core.sts.calls()['GetSessionToken']).toBe(1);
    clock.advance(30_000);
    await core.sessions.desk.answer(aliceSerial, currentCode());
    await second;
  });

  it('after a cancel prompts nobody for a program’s request, longer each time, but does for a person', async () => {
    const cancelled = byProgram('guarded');
    await promptFor(aliceSerial);
    core.sessions.desk.cancel(aliceSerial);
    await expect(cancelled).rejects.toMatchObject({ code: 'MfaRequired' });
    await expect(byProgram('guarded')).rejects.toMatchObject({ code: 'MfaRequired' });
    expect(core.sessions.desk.prompts()).toEqual([]);

    const again = byPerson('guarded');
    await promptFor(aliceSerial);
    core.sessions.desk.cancel(aliceSerial);
    await expect(again).rejects.toMatchObject({ code: 'MfaRequired' });
    clock.advance(minute + 1);
    await expect(byProgram('guarded')).rejects.toMatchObject({ code: 'MfaRequired' });
    clock.advance(minute);
    const third = byProgram('guarded');
    await promptFor(aliceSerial);
    core.sessions.desk.cancel(aliceSerial);
    await expect(third).rejects.toMatchObject({ code: 'MfaRequired' });
  });

  it('ends a prompt that nobody answers for five minutes', async () => {
    const unanswered = byProgram('guarded');
    await promptFor(aliceSerial);
    clock.advance(5 * minute);
    await expect(unanswered).rejects.toMatchObject({ code: 'MfaRequired' });
  });

  it('withdraws the prompt of a profile that is removed', async () => {
    const waiting = byPerson('guarded');
    await promptFor(aliceSerial);
    await core.profiles.remove('guarded');
    await expect(waiting).rejects.toMatchObject({ code: 'NotFound' });
    expect(core.sessions.desk.prompts()).toEqual([]);
  });

  it('tells the standing of each profile that waits', async () => {
    const waiting = byPerson('guarded');
    await promptFor(aliceSerial);
    expect(core.sessions.standing('guarded').state).toBe('waitingForMfa');
    await core.sessions.desk.answer(aliceSerial, currentCode());
    await waiting;
    expect(core.sessions.standing('guarded').state).toBe('active');
  });
});

describe('a change of the configuration', () => {
  it('drops exactly the sessions it affects', async () => {
    await core.addProfile({ name: 'changed', roleArn: longReader });
    await core.addProfile({ name: 'above', base: { profile: 'changed' }, roleArn: chained });
    await core.addProfile({ name: 'beside' });
    await byProgram('above');
    const beside = await byProgram('beside');
    await core.profiles.save(
      profileSchema.parse({
        name: 'changed',
        roleArn: longReader,
        base: { key: 'work' },
        region: 'eu-west-1',
      }),
      'changed',
    );
    expect(core.sessions.take('above')).toBeUndefined();
    expect(core.sessions.take('beside')).toBe(beside);
  });

  it('of the colour alone drops none', async () => {
    await core.addProfile({ name: 'reader' });
    const session = await byProgram('reader');
    const { profiles } = core.configuration.current;
    const [reader] = profiles;
    if (!reader) throw new Error('the profile was not saved');
    await core.profiles.save({ ...reader, colour: 'teal' }, 'reader');
    expect(core.sessions.take('reader')).toBe(session);
  });
});

describe('the lock', () => {
  it('drops all sessions, ends prompts and lets nothing be fetched until it is undone', async () => {
    await core.addProfile({ name: 'reader' });
    await core.addProfile({ name: 'guarded', roleArn: guarded, mfaSerial: aliceSerial });
    await byProgram('reader');
    const waiting = byPerson('guarded');
    await promptFor(aliceSerial);
    core.sessions.lock();
    await expect(waiting).rejects.toMatchObject({ code: 'Locked' });
    expect(core.sessions.take('reader')).toBeUndefined();
    await expect(byPerson('reader')).rejects.toMatchObject({ code: 'Locked' });
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
    core.sessions.unlock();
    await byPerson('reader');
  });

  it('holds also for a session that was on its way', async () => {
    await core.addProfile({ name: 'reader' });
    core.sts.faults.delayMs = 50;
    const onItsWay = byProgram('reader');
    await whenState('reader', 'acquiring');
    core.sessions.lock();
    await expect(onItsWay).rejects.toMatchObject({ code: 'Locked' });
    expect(core.sessions.take('reader')).toBeUndefined();
  });
});
