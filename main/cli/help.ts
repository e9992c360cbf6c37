/** Help, as a terminal shows it. */
import type { Action, Command } from './command.ts';
import { exitStatus, exitStatusMeanings, otherExitStatus } from './command.ts';
import {
  hasManyOptions,
  operandName,
  optionShown,
  optionSummary,
  paragraphs,
  sentence,
  usageOf,
  usagesOf,
} from './usage.ts';

const lineWidth = 100;

/** A line of a list: what it is about, what there is to say, and how far it is indented. */
type Entry = readonly [term: string, text: string, indent: number];

/** The help of all. */
export function helpOfAll(commands: readonly (readonly [name: string, Command])[]): string[] {
  return [
    'Usage: latchkey COMMAND …',
    '',
    'Short-lived AWS credentials from the broker that runs on this machine.',
    '',
    ...listed(commands.map(([name, { summary }]) => [name, summary, 2])),
    '',
    'latchkey COMMAND --help tells more and has an example. LATCHKEY_HOME names another data folder;',
    'NO_COLOR turns colours off.',
    ...wrapped(`Exit status: ${exitStatusLine()}; ${otherExitStatus}.`, 0),
  ];
}

function exitStatusLine(): string {
  return Object.entries(exitStatusMeanings)
    .map(([name, meaning]) => `${statusOf(name)} ${meaning}`)
    .join(', ');
}

function statusOf(name: string): number | undefined {
  return Object.entries(exitStatus).find(([other]) => other === name)?.[1];
}

/** The help of a command. */
export function helpOf(name: string, subject: Command): string[] {
  const [usage = '', ...more] = usagesOf(name, subject);
  const actions = 'actions' in subject ? Object.entries(subject.actions) : [];
  const entries = 'actions' in subject ? actionEntries(name, subject.actions) : entriesOf(subject, 2);
  return [
    `Usage: latchkey ${usage}`,
    ...more.map((line) => `       latchkey ${line}`),
    '',
    sentence(subject.summary),
    ...paragraphs(subject.details).flatMap((paragraph) => ['', ...wrapped(paragraph, 0)]),
    ...(entries.length === 0 ? [] : ['', ...(actions.length === 0 ? [] : ['Actions:']), ...listed(entries)]),
    '',
    subject.examples.length === 1 ? 'Example:' : 'Examples:',
    ...subject.examples.map((example) => `  ${example}`),
  ];
}

/** The help of one action of a command. */
export function helpOfAction(name: string, subject: Command, word: string, action: Action): string[] {
  const entries = entriesOf(action, 2);
  const examples = subject.examples.filter((example) => example.includes(`latchkey ${name} ${word}`));
  return [
    `Usage: latchkey ${usageOf(`${name} ${word}`, action)}`,
    '',
    ...wrapped(sentence(action.summary), 0),
    ...(entries.length === 0 ? [] : ['', ...listed(entries)]),
    ...(examples.length === 0 ? [] : ['', 'Example:', ...examples.map((example) => `  ${example}`)]),
    '',
    `latchkey ${name} --help tells more.`,
  ];
}

function actionEntries(name: string, actions: Readonly<Record<string, Action>>): Entry[] {
  return Object.entries(actions).flatMap(([word, action]): Entry[] => {
    const more = hasManyOptions(action) ? ` (its options: latchkey ${name} ${word} --help)` : '';
    const details = more === '' ? entriesOf(action, 4) : [];
    return [[word, `${action.summary}${more}`, 2], ...details];
  });
}

function entriesOf({ operands, options }: Action, indent: number): Entry[] {
  const ofOperands = Object.entries(operands).flatMap(([name, { summary }]): Entry[] =>
    summary === undefined ? [] : [[operandName(name), summary, indent]],
  );
  const ofOptions = Object.entries(options).map(([name, option]): Entry => [
    optionShown(name, option),
    optionSummary(option),
    indent,
  ]);
  return [...ofOperands, ...ofOptions];
}

/** In two columns. */
function listed(entries: readonly Entry[]): string[] {
  const column = Math.max(...entries.map(([term, , indent]) => indent + term.length)) + 3;
  return entries.flatMap(([term, text, indent]) => {
    const [first = '', ...more] = wrapped(text, column);
    return [`${' '.repeat(indent)}${term}`.padEnd(column) + first.trimStart(), ...more];
  });
}

/** A text in lines of at most so many characters, each indented. */
function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= lineWidth)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(' '.repeat(indent) + word);
  }
  return lines;
}
