/** The documents of the `latchkey` command, made of its grammar: docs/commands.md and man/latchkey.1. */
import {
  exitStatus,
  exitStatusMeanings,
  otherExitStatus,
  type Action,
  type Command,
} from '../main/cli/command.ts';
import { allCommands } from '../main/cli/commands.ts';
import {
  operandName,
  optionShown,
  optionSummary,
  paragraphs,
  sentence,
  usagesOf,
} from '../main/cli/usage.ts';

const lead = 'Short-lived AWS credentials from the broker that runs on this machine.';

const variables: readonly (readonly [name: string, text: string])[] = [
  [
    'LATCHKEY_HOME',
    'The data folder. Otherwise ~/.config/latchkey, on macOS ~/Library/Application Support/Latchkey.',
  ],
  ['NO_COLOR', 'Turns colours off. There are none either where standard output is no terminal.'],
];

const outputs =
  'Results are on standard output, everything else is on standard error: an error is one line that says what to do next.';

type Named = readonly (readonly [name: string, Command])[];

/** What stands in a list: a term, and what there is to say. */
interface Term {
  readonly term: string;
  readonly text: string;
  /** It belongs to the term before. */
  readonly isInner: boolean;
}

function termsOf(subject: Command): Term[] {
  if (!('actions' in subject)) return wordsOf(subject, false);
  return Object.entries(subject.actions).flatMap(([word, action]) => [
    { term: word, text: sentence(action.summary), isInner: false },
    ...wordsOf(action, true),
  ]);
}

function wordsOf({ operands, options }: Action, isInner: boolean): Term[] {
  return [
    ...Object.entries(operands).flatMap(([name, { summary }]) =>
      summary === undefined ? [] : [{ term: operandName(name), text: sentence(summary), isInner }],
    ),
    ...Object.entries(options).map(([name, option]) => ({
      term: optionShown(name, option),
      text: sentence(optionSummary(option)),
      isInner,
    })),
  ];
}

function statuses(): (readonly [status: number, meaning: string])[] {
  return Object.entries(exitStatusMeanings).map(([name, meaning]) => [
    Object.entries(exitStatus).find(([other]) => other === name)?.[1] ?? 0,
    sentence(meaning),
  ]);
}

function markdown(commands: Named): string {
  const blocks = [
    '# The `latchkey` command',
    'Made by `npm run commands` from the commands themselves; `latchkey COMMAND --help` and `man ./man/latchkey.1` say the same.',
    `${lead} ${outputs}`,
    commands.map(([name, { summary }]) => `- [${name}](#latchkey-${name}): ${escaped(summary)}`).join('\n'),
    ...commands.flatMap(([name, subject]) => [
      `## latchkey ${name}`,
      escaped(sentence(subject.summary)),
      fenced(usagesOf(name, subject).map((usage) => `latchkey ${usage}`)),
      ...paragraphs(subject.details).map(escaped),
      ...listOf(termsOf(subject)),
      subject.examples.length === 1 ? 'For example:' : 'Examples:',
      fenced(subject.examples),
    ]),
    '## Exit status',
    statuses()
      .map(([status, meaning]) => `- ${status}: ${meaning}`)
      .join('\n'),
    sentence(otherExitStatus),
    '## Environment',
    variables.map(([name, text]) => `- \`${name}\`: ${text}`).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function listOf(terms: readonly Term[]): string[] {
  if (terms.length === 0) return [];
  return [
    terms
      .map(({ term, text, isInner }) => `${isInner ? '  ' : ''}- \`${term}\`: ${escaped(text)}`)
      .join('\n'),
  ];
}

function fenced(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n');
}

/** A text in which nothing is markup. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]]/g, '\\$&');
}

/** In the macros of man(7), which groff and mandoc both read. */
function manual(commands: Named): string {
  const lines = [
    '.TH LATCHKEY 1 "" "Latchkey" "Latchkey"',
    '.SH NAME',
    'latchkey \\- short\\-lived AWS credentials from a local broker',
    '.SH SYNOPSIS',
    '.B latchkey',
    '.I COMMAND',
    '[\\fIOPERAND\\fR\\|.\\|.\\|.] [\\fIOPTION\\fR\\|.\\|.\\|.]',
    '.SH DESCRIPTION',
    roff(`${lead} ${outputs}`),
    '.SH COMMANDS',
    ...commands.flatMap(([name, subject]) => manualOf(name, subject)),
    '.SH EXIT STATUS',
    ...statuses().flatMap(([status, meaning]) => ['.TP', `.B ${status}`, roff(meaning)]),
    '.PP',
    roff(sentence(otherExitStatus)),
    '.SH ENVIRONMENT',
    ...variables.flatMap(([name, text]) => ['.TP', `.B ${roff(name)}`, roff(text)]),
  ];
  return `${lines.join('\n')}\n`;
}

function manualOf(name: string, subject: Command): string[] {
  const [first = '', ...more] = paragraphs(subject.details);
  return [
    `.SS "latchkey ${name}"`,
    roff(sentence(subject.summary)),
    ...verbatim(usagesOf(name, subject).map((usage) => `latchkey ${usage}`)),
    ...(first === '' ? [] : ['.PP', roff(first)]),
    ...more.flatMap((paragraph) => ['.PP', roff(paragraph)]),
    ...termsOf(subject).flatMap(({ term, text, isInner }) => [
      ...(isInner ? ['.RS'] : []),
      '.TP',
      `.B ${roff(term)}`,
      roff(text),
      ...(isInner ? ['.RE'] : []),
    ]),
    '.PP',
    subject.examples.length === 1 ? 'For example:' : 'Examples:',
    ...verbatim(subject.examples),
  ];
}

function verbatim(lines: readonly string[]): string[] {
  return ['.PP', '.RS', '.nf', ...lines.map(roff), '.fi', '.RE'];
}

/** A line of text in which nothing is a request or an escape of roff, in ASCII. */
function roff(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('"', '\\(dq')
    .replaceAll('…', '\\|.\\|.\\|.');
  return plain.startsWith('.') ? `\\&${plain}` : plain;
}

const commands = await allCommands();

/** The text of each document, by its path in the project. */
export const commandPages: ReadonlyMap<string, string> = new Map([
  ['docs/commands.md', markdown(commands)],
  ['man/latchkey.1', manual(commands)],
]);
