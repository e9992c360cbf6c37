/** `latchkey unlock [CODE|-]`: lets sessions be served again. */
import type { State } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { callAsPerson } from './as-person.ts';
import { command, ownBroker, refusalOf } from './command.ts';
import { matchName } from './match.ts';
import { codeOf } from './mfa.ts';
import { print } from './output.ts';

export const unlock = command({
  summary: 'serve sessions again; an MFA code or the operating system confirms that it is you',
  details: `
    Without a code the operating system asks you, where it can; where it cannot, give a code or unlock in the window.
    Where there is no MFA device, a number on the terminal confirms it.
  `,
  examples: ['latchkey unlock 123456'],
  operands: {
    code: {
      isOptional: true,
      summary: 'an MFA code, which STS confirms; - reads it from the first line of standard input',
    },
  },
  options: {
    device: {
      type: 'string',
      value: 'SERIAL',
      kind: 'MFA device',
      summary:
        'the device it is of, or a part of its serial number that fits no other; only needed where there are several',
    },
  },
  async run({ operands, options }) {
    // An option without a code says of which device none is: then the code is what is missing.
    if (operands.code === undefined && options.device !== undefined)
      throw new Failure('InvalidInput', 'CODE is missing');
    const code = operands.code === undefined ? undefined : await codeOf(operands.code);
    const broker = ownBroker();
    let serial: string | undefined;
    if (options.device !== undefined) {
      const state = await broker.call('state.read', {});
      if ('problem' in state) throw refusalOf(state.problem);
      serial = matchName(options.device, devicesOf(state.value), 'MFA device');
    }
    const unlocked = await callAsPerson(broker, 'sessions.unlock', {
      ...(code === undefined ? {} : { code }),
      ...(serial === undefined ? {} : { serial }),
    });
    if ('problem' in unlocked) throw refusalOf(unlocked.problem);
    print('Unlocked');
  },
});

/** Every device that a key or a profile names. */
function devicesOf({ status, profiles }: State): string[] {
  const named = [...status.keys, ...profiles.map(({ profile }) => profile)];
  return [...new Set(named.map(({ mfaSerial }) => mfaSerial).filter((serial) => serial !== undefined))];
}
