/** `latchkey unlock [CODE|-]`: lets sessions be served again. */
import type { State } from '../../preload/contract.ts';
import { parseCommandLine } from '../options.ts';
import { callAsPerson } from './as-person.ts';
import { ownBroker, refusalOf, type Command } from './command.ts';
import { matchName } from './match.ts';
import { codeOf } from './mfa.ts';
import { print } from './output.ts';

export const unlock: Command = {
  usage: 'unlock [CODE|-] [--device SERIAL]',
  summary: 'serve sessions again; an MFA code or the operating system confirms that it is you',
  details: [
    'CODE              an MFA code, which STS confirms. Without one the operating system asks you, where it',
    '                  can; where it cannot, give a code or unlock in the window. Where there is no MFA',
    '                  device, a number on the terminal confirms it.',
    '-                 reads the code from the first line of standard input.',
    '--device SERIAL   the device it is of, or a part of its serial number that fits no other; only',
    '                  needed where there are several.',
  ],
  example: 'latchkey unlock 123456',
  async run(argv) {
    // An option without a code says of which device none is: then the code is what is missing.
    const operands = argv.length === 0 ? [] : ['CODE'];
    const { positionals, values } = parseCommandLine(argv, { device: { type: 'string' } }, operands);
    const [given] = positionals;
    const code = given === undefined ? undefined : await codeOf(given);
    const broker = ownBroker();
    let serial: string | undefined;
    if (values.device !== undefined) {
      const state = await broker.call('state.read', {});
      if ('problem' in state) throw refusalOf(state.problem);
      serial = matchName(values.device, devicesOf(state.value), 'MFA device');
    }
    const unlocked = await callAsPerson(broker, 'sessions.unlock', {
      ...(code === undefined ? {} : { code }),
      ...(serial === undefined ? {} : { serial }),
    });
    if ('problem' in unlocked) throw refusalOf(unlocked.problem);
    print('Unlocked');
  },
};

/** Every device that a key or a profile names. */
function devicesOf({ status, profiles }: State): string[] {
  const named = [...status.keys, ...profiles.map(({ profile }) => profile)];
  return [...new Set(named.map(({ mfaSerial }) => mfaSerial).filter((serial) => serial !== undefined))];
}
