import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkConfiguration } from '../../main/configuration/configuration.ts';
import { checkPartition } from '../../main/profiles/partitions.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { carolKeys } from '../sts/sample-world.ts';

let core: Core;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
});

afterEach(() => core[Symbol.asyncDispose]());

function profileCalled(name: string) {
  const profile = core.configuration.current.profiles.find((other) => other.name === name);
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
}

describe('profiles', () => {
  it('have names of their own', async () => {
    await core.addProfile({ name: 'reader' });
    await expect(core.addProfile({ name: 'reader' })).rejects.toMatchObject({
      code: 'AlreadyExists',
      field: 'name',
    });
  });

  it('cannot be based on themselves, near or far', async () => {
    await core.addProfile({ name: 'one' });
    await core.addProfile({ name: 'two', base: { profile: 'one' } });
    await expect(
      core.profiles.save({ ...profileCalled('one'), base: { profile: 'two' } }, 'one'),
    ).rejects.toMatchObject({ field: 'base', message: expect.stringContaining('one → two → one') as string });
  });

  it('keep what is based on them when they are renamed, and stay active', async () => {
    await core.addProfile({ name: 'one' });
    await core.addProfile({ name: 'two', base: { profile: 'one' } });
    await core.active.use('one');
    await core.profiles.save({ ...profileCalled('one'), name: 'first' }, 'one');
    expect(profileCalled('two').base).toEqual({ profile: 'first' });
    expect(core.configuration.current.active).toBe('first');
  });

  it('are changed only where they still are what was looked at', async () => {
    await core.addProfile({ name: 'one' });
    const was = profileCalled('one');
    await core.profiles.save({ ...was, protected: true }, 'one', was);
    await expect(core.profiles.save({ ...was, region: 'eu-west-1' }, 'one', was)).rejects.toMatchObject({
      code: 'Refused',
      message: expect.stringContaining('was changed meanwhile') as string,
    });
    expect(profileCalled('one')).toEqual({ ...was, protected: true });
  });

  it('are not removed while another is based on them', async () => {
    await core.addProfile({ name: 'one' });
    await core.addProfile({ name: 'two', base: { profile: 'one' } });
    await expect(core.profiles.remove('one')).rejects.toMatchObject({
      code: 'InUse',
      message: expect.stringContaining('two') as string,
    });
    await core.profiles.remove('two');
    await core.profiles.remove('one');
  });

  it('keep their folders and tokens when they are renamed, and take them along when they are removed', async () => {
    await core.addProfile({ name: 'one' });
    await core.configuration.update((current) => ({
      ...current,
      folders: [{ folder: '/srv/one', profile: 'one' }],
      tokens: [{ name: 'box', profile: 'one', sha256: 'a'.repeat(64), createdAtMs: 0, lastUsedAtMs: null }],
    }));
    await core.profiles.save({ ...profileCalled('one'), name: 'first' }, 'one');
    expect(core.configuration.current).toMatchObject({
      folders: [{ folder: '/srv/one', profile: 'first' }],
      tokens: [{ name: 'box', profile: 'first' }],
    });
    await core.profiles.remove('first');
    expect(core.configuration.current).toMatchObject({ folders: [], tokens: [] });
  });

  it('are remembered by their last use, under new names too, and not when they are removed', async () => {
    for (const name of ['one', 'two', 'three']) await core.addProfile({ name });
    for (const name of ['one', 'two', 'three', 'two']) await core.active.use(name);
    expect(core.configuration.current.recent).toEqual(['two', 'three', 'one']);
    await core.profiles.save({ ...profileCalled('three'), name: 'third' }, 'three');
    await core.profiles.remove('one');
    expect(core.configuration.current.recent).toEqual(['two', 'third']);
  });

  it('that were used last are ten at most', async () => {
    const names = Array.from({ length: 11 }, (_, number) => `profile-${number}`);
    for (const name of names) await core.addProfile({ name });
    for (const name of names) await core.active.use(name);
    expect(core.configuration.current.recent).toEqual(names.slice(1).toReversed());
  });

  it('have ports of their own, which are not the endpoint’s either', async () => {
    await core.addProfile({ name: 'one', port: 9300 });
    await expect(core.addProfile({ name: 'two', port: 9300 })).rejects.toMatchObject({ field: 'port' });
    const { port } = core.configuration.current.settings;
    await expect(core.addProfile({ name: 'two', port })).rejects.toMatchObject({ field: 'port' });
  });

  it('that do not exist can be named by no folder, token or approval', async () => {
    const program = { kind: 'executable', path: '/bin/a', sha256: 'a'.repeat(64) } as const;
    for (const dangling of [
      { folders: [{ folder: '/srv', profile: 'gone' }] },
      {
        tokens: [
          { name: 'box', profile: 'gone', sha256: 'a'.repeat(64), createdAtMs: 0, lastUsedAtMs: null },
        ],
      },
    ])
      await expect(
        core.configuration.update((current) => ({ ...current, ...dangling })),
      ).rejects.toMatchObject({ code: 'InvalidInput', field: 'profile' });
    const approvals = [{ id: 'k3', profile: 'gone', program, allowedAtMs: 0, untilMs: null }];
    expect(() => checkConfiguration({ ...core.configuration.current, approvals })).toThrow(/approval/);
  });

  it('that do not exist cannot be used, changed or removed', async () => {
    await expect(core.active.use('nobody')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(core.profiles.remove('nobody')).rejects.toMatchObject({ code: 'NotFound' });
    await core.addProfile({ name: 'one' });
    await expect(core.profiles.save(profileCalled('one'), 'nobody')).rejects.toThrow();
  });

  it('live in the partition of their key, and have a region of it', async () => {
    await expect(
      core.addProfile({
        name: 'china',
        roleArn: 'arn:aws-cn:iam::777788889999:role/Beijing',
        region: 'cn-north-1',
      }),
    ).rejects.toMatchObject({ field: 'roleArn', message: expect.stringContaining('aws-cn') as string });
    await expect(core.addProfile({ name: 'mixed', region: 'cn-north-1' })).rejects.toMatchObject({
      field: 'region',
      message: 'Region cn-north-1 is in the partition aws-cn, but the role ARN names aws',
    });
    await core.addKey('china', carolKeys, { region: 'cn-north-1' });
    await core.addProfile({
      name: 'china',
      base: { key: 'china' },
      roleArn: 'arn:aws-cn:iam::777788889999:role/Beijing',
      region: 'cn-north-1',
    });
    await core.sessions.acquire({ cause: 'person', profile: 'china' });
  });

  it.each([
    ['aws', 'eu-central-1'],
    ['aws-cn', 'cn-northwest-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-iso-b', 'us-isob-east-1'],
    ['aws-eusc', 'eusc-de-east-1'],
  ])('may be of the partition %s, in %s', async (partition, region) => {
    const roleArn = `arn:${partition}:iam::123456789012:role/Reader`;
    await checkPartition(profileSchema.parse({ name: 'reader', roleArn, base: { key: 'work' }, region }));
  });
});
