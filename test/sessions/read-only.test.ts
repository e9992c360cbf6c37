import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chainOf, stepsOf } from '../../main/sessions/chain.ts';
import type { Session } from '../../main/sts/session.ts';
import { aliceSerial, carolKeys, refusalOf, stsClient } from '../sts/sample-world.ts';
import { minute, roles, startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  await engine.core.addProfile({ name: 'long', roleArn: roles.longReader, durationSeconds: 43_200 });
});

afterEach(() => engine[Symbol.asyncDispose]());

/** Assumes a role that trusts LongReader, which a session of that can where nothing more limits it. */
function assumeFurther({ accessKeyId, secretAccessKey, sessionToken }: Session): Promise<unknown> {
  const keys = {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    sessionToken: sessionToken.reveal(),
  };
  const further = new AssumeRoleCommand({ RoleArn: roles.chained, RoleSessionName: 'further' });
  return stsClient(engine.core.sts.url, keys).send(further);
}

/** How long it was issued for; STS tells ends in whole seconds. */
const minutesOf = ({ issuedAtMs, expiresAtMs }: Session) => Math.round((expiresAtMs - issuedAtMs) / minute);

function lastStepOf(name: string) {
  const { current } = engine.core.configuration;
  const profile = current.profiles.find((each) => each.name === name);
  if (!profile) throw new Error(`no profile ${name}`);
  return chainOf(current, profile);
}

describe('a read-only profile', () => {
  it('has sessions of 15 minutes that STS lets do nothing but read', async () => {
    await assumeFurther(await engine.byProgram('long'));
    await engine.core.profiles.setReadOnly('long', true);
    const session = await engine.byProgram('long');
    expect(minutesOf(session)).toBe(15);
    expect(await refusalOf(assumeFurther(session))).toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining(
        'because no session policy allows the sts:AssumeRole action',
      ) as string,
    });
  });

  it('serves no session from before from then on, and its usual ones again afterwards', async () => {
    const before = await engine.byProgram('long');
    await engine.core.profiles.setReadOnly('long', true);
    expect(engine.core.sessions.take('long')).toBeUndefined();
    const readOnly = await engine.byProgram('long');
    await engine.core.profiles.setReadOnly('long', false);
    expect(engine.core.sessions.take('long')).toBeUndefined();
    const after = await engine.byProgram('long');
    expect(new Set([before, readOnly, after].map(({ accessKeyId }) => accessKeyId)).size).toBe(3);
    expect(minutesOf(after)).toBe(720);
    await assumeFurther(after);
  });

  it('is still the base of others with all that its role may do, which a read-only session could not be', async () => {
    await engine.core.addProfile({ name: 'above', base: { profile: 'long' }, roleArn: roles.chained });
    await engine.core.profiles.setReadOnly('long', true);
    await engine.byProgram('above');
    expect(
      stepsOf(lastStepOf('above')).map((step) => 'sessionPolicyArns' in step && step.sessionPolicyArns),
    ).toEqual([undefined, undefined]);
  });

  it('has the policy of its own partition', async () => {
    await engine.core.addKey('china', carolKeys, { region: 'cn-north-1' });
    const roleArn = 'arn:aws-cn:iam::777788889999:role/Beijing';
    await engine.core.addProfile({ name: 'beijing', base: { key: 'china' }, roleArn, region: 'cn-north-1' });
    await engine.core.profiles.setReadOnly('beijing', true);
    expect(lastStepOf('beijing').sessionPolicyArns).toEqual(['arn:aws-cn:iam::aws:policy/ReadOnlyAccess']);
    await engine.byProgram('beijing');
  });

  it('asks for no further code: the session that took it is shared by both', async () => {
    // Where it is not in the keychain either.
    await engine.core.configuration.update((before) => ({
      ...before,
      settings: { ...before.settings, keepMfaSessions: false },
    }));
    await engine.core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    await engine.acquireWithCode('guarded');
    await engine.core.profiles.setReadOnly('guarded', true);
    await engine.byPerson('guarded');
    await engine.core.profiles.setReadOnly('guarded', false);
    await engine.byPerson('guarded');
    expect(engine.core.sts.calls()).toMatchObject({ GetSessionToken: 1, AssumeRole: 3 });
  });
});

describe('a profile with session policies of its own', () => {
  const policy = (name: string) => `arn:aws:iam::aws:policy/${name}`;

  it('has sessions that may do what one of them allows, for as long as ever', async () => {
    const { profiles } = engine.core;
    const long = engine.core.configuration.current.profiles.find(({ name }) => name === 'long');
    if (!long) throw new Error('no profile long');
    await assumeFurther(await engine.byProgram('long'));
    const sessionPolicyArns = [policy('SecurityAudit'), policy('ReadOnlyAccess')];
    await profiles.save({ ...long, sessionPolicyArns }, 'long');
    const session = await engine.byProgram('long');
    expect(minutesOf(session)).toBe(720);
    expect(await refusalOf(assumeFurther(session))).toMatchObject({
      message: expect.stringContaining('because no session policy allows') as string,
    });
  });

  it('is not made read-only, which would add to them', async () => {
    const { profiles, configuration } = engine.core;
    const [long] = configuration.current.profiles;
    if (!long) throw new Error('no profile');
    const limited = { ...long, sessionPolicyArns: [policy('SecurityAudit')] };
    await profiles.save(limited, 'long');
    const refused = {
      code: 'InvalidInput',
      field: 'readOnly',
      message: expect.stringContaining('so read-only would add to them') as string,
    };
    await expect(profiles.setReadOnly('long', true)).rejects.toMatchObject(refused);
    await expect(profiles.save({ ...limited, readOnly: true }, 'long')).rejects.toMatchObject(refused);
    expect(configuration.current.profiles).toEqual([limited]);
  });
});
