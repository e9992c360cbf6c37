import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startAtLogin, wasStartedAtLogin, type LoginItemSource } from '../../main/shell/start-at-login.ts';
import { temporaryHome } from '../fixtures/core.ts';

/** Electron's `app` as far as it is used; its system takes what it is told unless it refuses. */
class AppDouble implements LoginItemSource {
  readonly isPackaged: boolean;
  refuses = false;
  wasOpenedAtLogin = false;
  readonly #entries = new Set<string>();

  constructor(isPackaged: boolean) {
    this.isPackaged = isPackaged;
  }

  getAppPath(): string {
    return '/src/latchkey';
  }

  getLoginItemSettings({ args = [] }: Electron.LoginItemSettingsOptions = {}): Electron.LoginItemSettings {
    const openAtLogin = this.#entries.has(args.join(' '));
    return {
      openAtLogin,
      wasOpenedAtLogin: this.wasOpenedAtLogin,
      status: openAtLogin ? 'enabled' : 'not-registered',
      executableWillLaunchAtLogin: openAtLogin,
      launchItems: [],
    };
  }

  setLoginItemSettings({ openAtLogin = false, args = [] }: Electron.Settings): void {
    if (this.refuses) return;
    if (openAtLogin) this.#entries.add(args.join(' '));
    else this.#entries.delete(args.join(' '));
  }
}

const packaged = { argv: ['/opt/latchkey'], execPath: '/opt/latchkey', env: {} };

/** What the file of the autostart folder would start. */
async function execOnLinux(app: AppDouble, argv: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  await using folder = await temporaryHome();
  const surroundings = {
    argv,
    execPath: '/opt/electron',
    env: { ...env, XDG_CONFIG_HOME: folder.path },
    platform: 'linux',
  } as const;
  await startAtLogin(app, surroundings)?.set(true);
  const text = await readFile(join(folder.path, 'autostart/latchkey.desktop'), 'utf8');
  return /^Exec=(.*)$/m.exec(text)?.[1] ?? '';
}

describe('the start at login', () => {
  it('is of the packaged program, without a window', async () => {
    expect(await execOnLinux(new AppDouble(true), ['/opt/electron', '--port', '0'])).toBe(
      '"/opt/electron" "--headless"',
    );
  });

  it('is of the AppImage, and not of the folder that it is unpacked to for this run', async () => {
    expect(
      await execOnLinux(new AppDouble(true), ['/opt/electron'], { APPIMAGE: '/apps/Latchkey.AppImage' }),
    ).toBe('"/apps/Latchkey.AppImage" "--headless"');
  });

  it('is of Electron with the project’s folder where it runs from there, without what is of this run', async () => {
    const argv = ['electron', '--inspect=0', '--require', '/src/scheme.cjs', '/src/latchkey', '--port', '0'];
    expect(await execOnLinux(new AppDouble(false), argv)).toBe(
      '"/opt/electron" "--require" "/src/scheme.cjs" "/src/latchkey" "--headless"',
    );
  });

  it('is not to be had with a data folder of its own, which it would not have then', () => {
    const env = { LATCHKEY_HOME: '/tmp/home' };
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      expect(startAtLogin(new AppDouble(true), { ...packaged, env, platform })).toBeUndefined();
  });

  it('is not to be had on macOS and Windows from the project’s folder: Electron itself would start', () => {
    for (const platform of ['darwin', 'win32'] as const)
      expect(startAtLogin(new AppDouble(false), { ...packaged, platform })).toBeUndefined();
  });

  it.each(['darwin', 'win32'] as const)(
    'is turned on and off by the system’s own list: %s',
    async (platform) => {
      const start = startAtLogin(new AppDouble(true), { ...packaged, platform });
      expect(await start?.isOn()).toBe(false);
      await start?.set(true);
      expect(await start?.isOn()).toBe(true);
      await start?.set(false);
      expect(await start?.isOn()).toBe(false);
    },
  );

  it('says where the system has not taken it', async () => {
    const app = new AppDouble(true);
    app.refuses = true;
    await expect(startAtLogin(app, { ...packaged, platform: 'darwin' })?.set(true)).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining('look into its settings') as string,
    });
  });

  it('is known as such on macOS, which gives the program no arguments', () => {
    const app = new AppDouble(true);
    expect(wasStartedAtLogin(app, 'darwin')).toBe(false);
    app.wasOpenedAtLogin = true;
    expect(wasStartedAtLogin(app, 'darwin')).toBe(true);
    expect(wasStartedAtLogin(app, 'linux')).toBe(false);
  });
});
