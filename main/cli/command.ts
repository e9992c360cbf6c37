/** What a command of `latchkey` is, and how one ends. */
import type { Problem } from '../../preload/contract.ts';
import { brokerOf, type BrokerClient } from '../control/client.ts';
import { dataFolder } from '../platform/data-folder.ts';

export interface Command {
  /** Its name and operands, as help shows them. */
  readonly usage: string;
  /** In one line, for the list of commands. */
  readonly summary: string;
  /** What there is to know besides, option by option. */
  readonly details: readonly string[];
  readonly example: string;
  /**
   * Does it.
   * @param argv what follows the command's name
   * @throws Failure InvalidInput for a wrong command line, NotRunning where there is no broker, any other where it
   * could not be done; Refusal where the broker refused
   */
  run(argv: readonly string[]): Promise<void>;
}

/** What the process ends with. Documented in help: scripts go by it. */
export const exitStatus = { done: 0, failed: 1, usage: 2, notRunning: 3, interrupted: 130 } as const;

/** What was asked for was not done; the message says why. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** A problem of the contract as what it means for the command. */
export function refusalOf({ message, awsCode, requestId }: Problem): Refusal {
  const byAws = [codeNotIn(message, awsCode), requestId && `request ${requestId}`].filter(Boolean).join(', ');
  return new Refusal(byAws === '' ? message : `${message} (${byAws})`);
}

/** AWS's code, where the message does not name it already. */
export function codeNotIn(message: string, awsCode: string | undefined): string | undefined {
  return awsCode === undefined || message.includes(awsCode) ? undefined : awsCode;
}

/** The broker of this data folder, whether it runs or not. */
export function ownBroker(): BrokerClient {
  return brokerOf(dataFolder());
}
