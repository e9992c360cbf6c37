import fc from 'fast-check';
import {
  chmod,
  chown,
  lchown,
  lstat,
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
import { createServer } from 'node:net';
import { once } from 'node:events';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkPrivateFolder,
  controlAddress,
  dataFolder,
  ensurePrivateFolder,
  writePrivateFile,
} from '../../main/platform/data-folder.ts';
import { needs } from './needs.ts';

const withModes = needs(process.getuid !== undefined, 'Windows has no file modes');
const asRoot = needs(process.getuid?.() === 0, "another user's folder can be made by root only");
const anotherUid = 54321;

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'latchkey-folder-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the data folder', () => {
  test('is LATCHKEY_HOME on every platform', () => {
    const env = { LATCHKEY_HOME: '/srv/latchkey', HOME: '/home/ann', XDG_CONFIG_HOME: '/home/ann/cfg' };
    expect(dataFolder(env, 'linux')).toBe('/srv/latchkey');
    expect(dataFolder(env, 'darwin')).toBe('/srv/latchkey');
    expect(dataFolder({ LATCHKEY_HOME: 'D:\\latchkey' }, 'win32')).toBe('D:\\latchkey');
  });

  test('is made absolute from a relative LATCHKEY_HOME', () => {
    expect(dataFolder({ LATCHKEY_HOME: 'some/./where' }, 'linux')).toBe(join(process.cwd(), 'some/where'));
  });

  test('takes an empty LATCHKEY_HOME as none', () => {
    expect(dataFolder({ LATCHKEY_HOME: '', HOME: '/home/ann' }, 'linux')).toBe('/home/ann/.config/latchkey');
  });

  test('follows the XDG base directory specification on Linux, which has relative paths ignored', () => {
    const home = { HOME: '/home/ann' };
    expect(dataFolder({ ...home, XDG_CONFIG_HOME: '/home/ann/cfg' }, 'linux')).toBe('/home/ann/cfg/latchkey');
    expect(dataFolder({ ...home, XDG_CONFIG_HOME: 'cfg' }, 'linux')).toBe('/home/ann/.config/latchkey');
    expect(dataFolder({ ...home, XDG_CONFIG_HOME: '' }, 'linux')).toBe('/home/ann/.config/latchkey');
    expect(dataFolder({}, 'linux')).toBe(join(homedir(), '.config/latchkey'));
  });

  test("follows the platform's convention on macOS and Windows", () => {
    expect(dataFolder({ HOME: '/Users/ann' }, 'darwin')).toBe(
      '/Users/ann/Library/Application Support/Latchkey',
    );
    const roaming = 'C:\\Users\\ann\\AppData\\Roaming';
    expect(dataFolder({ APPDATA: roaming }, 'win32')).toBe(`${roaming}\\Latchkey`);
    expect(dataFolder({ USERPROFILE: 'C:\\Users\\ann' }, 'win32')).toBe(`${roaming}\\Latchkey`);
  });
});

describe.skipIf(withModes.missing)(`a private folder${withModes.note}`, () => {
  const refused = (why: RegExp): unknown =>
    expect.objectContaining({ code: 'ConfigUnreadable', message: expect.stringMatching(why) });
  const modeOf = async (path: string) => (await stat(path)).mode & 0o7777;

  test('is made with its parents, open to us alone', async () => {
    const made = join(folder, 'a/b/c');
    await ensurePrivateFolder(made);
    expect(await modeOf(made)).toBe(0o700);
    expect(await modeOf(dirname(made))).toBe(0o700);
  });

  test('that is ours and open to others is tightened, and keeps what is in it', async () => {
    const loose = join(folder, 'loose');
    await mkdir(loose);
    await chmod(loose, 0o755);
    await writeFile(join(loose, 'config.json'), '{}');
    await ensurePrivateFolder(loose);
    expect(await modeOf(loose)).toBe(0o700);
    expect(await readdir(loose)).toEqual(['config.json']);
  });

  test('that is ours and private is left as it is', async () => {
    const strict = join(folder, 'strict');
    await mkdir(strict, { mode: 0o500 });
    await ensurePrivateFolder(strict);
    expect(await modeOf(strict)).toBe(0o500);
  });

  test('is never the shared temporary folder, which stays shared', async () => {
    const shared = join(folder, 'tmp');
    await mkdir(shared);
    await chmod(shared, 0o1777);
    await expect(ensurePrivateFolder(shared)).rejects.toEqual(refused(/shared by several users/));
    expect(await modeOf(shared)).toBe(0o1777);
  });

  test('is never a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'text');
    await expect(ensurePrivateFolder(file)).rejects.toEqual(refused(/cannot be made|no folder/));
    await expect(checkPrivateFolder(file)).rejects.toEqual(refused(/no folder/));
    expect(await readFile(file, 'utf8')).toBe('text');
  });

  test('may be a link of our own to a folder of our own', async () => {
    await mkdir(join(folder, 'target'), { mode: 0o755 });
    await symlink(join(folder, 'target'), join(folder, 'link'));
    await ensurePrivateFolder(join(folder, 'link'));
    expect(await modeOf(join(folder, 'target'))).toBe(0o700);
  });

  test('can be checked without changing anything', async () => {
    const checked = join(folder, 'checked');
    await expect(checkPrivateFolder(checked)).rejects.toMatchObject({ code: 'NotFound' });
    await mkdir(checked, { mode: 0o700 });
    await checkPrivateFolder(checked);
    await chmod(checked, 0o750);
    await expect(checkPrivateFolder(checked)).rejects.toEqual(refused(/other users can open it/));
    expect(await modeOf(checked)).toBe(0o750);
  });

  describe.skipIf(asRoot.missing)(`among other users${asRoot.note}`, () => {
    const theirs = () => join(folder, 'latchkey');
    const both = [ensurePrivateFolder, checkPrivateFolder];

    test("is never another user's, whatever its mode, and theirs stays as it is", async () => {
      await mkdir(theirs(), { mode: 0o755 });
      await chown(theirs(), anotherUid, anotherUid);
      for (const use of both)
        await expect(use(theirs())).rejects.toEqual(refused(/belongs to another user \(uid 54321\)/));
      expect(await modeOf(theirs())).toBe(0o755);
    });

    test("is never reached by another user's link, even to a folder of ours", async () => {
      const ours = join(folder, 'ours');
      await mkdir(ours, { mode: 0o755 });
      await symlink(ours, theirs());
      await lchown(theirs(), anotherUid, anotherUid);
      for (const use of both)
        await expect(use(theirs())).rejects.toEqual(refused(/a link that another user made/));
      expect(await modeOf(ours)).toBe(0o755);
    });

    test("is never another user's folder behind a link of ours", async () => {
      const target = join(folder, 'target');
      await mkdir(target, { mode: 0o700 });
      await chown(target, anotherUid, anotherUid);
      await symlink(target, theirs());
      for (const use of both) await expect(use(theirs())).rejects.toEqual(refused(/belongs to another user/));
    });
  });
});

describe.skipIf(withModes.missing)(`the control address${withModes.note}`, () => {
  const uid = String(process.getuid?.());

  test('lies in the runtime folder of the session', () => {
    const address = controlAddress(folder, { XDG_RUNTIME_DIR: '/run/user/1000' }, 'linux');
    expect(address).toMatch(/^\/run\/user\/1000\/latchkey\/[0-9a-f]{12}\.sock$/);
  });

  test('lies in a folder of its own under the temporary folder where there is no runtime folder', () => {
    const expected = new RegExp(`^/var/tmp/latchkey-${uid}-[0-9a-f]{12}/control\\.sock$`);
    expect(controlAddress(folder, { TMPDIR: '/var/tmp' }, 'linux')).toMatch(expected);
    expect(controlAddress(folder, { TMPDIR: '/var/tmp', XDG_RUNTIME_DIR: '' }, 'linux')).toMatch(expected);
    expect(controlAddress(folder, { TMPDIR: '/var/tmp', XDG_RUNTIME_DIR: 'run' }, 'linux')).toMatch(expected);
    expect(controlAddress(folder, {}, 'linux')).toMatch(
      new RegExp(`^/tmp/latchkey-${uid}-[0-9a-f]{12}/control\\.sock$`),
    );
  });

  test('is a named pipe on Windows', () => {
    expect(controlAddress(folder, {}, 'win32')).toMatch(/^\\\\\.\\pipe\\latchkey-[0-9a-f]{12}$/);
  });

  test('is the same by whichever path the data folder is reached, there already or not', async () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/1000' };
    const real = join(folder, 'real');
    await mkdir(real);
    await symlink(real, join(folder, 'link'));
    expect(controlAddress(join(folder, 'link'), env, 'linux')).toBe(controlAddress(real, env, 'linux'));
    expect(controlAddress(`${real}/../real/`, env, 'linux')).toBe(controlAddress(real, env, 'linux'));
    const before = controlAddress(join(folder, 'link', 'not', 'there'), env, 'linux');
    await mkdir(join(real, 'not', 'there'), { recursive: true });
    expect(controlAddress(join(real, 'not', 'there'), env, 'linux')).toBe(before);
  });

  test('differs for different data folders', () => {
    expect(controlAddress('/a', {}, 'linux')).not.toBe(controlAddress('/b', {}, 'linux'));
  });

  test('always fits the kernel, however long the folders are', () => {
    const long = fc
      .string({ unit: fc.constantFrom('a', 'é', '/', '鍵'), maxLength: 200 })
      .map((text) => `/${text}`);
    const environment = fc.record({ XDG_RUNTIME_DIR: long, TMPDIR: long }, { requiredKeys: [] });
    fc.assert(
      fc.property(long, environment, (home, env) => {
        expect(Buffer.byteLength(controlAddress(home, env, 'linux'))).toBeLessThanOrEqual(107);
        expect(Buffer.byteLength(controlAddress(home, env, 'darwin'))).toBeLessThanOrEqual(103);
      }),
    );
  });

  test("may fill the kernel's 107 bytes and can be listened on then; a byte more and another is chosen", async () => {
    const rest = '/latchkey/0123456789ab.sock'.length;
    const runtime = join(folder, 'r'.repeat(107 - rest - folder.length - 1));
    const address = controlAddress(folder, { XDG_RUNTIME_DIR: runtime }, 'linux');
    expect(dirname(dirname(address))).toBe(runtime);
    expect(Buffer.byteLength(address)).toBe(107);
    await ensurePrivateFolder(dirname(address));
    const server = createServer().listen(address);
    await once(server, 'listening');
    expect((await lstat(address)).isSocket()).toBe(true);
    server.close();
    const short = new RegExp(`^/tmp/latchkey-${uid}-`);
    expect(controlAddress(folder, { XDG_RUNTIME_DIR: `${runtime}r` }, 'linux')).toMatch(short);
    expect(controlAddress(folder, { XDG_RUNTIME_DIR: runtime.slice(0, -4) }, 'darwin')).not.toMatch(short);
    expect(controlAddress(folder, { XDG_RUNTIME_DIR: runtime.slice(0, -3) }, 'darwin')).toMatch(short);
  });
});

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
