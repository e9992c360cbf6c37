import type { App } from 'electron';
import { Failure } from '../failure.ts';
import { xdgAutostart } from '../platform/xdg-autostart.ts';
import type { StartAtLogin } from '../platform/ports.ts';

/** What is used of Electron's `app`. */
export type LoginItemSource = Pick<
  App,
  'getAppPath' | 'getLoginItemSettings' | 'isPackaged' | 'setLoginItemSettings'
>;

/** What is used of Node's `process`. */
type Surroundings = Pick<NodeJS.Process, 'argv' | 'env' | 'execPath' | 'platform'>;

/** At login nobody has asked for a window. */
const loginArguments = ['--headless'];

/**
 * The start at login of the app as it runs now. Undefined where it has a data folder of its own (`LATCHKEY_HOME`), which
 * a start at login would not have; and on macOS and Windows where it is not packaged, since Electron's own program would
 * be started there.
 */
export function startAtLogin(
  app: LoginItemSource,
  { argv, env, execPath, platform }: Surroundings = process,
): StartAtLogin | undefined {
  if (env['LATCHKEY_HOME']) return undefined;
  if (platform === 'linux') {
    // The path of an AppImage's program is of this run only.
    const program = app.isPackaged
      ? [env['APPIMAGE'] ?? execPath]
      : [execPath, ...requiredFirst(argv), app.getAppPath()];
    return xdgAutostart([...program, ...loginArguments], env);
  }
  if (!app.isPackaged || (platform !== 'darwin' && platform !== 'win32')) return undefined;
  // Windows knows the entry by its arguments again. macOS takes none; see `wasStartedAtLogin`.
  const entry = platform === 'win32' ? { args: loginArguments } : {};
  const isOn = () => app.getLoginItemSettings(entry).openAtLogin;
  return {
    isOn: async () => isOn(),
    set: async (on) => {
      app.setLoginItemSettings({ ...entry, openAtLogin: on });
      if (isOn() !== on)
        throw new Failure(
          'Internal',
          'The system has not taken the change of the start at login; look into its settings',
        );
    },
  };
}

/** Whether the system has started the app at login. Told by macOS only; elsewhere the arguments say it. */
export function wasStartedAtLogin(
  app: LoginItemSource,
  platform: NodeJS.Platform = process.platform,
): boolean {
  return platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin;
}

/** What Electron needs before the folder. All else is of this run: its options, a debugger's port. */
function requiredFirst(argv: readonly string[]): readonly string[] {
  const index = argv.indexOf('--require');
  return index === -1 ? [] : argv.slice(index, index + 2);
}
