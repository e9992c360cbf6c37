import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { aliceKeys } from '../sts/sample-world.ts';

let core: Core;
let file: string;

beforeEach(async () => {
  core = await startCore(systemClock);
  file = join(core.home, 'config.json');
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
});

afterEach(() => core[Symbol.asyncDispose]());

describe('config.json', () => {
  it('is for the user alone, and holds no secret', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(aliceKeys.accessKeyId);
    expect(text).not.toContain(aliceKeys.secretAccessKey);
  });

  it('is read again as it was written', async () => {
    await core.active.use('reader');
    expect((await ConfigurationStore.open(core.home)).current).toEqual(core.configuration.current);
  });

  it('has every change that was made at the same time', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, number) => core.addProfile({ name: `profile-${number}` })),
    );
    expect((await ConfigurationStore.open(core.home)).current.profiles).toHaveLength(21);
  });

  it('stays as it was where a change is refused', async () => {
    const before = await readFile(file, 'utf8');
    await expect(core.addProfile({ name: 'astray', base: { profile: 'nobody' } })).rejects.toThrow();
    expect(await readFile(file, 'utf8')).toBe(before);
    expect(core.configuration.current.profiles).toHaveLength(1);
  });

  it('cut off at any place is an error that names the file, and the file is left as it is', async () => {
    const whole = await readFile(file, 'utf8');
    for (let length = 0; length < whole.trimEnd().length; length += 7) {
      const cut = whole.slice(0, length);
      await writeFile(file, cut);
      await expect(ConfigurationStore.open(core.home)).rejects.toMatchObject({
        code: 'ConfigUnreadable',
        message: expect.stringContaining(file) as string,
      });
      expect(await readFile(file, 'utf8')).toBe(cut);
    }
  });

  it('that is malformed is not repeated in the error', async () => {
    await writeFile(file, `{"version": 1, "note": PLANTEDSECRET}`);
    const error: unknown = await ConfigurationStore.open(core.home).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/not complete JSON: it is cut off, or malformed/);
    expect(String(error)).not.toContain('PLANTED');
  });

  it.each([
    ['a newer version', (text: string) => text.replace('"version": 1', '"version": 2'), /version: must be 1/],
    [
      'an impossible port',
      (text: string) => text.replace('9254', '92540'),
      /settings\.port: Port must be .* 65535/,
    ],
    [
      'an unknown field',
      (text: string) => text.replace('"settings"', '"secrets": {}, "settings"'),
      /secrets/,
    ],
    [
      'a base that is missing',
      (text: string) => text.replace('"key": "work"', '"key": "gone"'),
      /"gone".*not exist/,
    ],
    [
      'a malformed ARN',
      (text: string) => text.replace('arn:aws:iam::4', 'arn:aws:iam::'),
      /Role ARN must look like/,
    ],
  ])('with %s is an error that says what is wrong', async (_what, edit, message) => {
    await writeFile(file, edit(await readFile(file, 'utf8')));
    await expect(ConfigurationStore.open(core.home)).rejects.toThrow(message);
  });
});
