import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { xdgAutostart } from '../../main/platform/xdg-autostart.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { needs } from './needs.ts';

const withGio = needs(
  spawnSync('gio', ['version']).status === 0,
  'gio is missing (libglib2.0-bin), which starts what a desktop file says',
);

let folder: Awaited<ReturnType<typeof temporaryHome>>;

beforeEach(async () => {
  folder = await temporaryHome();
});
afterEach(() => folder[Symbol.asyncDispose]());

function autostart(command = ['/opt/latchkey/latchkey-desktop', '--headless']) {
  return xdgAutostart(command, { XDG_CONFIG_HOME: folder.path });
}

describe('start at login on Linux', () => {
  it('is a file in the autostart folder, which is made where it is missing, and gone again', async () => {
    const start = autostart();
    expect(await start.isOn()).toBe(false);
    await start.set(true);
    expect(start.file).toBe(join(folder.path, 'autostart/latchkey.desktop'));
    expect((await stat(start.file)).mode & 0o777).toBe(0o600);
    expect(await start.isOn()).toBe(true);
    await start.set(false);
    expect(await start.isOn()).toBe(false);
    await start.set(false);
  });

  it.each([
    ['the specification', 'Hidden=true'],
    ['GNOME', 'X-GNOME-Autostart-enabled=false'],
  ])(
    'is off where the desktop has turned it off by the key of %s, and on again by a person here',
    async (_whose, line) => {
      const start = autostart();
      await start.set(true);
      await writeFile(start.file, `${await readFile(start.file, 'utf8')}${line}\n`);
      expect(await start.isOn()).toBe(false);
      await start.set(true);
      expect(await start.isOn()).toBe(true);
    },
  );

  it.each([
    ['a pipe that nobody writes to', (file: string) => execFileSync('mkfifo', [file])],
    ['a file that is far too long', (file: string) => writeFile(file, ' '.repeat(2 ** 20))],
  ])('is off, and known to be at once, where there is %s in its place', async (_what, make) => {
    const start = autostart();
    await mkdir(dirname(start.file));
    await make(start.file);
    expect(await start.isOn()).toBe(false);
  });

  it('is in ~/.config where the variable names no whole path', () => {
    const { file } = xdgAutostart(['/latchkey'], { XDG_CONFIG_HOME: 'settings', HOME: '/home/alice' });
    expect(file).toBe('/home/alice/.config/autostart/latchkey.desktop');
  });

  it('says why it could not be turned on', async () => {
    await writeFile(join(folder.path, 'autostart'), 'no folder');
    await expect(autostart().set(true)).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringContaining('The start at login could not be changed') as string,
    });
  });

  it.skipIf(withGio.missing)(
    `starts the program with its arguments, whatever characters they have${withGio.note}`,
    async () => {
      const program = join(folder.path, 'a folder of "quotes", $HOME and `ticks` \\n', 'latchkey');
      const told = join(folder.path, 'told');
      await mkdir(dirname(program));
      await writeFile(
        program,
        `#!/bin/sh\nprintf '%s\\n' "$@" > '${told}.new'\nmv '${told}.new' '${told}'\n`,
      );
      await chmod(program, 0o700);
      const given = ['--headless', '100% sure', '%f', 'a "b" $HOME `id` \\ \\\\ \\n', "it's"];
      const start = autostart([program, ...given]);
      await start.set(true);
      expect(spawnSync('gio', ['launch', start.file], { encoding: 'utf8' })).toMatchObject({ status: 0 });
      await vi.waitFor(async () => {
        expect(await readFile(told, 'utf8')).toBe(`${given.join('\n')}\n`);
      }, 10_000);
      await rm(told);
    },
  );
});
