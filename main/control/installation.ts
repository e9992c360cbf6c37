/** What belongs to this machine rather than to the settings: where the data is, what it runs on, the start at login. */
import type { Installation } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import type { BrokerParts } from './parts.ts';

type Parts = Pick<BrokerParts, 'home' | 'startAtLogin'>;

/** @throws Failure of `StartAtLogin` */
export async function installationOf({ home, startAtLogin }: Parts): Promise<Installation> {
  return {
    dataFolder: home,
    runsOn: runsOnInWords(process.versions),
    startsAtLogin: (await startAtLogin?.isOn()) ?? null,
  };
}

/** @throws Failure Refused where nothing can be started at login; of `StartAtLogin` */
export async function startAtLogin({ startAtLogin: desktop }: Parts, on: boolean): Promise<void> {
  if (!desktop)
    throw new Failure(
      'Refused',
      'Only the desktop app can be started at login, and only on its usual data folder',
    );
  await desktop.set(on);
}

/** Outside Electron only Node's own are there, whatever the types say. */
function runsOnInWords({ electron, chrome = '', node = '' }: NodeJS.Dict<string>): string {
  return electron === undefined ? `Node ${node}` : `Electron ${electron}, Chromium ${chrome}, Node ${node}`;
}
