import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Menu, Tray } from 'electron';
import type { TrayIcon } from './tray-menu.ts';
import type { TraySurface } from './tray.ts';

/**
 * The real icon in the panel. `iconFolder` holds the pictures; Electron finds the `@2x` ones by itself.
 *
 * A click on the icon opens the menu on macOS and, by the desktop's choice, on Linux; on Windows only a right
 * click does, so a left click opens the window there.
 */
export function createElectronTray(iconFolder: string, openWindow: () => void): TraySurface {
  const tray = new Tray(picture('idle'));
  if (process.platform !== 'darwin') tray.on('click', openWindow);

  function picture(icon: TrayIcon): string {
    return path.join(iconFolder, process.platform === 'darwin' ? `${icon}Template.png` : `${icon}.png`);
  }

  return {
    show({ icon, tooltip, menu }) {
      tray.setImage(picture(icon));
      tray.setToolTip(tooltip);
      tray.setContextMenu(Menu.buildFromTemplate(menu));
    },
    [Symbol.dispose]() {
      tray.destroy();
    },
  };
}

/**
 * Whether somebody shows the tray's icon. On Linux that is a desktop's own choice (GNOME has none without an
 * extension) which Electron does not tell, so the watcher that StatusNotifier icons register with is asked:
 * https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/StatusNotifierWatcher/
 * Where nobody answers there is no tray.
 */
export async function isTrayShown(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  if (!hasSessionBus()) return false;
  const watcher = 'org.kde.StatusNotifierWatcher';
  const property = ['string:org.kde.StatusNotifierWatcher', 'string:IsStatusNotifierHostRegistered'];
  const request = ['/StatusNotifierWatcher', 'org.freedesktop.DBus.Properties.Get', ...property];
  try {
    const { stdout } = await promisify(execFile)(
      'dbus-send',
      ['--session', '--print-reply', '--reply-timeout=1000', `--dest=${watcher}`, ...request],
      { timeout: 2000 },
    );
    return /boolean true/.test(stdout);
  } catch {
    return false;
  }
}

/** Without this check `dbus-send` would start a bus of its own. */
function hasSessionBus(): boolean {
  if (process.env['DBUS_SESSION_BUS_ADDRESS'] !== undefined) return true;
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return runtime !== undefined && existsSync(path.join(runtime, 'bus'));
}
