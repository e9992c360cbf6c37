import path from 'node:path';
import { serverOptions } from '../options.ts';

/**
 * The arguments meant for Latchkey. Of `electron FOLDER …` those after the app's folder; of the packaged program all,
 * without the switches that are Chromium's (`--ozone-platform=wayland`, say): it takes hundreds, so that what is
 * not known here must be left to it.
 * @param appPath `app.getAppPath()`
 */
export function ownArguments(argv: readonly string[], appPath: string): string[] {
  const folder = argv.findIndex((argument, index) => index > 0 && path.resolve(argument) === appPath);
  if (folder !== -1) return argv.slice(folder + 1);
  return argv.slice(1).filter((argument) => {
    const [, name] = /^-+([^=]*)/.exec(argument) ?? [];
    return name === undefined || Object.hasOwn(serverOptions, name);
  });
}
