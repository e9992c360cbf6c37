import { constants } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { Failure } from '../failure.ts';
import { writePrivateFile } from './private-file.ts';
import type { StartAtLogin } from './ports.ts';

/**
 * Start at login on a Linux desktop: a file in the user's autostart folder, which the session reads.
 * https://specifications.freedesktop.org/autostart-spec/latest/
 * @param command the program's path and its arguments
 */
export function xdgAutostart(
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): StartAtLogin & { readonly file: string } {
  const file = join(configurationFolder(env), 'autostart', 'latchkey.desktop');
  return {
    file,
    async isOn() {
      const text = await textOf(file).catch(() => undefined);
      return text !== undefined && !isTurnedOff(text);
    },
    async set(on) {
      try {
        if (!on) {
          await rm(file, { force: true });
          return;
        }
        // The base directory specification wants its folders made so.
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Failure('Internal', `The start at login could not be changed (${reason})`);
      }
      await writePrivateFile(file, desktopEntry(command));
    },
  };
}

/** https://specifications.freedesktop.org/basedir-spec/latest/: relative paths are to be ignored. */
function configurationFolder(env: NodeJS.ProcessEnv): string {
  const chosen = env['XDG_CONFIG_HOME'];
  return chosen !== undefined && isAbsolute(chosen) ? chosen : join(env['HOME'] ?? homedir(), '.config');
}

/** A desktop's file is some hundred bytes long. */
const longestBytes = 64 * 1024;

/**
 * Of a file only: any program can put something else there, and a pipe would hold up one of the few threads that read and
 * write all files, also the audit log, each time that it is looked at.
 */
async function textOf(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const state = await handle.stat();
    return state.isFile() && state.size <= longestBytes ? await handle.readFile('utf8') : undefined;
  } finally {
    await handle.close();
  }
}

/** By the specification's own key, and by the one that GNOME's settings write. */
function isTurnedOff(text: string): boolean {
  return /^(Hidden *= *true|X-GNOME-Autostart-enabled *= *false) *$/m.test(text);
}

function desktopEntry(command: readonly string[]): string {
  return `[Desktop Entry]
Type=Application
Name=Latchkey
Comment=Credential broker for AWS
Exec=${command.map(quoted).join(' ')}
Terminal=false
`;
}

/**
 * An argument as an `Exec` line has it: in quotes, in which four characters are escaped; then as every value of the file,
 * in which a backslash is; and `%` begins a field code.
 * https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html
 */
function quoted(argument: string): string {
  const inQuotes = `"${argument.replaceAll(/["`$\\]/g, String.raw`\$&`)}"`;
  return inQuotes
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('%', '%%');
}
