/** `latchkey endpoint link-local`: makes the address of the real metadata service lead to the broker. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from '../failure.ts';
import { dataFolder } from '../platform/data-folder.ts';
import { darwinLinkLocal } from '../platform/link-local-darwin.ts';
import { linuxLinkLocal } from '../platform/link-local-linux.ts';
import { win32LinkLocal } from '../platform/link-local-win32.ts';
import { linkLocalAddress, linkLocalIsOn, type LinkLocalScripts } from '../platform/link-local.ts';
import { action, ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { print, say } from './output.ts';

const scriptsByPlatform: ReadonlyMap<string, LinkLocalScripts> = new Map([
  ['linux', linuxLinkLocal],
  ['darwin', darwinLinkLocal],
  ['win32', win32LinkLocal],
]);

export const endpoint: Command = {
  summary: `make http://${linkLocalAddress}/ lead to Latchkey, for your own programs`,
  details: `
    Programs that ask the real address of the metadata service then need no variable at all. This takes the
    administrator’s rights, which Latchkey itself never has: it prints the commands, for you to read and to run as
    root. What there is to know about them comes on standard error.
  `,
  examples: ['latchkey endpoint link-local --apply'],
  actions: {
    'link-local': action({
      summary: 'print the commands that do it, or run them',
      options: {
        apply: {
          type: 'boolean',
          summary: 'runs the very commands that it prints, by pkexec or sudo (Linux only)',
        },
        remove: { type: 'boolean', summary: 'is about the commands that undo it' },
        port: {
          type: 'string',
          value: 'N',
          summary: 'the endpoint’s port; otherwise the running broker’s, or that of the settings',
        },
        platform: {
          type: 'string',
          value: 'NAME',
          kind: [...scriptsByPlatform.keys()],
          summary: 'prints the commands for another system',
        },
      },
      run: async ({ options }) => linkLocal(options),
    }),
  },
};

interface Wanted {
  readonly apply?: boolean | undefined;
  readonly remove?: boolean | undefined;
  readonly port?: string | undefined;
  readonly platform?: string | undefined;
}

async function linkLocal(wanted: Wanted): Promise<void> {
  if (wanted.remove && wanted.port !== undefined) throw invalid('--remove needs no --port');
  const platform = wanted.platform ?? process.platform;
  const scripts = scriptsByPlatform.get(platform);
  if (scripts === undefined)
    throw invalid(`--platform must be one of ${[...scriptsByPlatform.keys()].join(', ')}`);
  if (wanted.apply && (platform !== 'linux' || process.platform !== 'linux'))
    throw invalid('--apply is for Linux; without it the commands are printed');

  const uid = ownUid(platform);
  const script = wanted.remove ? scripts.remove(uid) : scripts.apply(uid, await portOf(wanted.port));
  if (wanted.apply) runAsRoot(script, uid);
  else print(script.trimEnd());
  if (!wanted.remove) for (const note of scripts.notes(uid)) say(note);
  if (wanted.apply) report(wanted.remove !== true);
}

/** @throws Refusal where `sudo` was put before `latchkey`: the commands would be for root, and not for the person */
function ownUid(platform: string): number {
  const uid = process.getuid?.();
  if (uid === undefined) {
    if (platform === 'win32') return 0;
    throw invalid('the commands for that system name your user there: print them there');
  }
  if (uid === 0 && process.env['SUDO_UID'] !== undefined)
    throw new Refusal('Run this as yourself, without sudo: it is for the programs of the user who runs it');
  return uid;
}

async function portOf(given: string | undefined): Promise<number> {
  if (given !== undefined) {
    const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
    if (port < 1 || port > 65_535) throw invalid('--port must be a number from 1 to 65535');
    return port;
  }
  try {
    const state = await ownBroker().call('state.read', {});
    if ('problem' in state) throw refusalOf(state.problem);
    return Number(new URL(state.value.status.endpoint).port);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'NotRunning') throw error;
    // Only here: a command that finds its broker has no use for config.json.
    const { ConfigurationStore } = await import('../configuration/store.ts');
    const { port } = (await ConfigurationStore.open(dataFolder())).current.settings;
    say(`Latchkey is not running: this is for port ${port}, by its settings.`);
    return port;
  }
}

/**
 * Gives a script to root's shell; it is that shell that has the right, never this process.
 * @throws Refusal where that cannot be had, or the script failed
 */
function runAsRoot(script: string, uid: number): void {
  const shell = ['/bin/sh', '-c', script];
  const [command = '', ...args] = uid === 0 ? shell : [wayToRoot(), ...shell];
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) return;
  const how = error?.message ?? signal ?? `status ${String(status)}`;
  throw new Refusal(`It was not done, or not all of it: ${command} ended with ${how}`);
}

/** What asks the person for the right: in a window where there is a desktop, else on the terminal. */
function wayToRoot(): string {
  const hasDesktop = Boolean(process.env['WAYLAND_DISPLAY'] ?? process.env['DISPLAY']);
  const way = (hasDesktop ? ['pkexec', 'sudo'] : ['sudo']).find(isOnPath);
  if (way !== undefined) return way;
  throw new Refusal(
    'There is no sudo or pkexec here; without --apply it prints the commands, for root to run',
  );
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Says how it is now by what the broker goes by, too. */
function report(isWanted: boolean): void {
  if (linkLocalIsOn() !== isWanted)
    throw new Refusal(`The commands ended well, but the route is ${isWanted ? 'not' : 'still'} there`);
  print(
    isWanted
      ? `On: http://${linkLocalAddress}/ leads to Latchkey for your programs`
      : `Off: http://${linkLocalAddress}/ leads where it did before`,
  );
}

function invalid(message: string): Failure {
  return new Failure('InvalidInput', message);
}
