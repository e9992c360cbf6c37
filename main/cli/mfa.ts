/** `latchkey mfa CODE`: gives the MFA code that is waited for. */
import type { Prompt } from '../../preload/contract.ts';
import { command, ownBroker, Refusal, refusalOf } from './command.ts';
import { Lines } from './lines.ts';
import { matchName } from './match.ts';
import { print } from './output.ts';

export const mfa = command({
  summary: 'give the MFA code that is waited for',
  details: '',
  examples: ['latchkey mfa 123456'],
  operands: { code: { summary: 'six digits; - reads them from the first line of standard input' } },
  options: {
    device: {
      type: 'string',
      value: 'SERIAL',
      kind: 'MFA device',
      summary:
        'the device it is of, or a part of its serial number that fits no other; only needed where codes of several devices are waited for',
    },
  },
  async run({ operands, options }) {
    const code = await codeOf(operands.code);
    const broker = ownBroker();
    const state = await broker.call('state.read', {});
    if ('problem' in state) throw refusalOf(state.problem);
    const serial = deviceOf(state.value.status.prompts, options.device);
    const answer = await broker.call('mfa.answer', { serial, code });
    if ('problem' in answer) throw refusalOf(answer.problem);
    print(`The code of ${serial} was accepted`);
  },
});

/**
 * The code that an operand gives: itself, or for `-` the first line of standard input.
 * @throws Refusal where standard input has none
 */
export async function codeOf(operand: string): Promise<string> {
  if (operand !== '-') return operand;
  const lines = new Lines();
  try {
    const line = await lines.next();
    if (line === undefined) throw new Refusal('there is no code on standard input');
    return line.replaceAll(/\s/g, '');
  } finally {
    lines[Symbol.dispose]();
  }
}

function deviceOf(prompts: readonly Prompt[], typed: string | undefined): string {
  const serials = prompts.map(({ serial }) => serial);
  const [serial, another] = serials;
  if (serial === undefined)
    throw new Refusal(
      'no MFA code is waited for; latchkey use PROFILE asks for one where its session takes one',
    );
  if (typed !== undefined) return matchName(typed, serials, 'device whose code is waited for');
  if (another !== undefined)
    throw new Refusal(
      `codes of several devices are waited for; add --device with one of ${serials.join(', ')}`,
    );
  return serial;
}
