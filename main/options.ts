/** What the programs of this project take on their command lines. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { Failure } from './failure.ts';

/** What a word of the command line is of, for completion; a list is of all the words that there are. */
export type Kind =
  | 'profile'
  | 'access key'
  | 'token'
  | 'approval'
  | 'approval request'
  | 'MFA device'
  | 'command'
  | 'folder'
  | 'file'
  | readonly string[];

/** In the form of `util.parseArgs`, with what a person has to know of it. */
export type Option = {
  readonly short?: string;
  readonly summary: string;
} & (
  | { readonly type: 'boolean' }
  | {
      readonly type: 'string';
      /** The value's name, as help shows it. */
      readonly value: string;
      readonly kind?: Kind;
      /** It may be given several times. */
      readonly multiple?: true;
    }
);

/** By their long names, without the hyphens. */
export type OptionTable = Readonly<Record<string, Option>>;

/** How a broker is started, by `npm start`, the app, dist/main/headless.js and `latchkey serve` alike. */
export interface Options {
  /** The endpoint's port in place of the settings' one; 0 takes any free one. */
  readonly port?: number | undefined;
  /** Where to tell a script that all is served, and how to reach it. See `writeReadyFile`. */
  readonly readyFile?: string | undefined;
  readonly secrets: 'keychain' | 'memory';
  /** No window, even where one could be shown. */
  readonly headless: boolean;
}

/** {@link Options} as they are given. */
export const serverOptions = {
  port: {
    type: 'string',
    value: 'N',
    summary: 'the endpoint’s port for this run; 0 takes any free one',
  },
  secrets: {
    type: 'string',
    value: 'PLACE',
    kind: ['keychain', 'memory'],
    summary: 'where access keys are kept; memory keeps them until it ends, and only then',
  },
  'ready-file': {
    type: 'string',
    value: 'FILE',
    kind: 'file',
    summary: 'is written once all is served: JSON with imds, interface, home and pid',
  },
  headless: {
    type: 'boolean',
    summary: 'no window; changes nothing for latchkey serve, npm start and the app take it, too',
  },
} as const satisfies OptionTable;

/**
 * Reads a broker's options.
 * @param argv without the program's name
 * @throws Failure InvalidInput that names the option and what would be right
 */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseCommandLine(argv, serverOptions, []);
  return {
    port: values.port === undefined ? undefined : parsePort(values.port),
    readyFile: values['ready-file'] === undefined ? undefined : parseReadyFile(values['ready-file']),
    secrets: parseSecrets(values.secrets ?? 'keychain'),
    headless: values.headless ?? false,
  };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
  if (port > 65_535)
    throw invalid(`--port must be a number from 0 (any free port) to 65535, not ${quote(text)}`);
  return port;
}

function parseSecrets(text: string): 'keychain' | 'memory' {
  if (text === 'keychain' || text === 'memory') return text;
  throw invalid(`--secrets must be keychain or memory, not ${quote(text)}`);
}

/** Where it cannot be written is told now: the script that waits for it would wait for ever. */
function parseReadyFile(file: string): string {
  const folder = dirname(resolve(file));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalid(`--ready-file must be in a folder that exists; there is no folder ${quote(folder)}`);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw invalid(`--ready-file must be a file; ${quote(file)} is a folder`);
  return file;
}

type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/**
 * Parses a command line strictly, in the words of this project: the error names what was wrong and what there is.
 * @param operands the names of the operands it needs, in their order
 * @param optionalOperands the names of those that may follow
 * @throws Failure InvalidInput
 */
export function parseCommandLine<Config extends OptionsConfig>(
  argv: readonly string[],
  options: Config,
  operands: readonly string[],
  optionalOperands: readonly string[] = [],
) {
  const config = { args: [...argv], options, allowPositionals: true } as const;
  // Node's own strictness comes second, for the types: its errors are long and say other things.
  const { tokens, positionals } = parseArgs({ ...config, strict: false, tokens: true });
  for (const token of tokens) if (token.kind === 'option') checkOption(token, options);
  // An empty word is what an unset variable of a shell leaves.
  const all = [...operands, ...optionalOperands];
  const missing = operands[positionals.length] ?? all[positionals.indexOf('')];
  if (missing !== undefined) throw invalid(`${missing} is missing`);
  const extra = positionals[all.length];
  if (extra !== undefined) throw invalid(`${quote(extra)} is one word too many`);
  // As one word each: Node takes the -1 of `--port -1` for an option, and not for a wrong port.
  const args = tokens.map((token) =>
    token.kind === 'option' && token.value !== undefined
      ? `${token.rawName}${token.rawName.startsWith('--') ? '=' : ''}${token.value}`
      : (argv[token.index] ?? ''),
  );
  return parseArgs({ ...config, args });
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkOption({ name, rawName, value, inlineValue }: OptionToken, options: OptionsConfig): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) throw invalid(`there is no option ${rawName}; there is ${list(options)}`);
  if (option.type === 'boolean' && value !== undefined) throw invalid(`${rawName} takes no value`);
  const isAnotherOption = value !== undefined && /^-(?!\d)/.test(value) && !inlineValue;
  if (option.type === 'string' && (!value || isAnotherOption)) throw invalid(`${rawName} needs a value`);
}

function list(options: OptionsConfig): string {
  if (Object.keys(options).length === 0) return 'none';
  return Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ');
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function invalid(message: string): Failure {
  return new Failure('InvalidInput', message);
}

/** The version of this project, from its package.json: all programs are built to dist/main. */
export function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  const read: unknown = JSON.parse(text);
  if (typeof read === 'object' && read !== null && 'version' in read && typeof read.version === 'string')
    return read.version;
  throw new Failure('Internal', 'package.json tells no version');
}
