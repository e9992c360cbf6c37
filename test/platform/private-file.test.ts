import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writePrivateFile } from '../../main/platform/private-file.ts';
import { needs } from './needs.ts';

const withModes = needs(process.getuid !== undefined, 'Windows has no file modes');

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-folder-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a private file', () => {
  const file = () => join(folder, 'config.json');

  test('holds what was written, and replaces what was there', async () => {
    await writePrivateFile(file(), 'first');
    await writePrivateFile(file(), 'zweite Fassung 鍵');
    expect(await readFile(file(), 'utf8')).toBe('zweite Fassung 鍵');
    expect(await readdir(folder)).toEqual(['config.json']);
  });

  test.skipIf(withModes.missing)(
    `can be read by us alone, also where it was open before${withModes.note}`,
    async () => {
      await writeFile(file(), 'open', { mode: 0o644 });
      await writePrivateFile(file(), 'closed');
      expect((await stat(file())).mode & 0o777).toBe(0o600);
    },
  );

  test('never changes a file that somebody is reading: readers see the old text or the new one, whole', async () => {
    const texts = ['a'.repeat(200_000), 'b'.repeat(200_000)];
    await writePrivateFile(file(), texts[0] ?? '');
    const writing = (async () => {
      for (let round = 0; round < 20; round += 1) await writePrivateFile(file(), texts[round % 2] ?? '');
    })();
    for (let round = 0; round < 40; round += 1) expect(texts).toContain(await readFile(file(), 'utf8'));
    await writing;
  });

  test('that cannot be replaced stays, with no draft left beside it', async () => {
    // A folder that is not empty cannot be replaced by a rename, whoever we are.
    await mkdir(file());
    await writeFile(join(file(), 'kept'), 'old');
    await expect(writePrivateFile(file(), 'new')).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringMatching(/config\.json could not be written .*what it held before stands/),
    });
    expect(await readdir(folder)).toEqual([basename(file())]);
    expect(await readFile(join(file(), 'kept'), 'utf8')).toBe('old');
  });

  test('keeps its old text when there is no room for the new one beside it', async () => {
    // The longest name that a file can have: a draft's, which is longer, cannot be made.
    const longest = join(folder, 'n'.repeat(255));
    await writeFile(longest, 'old');
    await expect(writePrivateFile(longest, 'new')).rejects.toMatchObject({ code: 'Internal' });
    expect(await readFile(longest, 'utf8')).toBe('old');
  });

  test('cannot be written into a folder that is not there, and the reason is told', async () => {
    await expect(writePrivateFile(join(folder, 'none', 'config.json'), 'new')).rejects.toThrow(/ENOENT/);
  });
});
