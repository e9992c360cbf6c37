/** What a command of `latchkey` is: its grammar as data, which help, completion and the documents are made from, and what it does. */
import type { Problem } from '../../preload/contract.ts';
import { brokerOf, type BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';
import { packageVersion, parseCommandLine, type Kind, type OptionTable } from '../options.ts';
import { dataFolder } from '../platform/data-folder.ts';

export interface Operand {
  readonly kind?: Kind;
  readonly isOptional?: true;
  /** What it is, where its name does not say all. */
  readonly summary?: string;
}

/** By their names in small letters, in the order of the command line; help shows them in capitals. */
export type OperandTable = Readonly<Record<string, Operand>>;
/** A command line's grammar, and what is done for it. */
export interface Action {
  /** In one line, as what one tells it to do, without a full stop. */
  readonly summary: string;
  readonly operands: OperandTable;
  readonly options: OptionTable;
  /**
   * Does it.
   * @param argv what follows the name
   * @throws Failure InvalidInput for a wrong command line, NotRunning where there is no broker, any other where it
   * could not be done; Refusal where the broker refused
   */
  run(argv: readonly string[]): Promise<void>;
}

interface About {
  readonly summary: string;
  /** What there is to know besides. Paragraphs have an empty line between them; other line breaks are spaces. */
  readonly details: string;
  readonly examples: readonly string[];
}

/** A command that does one thing. */
export interface SingleCommand extends About, Action {}

/** A command whose next word says what it does. */
export interface ActionsCommand extends About {
  readonly actions: Readonly<Record<string, Action>>;
  /** The action where none is named. */
  readonly unlessSaid?: string;
}

export type Command = SingleCommand | ActionsCommand;

/** What was given for a grammar. */
interface Given<TheOperands extends OperandTable, TheOptions extends OptionTable> {
  readonly operands: {
    readonly [Name in keyof TheOperands]: TheOperands[Name] extends { readonly isOptional: true }
      ? string | undefined
      : string;
  };
  readonly options: ReturnType<typeof parseCommandLine<TheOptions>>['values'];
}

interface Declaration<TheOperands extends OperandTable, TheOptions extends OptionTable> {
  readonly summary: string;
  readonly operands?: TheOperands;
  readonly options?: TheOptions;
  run(given: Given<TheOperands, TheOptions>): Promise<void>;
}

/** An action whose command line is parsed by its grammar. */
export function action<const TheOperands extends OperandTable, const TheOptions extends OptionTable>(
  declaration: Declaration<TheOperands, TheOptions>,
): Action {
  return {
    summary: declaration.summary,
    operands: declaration.operands ?? {},
    options: declaration.options ?? {},
    run: async (argv) => declaration.run(given(argv, declaration)),
  };
}

/** A command that does one thing, whose command line is parsed by its grammar. */
export function command<const TheOperands extends OperandTable, const TheOptions extends OptionTable>(
  declaration: Declaration<TheOperands, TheOptions> & About,
): SingleCommand {
  const { details, examples } = declaration;
  return { ...action(declaration), details, examples };
}

function given<TheOperands extends OperandTable, TheOptions extends OptionTable>(
  argv: readonly string[],
  declaration: Declaration<TheOperands, TheOptions>,
): Given<TheOperands, TheOptions>;
function given(
  argv: readonly string[],
  { operands = {}, options = {} }: Declaration<OperandTable, OptionTable>,
) {
  const words = Object.entries(operands);
  const [needed, optional] = [false, true].map((wanted) =>
    words.flatMap(([name, { isOptional = false }]) => (isOptional === wanted ? [name.toUpperCase()] : [])),
  );
  const { positionals, values } = parseCommandLine(argv, options, needed ?? [], optional);
  return {
    operands: Object.fromEntries(words.map(([name], index) => [name, positionals[index]])),
    options: values,
  };
}

/** The action that a word names, undefined where it names none. */
export function actionNamed(subject: Command, word: string | undefined): Action | undefined {
  if (word === undefined || !('actions' in subject)) return undefined;
  return Object.hasOwn(subject.actions, word) ? subject.actions[word] : undefined;
}

/**
 * The action that is meant, and what is left for it of the words after the command's name.
 * @throws Failure InvalidInput where the command needs an action and has none
 */
export function actionOf(
  subject: Command,
  argv: readonly string[],
): { readonly action: Action; readonly rest: readonly string[] } {
  if (!('actions' in subject)) return { action: subject, rest: argv };
  const [word] = argv;
  const named = actionNamed(subject, word);
  if (named !== undefined) return { action: named, rest: argv.slice(1) };
  const known = Object.keys(subject.actions).join(', ');
  if (word !== undefined && !word.startsWith('-'))
    throw new Failure('InvalidInput', `there is no ${JSON.stringify(word)}; there is ${known}`);
  const action = actionNamed(subject, subject.unlessSaid);
  if (action === undefined) throw new Failure('InvalidInput', `it needs to be told what to do: ${known}`);
  return { action, rest: argv };
}

/** What the process ends with, and what that means. Documented in help: scripts go by it. */
export const exitStatus = { done: 0, failed: 1, usage: 2, notRunning: 3, interrupted: 130 } as const;

export const exitStatusMeanings: Readonly<Record<keyof typeof exitStatus, string>> = {
  done: 'done',
  failed: 'refused or failed',
  usage: 'wrong command line',
  notRunning: 'Latchkey is not running',
  interrupted: 'interrupted by Ctrl-C',
};

/** What they do not hold for. */
export const otherExitStatus = 'those of exec and shell are their program’s own';

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
  return brokerOf(dataFolder(), packageVersion());
}
