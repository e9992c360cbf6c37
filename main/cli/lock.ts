/** `latchkey lock`: drops every session. */
import { brokerOf } from '../control/client.ts';
import { dataFolder } from '../platform/data-folder.ts';
import { command, ownBroker, refusalOf } from './command.ts';
import { print } from './output.ts';
import { handedOutInWords, stillValid } from './status.ts';

export const lock = command({
  summary: 'drop every session, and serve nothing until it is unlocked',
  details: `
    Those in the keychain are dropped, too. What programs got before stays valid at AWS: it tells until when, and
    which programs have it.
  `,
  examples: ['latchkey lock'],
  async run() {
    // Whichever version runs: it is not the time to ask for a restart.
    const locked = await brokerOf(dataFolder()).call('sessions.lock', {});
    if ('problem' in locked) throw refusalOf(locked.problem);
    print('Locked: no session is served until it is unlocked');
    // What programs got before stays valid at AWS.
    const state = await ownBroker().call('state.read', {});
    if ('problem' in state) throw refusalOf(state.problem);
    for (const handedOut of stillValid(state.value.status)) print(handedOutInWords(handedOut));
  },
});
