import fc from 'fast-check';
import { lstat, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { controlAddress, dataFolder } from '../../main/platform/data-folder.ts';
import { ensurePrivateFolder } from '../../main/platform/private-folder.ts';
import { needs } from './needs.ts';

const withModes = needs(process.getuid !== undefined, 'Windows has no file modes');

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
    ensurePrivateFolder(dirname(address));
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
