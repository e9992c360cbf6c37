/** `latchkey unlock [CODE|-]`: lets sessions be served again. */
import type { Answer, State } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';
import { callAsPerson } from './as-person.ts';
import { isWorthAnother, mostTries } from './codes.ts';
import { command, ownBroker, Refusal, refusalOf } from './command.ts';
import { Lines } from './lines.ts';
import { matchName } from './match.ts';
import { codeOf } from './mfa.ts';
import { oneLine, print, say } from './output.ts';
import { devicesOf } from './prompts.ts';

export const unlock = command({
  summary: 'serve sessions again; an MFA code or the operating system confirms that it is you',
  details: `
    Without a code the operating system asks you, where it can; where it cannot, a code is asked for on the terminal, so
    that it stays out of the shell’s history. Where there is no MFA device, a number on the terminal confirms it.
  `,
  examples: ['latchkey unlock', 'latchkey unlock 123456'],
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
    const isTyped = operands.code === undefined && process.stdin.isTTY;
    // An option without a code says of which device none is: then the code is what is missing.
    if (operands.code === undefined && options.device !== undefined && !isTyped)
      throw new Failure('InvalidInput', 'CODE is missing');
    const code = operands.code === undefined ? undefined : await codeOf(operands.code);
    const broker = ownBroker();
    let serial: string | undefined;
    if (isTyped || options.device !== undefined) {
      const state = await broker.call('state.read', {});
      if ('problem' in state) throw refusalOf(state.problem);
      serial =
        options.device === undefined ? likelyDevice(state.value) : deviceOf(state.value, options.device);
    }
    let unlocked: Answer<unknown> = await callAsPerson(broker, 'sessions.unlock', {
      ...(code === undefined ? {} : { code, ...(serial === undefined ? {} : { serial }) }),
    });
    // Only the broker knows whether the system can ask.
    if (isTyped && serial !== undefined && 'problem' in unlocked && unlocked.problem.code === 'Locked')
      unlocked = await unlockWithTypedCode(broker, serial);
    if ('problem' in unlocked) throw refusalOf(unlocked.problem);
    print('Unlocked');
  },
});

async function unlockWithTypedCode(broker: BrokerClient, serial: string): Promise<Answer<unknown>> {
  const lines = new Lines();
  try {
    for (let triesLeft = mostTries; ; triesLeft -= 1) {
      process.stderr.write(`MFA code for ${oneLine(serial)}: `);
      const line = await lines.next();
      if (line === undefined) throw new Refusal('no MFA code was typed');
      const code = line.replaceAll(/\s/g, '');
      const answer = await broker.call('sessions.unlock', { code, serial });
      if ('value' in answer || !isWorthAnother(answer.problem) || triesLeft === 1) return answer;
      say(oneLine(answer.problem.message));
    }
  } finally {
    lines[Symbol.dispose]();
  }
}

/** The active profile's device, else the first that there is; undefined where there is none. */
function likelyDevice({ status, profiles }: State): string | undefined {
  const ofActive = status.active === null ? [] : devicesOf({ profiles, keys: status.keys }, status.active);
  const [first] = [...ofActive, ...allDevices({ status, profiles })];
  return first;
}

function deviceOf(state: State, typed: string): string {
  return matchName(typed, allDevices(state), 'MFA device');
}

/** Every device that a key or a profile names. */
function allDevices({ status, profiles }: Pick<State, 'status' | 'profiles'>): string[] {
  const named = [...status.keys, ...profiles.map(({ profile }) => profile)];
  return [...new Set(named.map(({ mfaSerial }) => mfaSerial).filter((serial) => serial !== undefined))];
}
