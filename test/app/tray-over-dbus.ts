/** The tray as a desktop sees it: the menu that the app exports over D-Bus, read and clicked as a panel does. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { needs } from '../platform/needs.ts';

const execute = promisify(execFile);
const watcher = 'org.kde.StatusNotifierWatcher';
const watcherPath = '/StatusNotifierWatcher';
const properties = 'org.freedesktop.DBus.Properties.Get';

/** For tests that use the tray. */
export const trayHost = needs(
  isTrayShown(),
  'no panel shows StatusNotifier icons on the D-Bus of this session: start one, for example xfce4-panel (and install gdbus, from libglib2.0-bin)',
);

function isTrayShown(): boolean {
  const args = gdbusArgs(watcher, watcherPath, properties, [watcher, 'IsStatusNotifierHostRegistered']);
  const { status, stdout } = spawnSync('gdbus', args, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 && stdout.includes('true');
}

/** One entry of the tray's menu. `label` is as the person reads it. */
export interface TrayMenuItem {
  readonly id: number;
  readonly label: string;
  readonly checked: boolean;
}

/** The tray icon of the process `pid`. */
export interface TrayOverDbus {
  tooltip(): Promise<string>;
  /** What identifies the picture: the same text for the same one. */
  picture(): Promise<string>;
  menu(): Promise<TrayMenuItem[]>;
  /** Clicks the entry whose label begins with this text. */
  click(label: string): Promise<void>;
}

/** Finds the icon among those that the desktop's panel was told of. */
export async function trayOf(pid: number): Promise<TrayOverDbus> {
  const registered = await call(watcher, watcherPath, properties, [watcher, 'RegisteredStatusNotifierItems']);
  for (const [, bus = '', path = ''] of registered.matchAll(/'([^'/]+)(\/[^']*)'/g)) {
    const owner = await call('org.freedesktop.DBus', '/', 'org.freedesktop.DBus.GetConnectionUnixProcessID', [
      bus,
    ]);
    if (owner.includes(`uint32 ${pid},`)) return trayAt(bus, path);
  }
  throw new Error(`process ${pid} has no icon in the tray: ${registered}`);
}

async function trayAt(bus: string, path: string): Promise<TrayOverDbus> {
  const property = (name: string) => call(bus, path, properties, ['org.kde.StatusNotifierItem', name]);
  const [, menuPath = ''] = /objectpath '([^']+)'/.exec(await property('Menu')) ?? [];

  async function menu(): Promise<TrayMenuItem[]> {
    const everything = ['int32 0', 'int32 -1', '@as []'];
    const layout = await call(bus, menuPath, 'com.canonical.dbusmenu.GetLayout', everything);
    return [...layout.matchAll(/<\((\d+), \{([^}]*)\}/g)].map(([, id, described = '']) => ({
      id: Number(id),
      // A single underscore marks the letter after it as the entry's key.
      label: (/'label': <'([^']*)'>/.exec(described)?.[1] ?? '').replaceAll('__', '_'),
      checked: described.includes("'toggle-state': <1>"),
    }));
  }

  return {
    menu,
    tooltip: () => property('ToolTip'),
    picture: () => property('IconPixmap'),
    async click(label) {
      const items = await menu();
      const item = items.find((candidate) => candidate.label.startsWith(label));
      if (item === undefined)
        throw new Error(`no entry "${label}" among ${items.map((candidate) => candidate.label).join(' | ')}`);
      const clicked = [`int32 ${item.id}`, "'clicked'", '<int32 0>', 'uint32 0'];
      await call(bus, menuPath, 'com.canonical.dbusmenu.Event', clicked);
    },
  };
}

async function call(bus: string, path: string, method: string, args: string[]): Promise<string> {
  return (await execute('gdbus', gdbusArgs(bus, path, method, args))).stdout;
}

function gdbusArgs(bus: string, path: string, method: string, args: string[]): string[] {
  return ['call', '--session', '--dest', bus, '--object-path', path, '--method', method, '--', ...args];
}
