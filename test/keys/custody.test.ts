import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Secret } from '../../main/secret.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { aliceArn, aliceKeys, bobKeys } from '../sts/sample-world.ts';

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
