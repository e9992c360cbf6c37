/** `latchkey lock`: drops every session. */
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
    const broker = ownBroker();
    const locked = await broker.call('sessions.lock', {});
    if ('problem' in locked) throw refusalOf(locked.problem);
    print('Locked: no session is served until it is unlocked');
    // What programs got before stays valid at AWS.
    const state = await broker.call('state.read', {});
    if ('problem' in state) throw refusalOf(state.problem);
    for (const handedOut of stillValid(state.value.status)) print(handedOutInWords(handedOut));
  },
});
