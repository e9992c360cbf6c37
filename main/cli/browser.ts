/** The person's browser, as a command opens it: the one that BROWSER names, else the desktop's own. */
import { spawn } from 'node:child_process';
import { Refusal } from './command.ts';

/** How a browser is started. */
export interface Browser {
  readonly file: string;
  readonly argumentsFor: (address: string) => readonly string[];
}

/** What opens one says within this time that it cannot; a browser that was not running yet stays. */
const settleMs = 2_000;

/**
 * This person's browser.
 *
 * `BROWSER` is a command in words, in the manner of xdg-open and Python's webbrowser, with `%s` where the address goes,
 * at the end unless said: `firefox -P billing`, or `firefox ext+container:name=billing&url=%s`. No shell reads it.
 * @throws Refusal where there is none, or nothing to show it on
 */
export function browserOf(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Browser {
  const [file, ...words] = (env['BROWSER'] ?? '').split(/\s+/).filter((word) => word !== '');
  if (file !== undefined) {
    const isPlaced = words.some((word) => word.includes('%s'));
    return {
      file,
      argumentsFor: (address) =>
        isPlaced ? words.map((word) => word.replaceAll('%s', () => address)) : [...words, address],
    };
  }
  if (platform === 'darwin') return { file: 'open', argumentsFor: (address) => [address] };
  // Not by `start`: cmd.exe would read the address as its own language.
  if (platform === 'win32')
    return { file: 'rundll32', argumentsFor: (address) => ['url.dll,FileProtocolHandler', address] };
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY'])
    throw new Refusal('there is no display to open a browser on; use --print, or name a browser in BROWSER');
  return { file: 'xdg-open', argumentsFor: (address) => [address] };
}

/**
 * Opens an address in a browser, which goes on without this process.
 * @param address other users can read it: it is on a command line
 * @throws Refusal where the browser could not be started, or ended with an error at once
 */
export async function openIn({ file, argumentsFor }: Browser, address: string): Promise<void> {
  const child = spawn(file, argumentsFor(address), { detached: true, stdio: 'ignore' });
  const problem = await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => {
      resolve(undefined);
    }, settleMs);
    const settle = (what: string | undefined) => {
      clearTimeout(timer);
      resolve(what);
    };
    child.once('error', (error) => {
      settle('code' in error ? String(error.code) : error.name);
    });
    child.once('exit', (status, signal) => {
      settle(status === 0 ? undefined : `it ended with ${status ?? signal}`);
    });
  });
  child.unref();
  if (problem !== undefined)
    throw new Refusal(
      `no browser could be opened with ${file} (${problem}); name another in BROWSER, or use --print`,
    );
}
