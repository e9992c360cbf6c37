/** How a grammar is written in one line: for help, for errors, and for the documents. */
import type { Kind, Option } from '../options.ts';
import type { Action, Command, Operand } from './command.ts';

/** With more options than these, usage says only that there are some. */
const mostOptions = 6;

/** Each way to use a command, without the program's name: `token add NAME PROFILE [--file FILE]`. */
export function usagesOf(name: string, subject: Command): string[] {
  if (!('actions' in subject)) return [usageOf(name, subject)];
  return Object.entries(subject.actions).map(([word, action]) =>
    usageOf(`${name} ${word === subject.unlessSaid ? `[${word}]` : word}`, action),
  );
}

/** One action's usage. @param words what stands before its operands */
export function usageOf(words: string, { operands, options }: Action): string {
  const shownOptions = hasManyOptions({ options })
    ? ['[OPTION…]']
    : Object.entries(options).map(([name, option]) => `[${optionInUsage(name, option)}]`);
  const all = Object.entries(operands).map(([name, operand]) => ({ name, operand }));
  const isCommandLine = ({ operand }: { operand: Operand }) => operand.kind === 'command';
  return [
    words,
    ...all.filter((each) => !isCommandLine(each)).map(({ name, operand }) => operandShown(name, operand)),
    ...shownOptions,
    ...all.filter(isCommandLine).map(({ name, operand }) => operandShown(name, operand)),
  ].join(' ');
}

export function hasManyOptions({ options }: Pick<Action, 'options'>): boolean {
  return Object.keys(options).length > mostOptions;
}

function operandShown(name: string, { kind, isOptional }: Operand): string {
  const word = operandName(name);
  const shown = kind === 'command' ? `-- ${word}…` : isWords(kind) ? kind.join('|') : word;
  return isOptional ? `[${shown}]` : shown;
}

/** As help shows it. */
export function operandName(name: string): string {
  return name.toUpperCase();
}

/** `-n, --lines N` */
export function optionShown(name: string, option: Option): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${name}${valueShown(option)}`;
}

function optionInUsage(name: string, option: Option): string {
  const shown = option.short === undefined ? `--${name}` : `-${option.short}`;
  return `${shown}${valueShown(option)}`;
}

function valueShown(option: Option): string {
  return option.type === 'boolean' ? '' : ` ${option.value}`;
}

/** What an option does, with the words that it takes. */
export function optionSummary(option: Option): string {
  if (option.type === 'boolean' || !isWords(option.kind)) return option.summary;
  return `${option.summary} (${option.kind.join(', ')})`;
}

function isWords(kind: Kind | undefined): kind is readonly string[] {
  return typeof kind === 'object';
}

/** A summary as a sentence. */
export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

/** The paragraphs of a text, each on one line. */
export function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/\s+/g, ' '))
    .filter((paragraph) => paragraph !== '');
}
