import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chainOf, keyOf, stepForCode, stepsOf } from '../../main/sessions/chain.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
});

afterEach(() => engine[Symbol.asyncDispose]());

describe('the MFA device of a chain', () => {
  const other = 'arn:aws:iam::111122223333:mfa/other';

  it('is the one of the profile on the key, before one further up', async () => {
    await engine.core.addProfile({ name: 'one' });
    await engine.core.addProfile({ name: 'two', base: { profile: 'one' }, mfaSerial: other });
    const { current } = engine.core.configuration;
    const two = current.profiles.find(({ name }) => name === 'two');
    if (!two) throw new Error('no two');
    const [first] = stepsOf(chainOf(current, two));
    expect(first).toMatchObject({ operation: 'GetSessionToken', mfaSerial: other });
    await engine.core.configuration.update((before) => ({
      ...before,
      keys: before.keys.map((key) => ({ ...key, mfaSerial: aliceSerial })),
      profiles: before.profiles.map((profile) =>
        profile.name === 'one' ? { ...profile, mfaSerial: other } : profile,
      ),
    }));
    const now = engine.core.configuration.current;
    const one = now.profiles.find(({ name }) => name === 'one');
    if (!one) throw new Error('no one');
    expect(stepsOf(chainOf(now, one))[0]).toMatchObject({ mfaSerial: other });
  });

  it('that a code unlocks with is the active profile’s, or the one that is given', async () => {
    await engine.core.addProfile({ name: 'alices', mfaSerial: aliceSerial });
    await engine.core.addProfile({ name: 'others', mfaSerial: other });
    const { current } = engine.core.configuration;
    expect(stepForCode(current, undefined, 'others')?.step.mfaSerial).toBe(other);
    expect(stepForCode(current, undefined, 'alices')?.step.mfaSerial).toBe(aliceSerial);
    expect(stepForCode(current, other, 'alices')?.step.mfaSerial).toBe(other);
  });
});

describe('the name of a session', () => {
  it.each([
    ['arn:aws:iam::111122223333:user/team/alice', 'alice'],
    ['arn:aws:iam::111122223333:user/al ice', 'al-ice'],
    ['arn:aws:iam::111122223333:root', 'root'],
    ['arn:aws:iam::111122223333:user/a', 'latchkey-a'],
  ])('of the key of %s is %s', async (userArn, name) => {
    await engine.core.addProfile({ name: 'reader' });
    await engine.core.configuration.update((before) => ({
      ...before,
      keys: before.keys.map((key) => ({ ...key, userArn })),
    }));
    const { current } = engine.core.configuration;
    const [reader] = current.profiles;
    if (!reader) throw new Error('no profile');
    expect(chainOf(current, reader).sessionName).toBe(name);
    expect(keyOf(chainOf(current, reader)).userArn).toBe(userArn);
  });
});
