import {
  chmod,
  chown,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkPrivateFolder, ensurePrivateFolder } from '../../main/platform/private-folder.ts';
import { needs } from './needs.ts';

const withModes = needs(process.getuid !== undefined, 'Windows has no file modes');
const asRoot = needs(process.getuid?.() === 0, "another user's folder can be made by root only");
const anotherUid = 54321;

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-folder-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(withModes.missing)(`a private folder${withModes.note}`, () => {
  const refused = (why: RegExp): unknown =>
    expect.objectContaining({ code: 'ConfigUnreadable', message: expect.stringMatching(why) });
  const modeOf = async (path: string) => (await stat(path)).mode & 0o7777;

  test('is made with its parents, open to us alone', async () => {
    const made = join(folder, 'a/b/c');
    ensurePrivateFolder(made);
    expect(await modeOf(made)).toBe(0o700);
    expect(await modeOf(dirname(made))).toBe(0o700);
  });

  test('that is ours and open to others is tightened, and keeps what is in it', async () => {
    const loose = join(folder, 'loose');
    await mkdir(loose);
    await chmod(loose, 0o755);
    await writeFile(join(loose, 'config.json'), '{}');
    ensurePrivateFolder(loose);
    expect(await modeOf(loose)).toBe(0o700);
    expect(await readdir(loose)).toEqual(['config.json']);
  });

  test('that is ours and private is left as it is', async () => {
    const strict = join(folder, 'strict');
    await mkdir(strict, { mode: 0o500 });
    ensurePrivateFolder(strict);
    expect(await modeOf(strict)).toBe(0o500);
  });

  test('is never the shared temporary folder, which stays shared', async () => {
    const shared = join(folder, 'tmp');
    await mkdir(shared);
    await chmod(shared, 0o1777);
    expect(() => ensurePrivateFolder(shared)).toThrow(refused(/shared by several users/));
    expect(await modeOf(shared)).toBe(0o1777);
  });

  test('is never a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'text');
    expect(() => ensurePrivateFolder(file)).toThrow(refused(/cannot be made|no folder/));
    expect(() => checkPrivateFolder(file)).toThrow(refused(/no folder/));
    expect(await readFile(file, 'utf8')).toBe('text');
  });

  test('may be a link of our own to a folder of our own', async () => {
    await mkdir(join(folder, 'target'), { mode: 0o755 });
    await symlink(join(folder, 'target'), join(folder, 'link'));
    ensurePrivateFolder(join(folder, 'link'));
    expect(await modeOf(join(folder, 'target'))).toBe(0o700);
  });

  test('can be checked without changing anything', async () => {
    const checked = join(folder, 'checked');
    expect(() => checkPrivateFolder(checked)).toThrow(expect.objectContaining({ code: 'NotFound' }));
    await mkdir(checked, { mode: 0o700 });
    checkPrivateFolder(checked);
    await chmod(checked, 0o750);
    expect(() => checkPrivateFolder(checked)).toThrow(refused(/other users can open it/));
    expect(await modeOf(checked)).toBe(0o750);
  });

  describe.skipIf(asRoot.missing)(`among other users${asRoot.note}`, () => {
    const theirs = () => join(folder, 'latchkey');
    const both = [ensurePrivateFolder, checkPrivateFolder];

    test("is never another user's, whatever its mode, and theirs stays as it is", async () => {
      await mkdir(theirs(), { mode: 0o755 });
      await chown(theirs(), anotherUid, anotherUid);
      for (const use of both)
        expect(() => use(theirs())).toThrow(refused(/belongs to another user \(uid 54321\)/));
      expect(await modeOf(theirs())).toBe(0o755);
    });

    test("is never reached by another user's link, even to a folder of ours", async () => {
      const ours = join(folder, 'ours');
      await mkdir(ours, { mode: 0o755 });
      await symlink(ours, theirs());
      await lchown(theirs(), anotherUid, anotherUid);
      for (const use of both) expect(() => use(theirs())).toThrow(refused(/a link that another user made/));
      expect(await modeOf(ours)).toBe(0o755);
    });

    test("is never another user's folder behind a link of ours", async () => {
      const target = join(folder, 'target');
      await mkdir(target, { mode: 0o700 });
      await chown(target, anotherUid, anotherUid);
      await symlink(target, theirs());
      for (const use of both) expect(() => use(theirs())).toThrow(refused(/belongs to another user/));
    });
  });
});
