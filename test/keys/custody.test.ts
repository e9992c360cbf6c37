import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Secret } from '../../main/secret.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { aliceArn, aliceKeys, aliceSerial, bobKeys } from '../sts/sample-world.ts';

let core: Core;

beforeEach(async () => {
  core = await startCore(systemClock);
});

afterEach(() => core[Symbol.asyncDispose]());

const keychainName = `access-key/${aliceKeys.accessKeyId}`;

describe('adding a key', () => {
  it('asks STS whose it is, and keeps its secret in the keychain only', async () => {
    await core.addKey('work');
    expect(core.configuration.current.keys).toMatchObject([
      { label: 'work', accessKeyId: aliceKeys.accessKeyId, accountId: '111122223333', userArn: aliceArn },
    ]);
    expect((await core.secrets.read(keychainName))?.reveal()).toBe(aliceKeys.secretAccessKey);
    for (const name of await readdir(core.home)) {
      expect(await readFile(join(core.home, name), 'utf8')).not.toContain(aliceKeys.secretAccessKey);
    }
  });

  it('with a wrong secret is refused at that field, keeps nothing, and does not repeat the secret', async () => {
    const wrong = 'wrong/K7MDENG/bPxRfiCYEXAMPLEKEYwJalrXUt';
    const refusal: unknown = await core
      .addKey('work', { ...aliceKeys, secretAccessKey: wrong })
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'Refused',
      field: 'secretAccessKey',
      awsCode: 'SignatureDoesNotMatch',
    });
    expect(inspect(refusal, { depth: 10, showHidden: true })).not.toContain(wrong);
    expect(await core.secrets.read(keychainName)).toBeUndefined();
    expect(core.configuration.current.keys).toEqual([]);
  });

  it('that AWS does not know is refused at its ID', async () => {
    await expect(
      core.addKey('work', { ...aliceKeys, accessKeyId: 'AKIAUNKNOWNEXAMPLE00' }),
    ).rejects.toMatchObject({
      field: 'accessKeyId',
      awsCode: 'InvalidClientTokenId',
    });
  });

  it('whose label or ID is taken is refused, and the first one stays', async () => {
    await core.addKey('work');
    await expect(core.addKey('work', bobKeys)).rejects.toMatchObject({ field: 'label' });
    await expect(core.addKey('home')).rejects.toMatchObject({ field: 'accessKeyId' });
    expect(core.configuration.current.keys).toHaveLength(1);
  });

  it('where STS cannot be reached is refused without keeping it', async () => {
    core.sts.faults.drop = {};
    await expect(core.addKey('work')).rejects.toMatchObject({ code: 'Unreachable' });
    expect(await core.secrets.read(keychainName)).toBeUndefined();
  });
});

describe('a key that cannot be noted in config.json', () => {
  it('leaves the keychain as it was', async () => {
    await mkdir(join(core.home, 'config.json'));
    await expect(core.addKey('work')).rejects.toThrow();
    expect(await core.secrets.read(keychainName)).toBeUndefined();
    expect(core.configuration.current.keys).toEqual([]);
  });
});

describe('a key', () => {
  it('whose keychain item was removed behind our back says so, and works once it is added again', async () => {
    await core.addKey('work');
    await core.addProfile({ name: 'reader' });
    await core.secrets.remove(keychainName);
    await expect(core.sessions.acquire({ cause: 'person', profile: 'reader' })).rejects.toMatchObject({
      code: 'KeyMissing',
      message: expect.stringContaining('Add the key again under the same label') as string,
    });
    await core.addKey('work');
    await core.sessions.acquire({ cause: 'person', profile: 'reader' });
  });

  it('is not removed while a profile is based on it; then its secret goes too', async () => {
    await core.addKey('work');
    await core.addProfile({ name: 'reader' });
    await expect(core.keys.remove('work')).rejects.toMatchObject({
      code: 'InUse',
      message: expect.stringContaining('reader') as string,
    });
    await core.profiles.remove('reader');
    await core.keys.remove('work');
    expect(await core.secrets.read(keychainName)).toBeUndefined();
  });
});

const approval = {
  id: 'k1',
  profile: 'reader',
  program: { kind: 'executable', path: '/usr/bin/terraform', sha256: 'a'.repeat(64) },
  allowedAtMs: 0,
  untilMs: null,
} as const;

describe('a changed key', () => {
  const profileOf = (name: string) =>
    core.configuration.current.profiles.find((profile) => profile.name === name);

  beforeEach(async () => {
    await core.addKey('work', aliceKeys, { mfaSerial: aliceSerial });
    await core.addKey('bobs', bobKeys);
    await core.addProfile({ name: 'reader' });
    await core.addProfile({ name: 'above', base: { profile: 'reader' } });
    core.sts.resetCalls();
  });

  it('is followed by the profiles that are based on it, and keeps its secret and all that was not given', async () => {
    const [before] = core.configuration.current.keys;
    const edited = await core.keys.edit('work', { newLabel: 'home' });
    expect(edited).toEqual({ ...before, label: 'home' });
    expect(core.configuration.current.keys).toMatchObject([{ label: 'home' }, { label: 'bobs' }]);
    expect(profileOf('reader')?.base).toEqual({ key: 'home' });
    expect(profileOf('above')?.base).toEqual({ profile: 'reader' });
    expect((await core.keys.secretOf(edited)).reveal()).toBe(aliceKeys.secretAccessKey);
    expect(core.sts.calls()).toEqual({});
  });

  it('has another MFA device, or none', async () => {
    const other = 'arn:aws:iam::111122223333:mfa/other';
    expect(await core.keys.edit('work', { mfaSerial: other })).toMatchObject({ mfaSerial: other });
    expect(await core.keys.edit('work', { region: 'us-east-1' })).toMatchObject({ mfaSerial: other });
    expect(await core.keys.edit('work', { mfaSerial: null })).not.toHaveProperty('mfaSerial');
    expect(core.configuration.current.keys[0]).not.toHaveProperty('mfaSerial');
  });

  it('has another region once STS there has taken it', async () => {
    expect(await core.keys.edit('work', { region: 'eu-west-1' })).toMatchObject({ region: 'eu-west-1' });
    expect(core.sts.calls()).toEqual({ GetCallerIdentity: 1 });
    await expect(core.keys.edit('work', { region: 'cn-north-1' })).rejects.toMatchObject({
      field: 'region',
      awsCode: 'InvalidClientTokenId',
    });
    core.sts.faults.drop = {};
    await expect(core.keys.edit('work', { region: 'us-west-2' })).rejects.toMatchObject({
      code: 'Unreachable',
    });
    expect(core.configuration.current.keys[0]).toMatchObject({ region: 'eu-west-1' });
  });

  it('does not take the label of another, and is refused where there is none of that label', async () => {
    await expect(core.keys.edit('work', { newLabel: 'bobs' })).rejects.toMatchObject({
      code: 'AlreadyExists',
      field: 'newLabel',
    });
    await expect(core.keys.edit('gone', { newLabel: 'home' })).rejects.toMatchObject({ code: 'NotFound' });
    expect(core.configuration.current.keys).toMatchObject([{ label: 'work' }, { label: 'bobs' }]);
  });

  it('is left as it is where it became another while STS was asked', async () => {
    core.sts.faults.delayMs = 300;
    const edited = core.keys.edit('work', { region: 'eu-west-1' });
    await core.keys.edit('work', { mfaSerial: null });
    await expect(edited).rejects.toMatchObject({ code: 'Refused' });
    expect(core.configuration.current.keys[0]).toMatchObject({ region: 'us-east-1' });
  });

  it('keeps the approvals of the profiles on it: it is the same key', async () => {
    await core.configuration.update((before) => ({
      ...before,
      approvals: [approval],
    }));
    await core.keys.edit('work', { newLabel: 'home', mfaSerial: null });
    expect(core.configuration.current.approvals).toMatchObject([{ profile: 'reader' }]);
    const [reader] = core.configuration.current.profiles;
    if (!reader) throw new Error('no profile');
    await core.profiles.save({ ...reader, base: { key: 'bobs' } }, 'reader');
    expect(core.configuration.current.approvals).toEqual([]);
  });

  it('with another label keeps its sessions, and tells that label where its secret is lost', async () => {
    await core.keys.edit('work', { mfaSerial: null });
    const session = await core.sessions.acquire({ cause: 'person', profile: 'reader' });
    const [before] = core.configuration.current.keys;
    if (!before) throw new Error('no key');
    await core.keys.edit('work', { newLabel: 'home', region: 'eu-west-1' });
    expect(core.sessions.take('reader')).toBe(session);
    await core.secrets.remove(keychainName);
    await expect(core.keys.secretOf(before)).rejects.toMatchObject({
      code: 'KeyMissing',
      message: expect.stringContaining('"home"') as string,
    });
  });
});

describe('a secret', () => {
  it('is not printed by any of the usual ways', () => {
    const secret = new Secret(aliceKeys.secretAccessKey);
    const holder = { secret };
    const printed = [
      String(secret),
      secret.toString(),
      JSON.stringify(holder),
      inspect(holder, { showHidden: true, depth: 5 }),
    ];
    expect(printed.join('\n')).not.toContain(aliceKeys.secretAccessKey);
    expect(secret.reveal()).toBe(aliceKeys.secretAccessKey);
  });
});
