/** Calls that only a person may make: the broker shows a number on the terminal, and it has to be typed. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type {
  Answer,
  CallName,
  CommandCallName,
  CommandInput,
  CommandOutput,
  Input,
  Output,
} from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Refusal } from './command.ts';
import { Lines } from './lines.ts';
import { oneLine } from './output.ts';

/**
 * Makes a call, and where the broker wants to be sure that a person does asks for the number that it shows.
 * @throws Refusal where no number is typed; as `BrokerClient.call`
 */
export function callAsPerson<Name extends CallName>(
  broker: BrokerClient,
  name: Name,
  input: Input<Name>,
): Promise<Answer<Output<Name>>> {
  return confirmed((number) => broker.call(name, input, undefined, number));
}

/** The same for the calls of the command alone. @throws as `callAsPerson` */
export function commandCallAsPerson<Name extends CommandCallName>(
  broker: BrokerClient,
  name: Name,
  input: CommandInput<Name>,
): Promise<Answer<CommandOutput<Name>>> {
  return confirmed((number) => broker.commandCall(name, input, number));
}

async function confirmed<Value>(call: (number?: string) => Promise<Answer<Value>>): Promise<Answer<Value>> {
  let answer = await call();
  while ('problem' in answer && answer.problem.code === 'ChallengeNeeded')
    answer = await call(await typedNumber(oneLine(answer.problem.message)));
  return answer;
}

/** From the terminal itself: standard input may be a script's. */
async function typedNumber(question: string): Promise<string> {
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch (error) {
    throw new Refusal(`${question}, but this has no terminal to read it from`, { cause: error });
  }
  // Its own descriptor, which it closes: the question has been written by then.
  const terminal = new ReadStream(openSync('/dev/tty', 'r'));
  const lines = new Lines(terminal);
  try {
    writeSync(descriptor, `${question}: `);
    const line = await lines.next();
    if (line === undefined) throw new Refusal('no number was typed');
    // What is no number is a wrong one; in a header it could not be sent.
    return /^\d{1,8}$/.test(line.trim()) ? line.trim() : '-';
  } finally {
    lines[Symbol.dispose]();
    terminal.destroy();
    closeSync(descriptor);
  }
}
