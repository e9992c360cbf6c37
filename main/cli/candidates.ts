/** What completion offers for a command line, by the commands' own grammar and what the broker has. */
import { setTimeout as delay } from 'node:timers/promises';
import type { State } from '../../preload/contract.ts';
import type { Kind } from '../options.ts';
import { actionNamed, ownBroker, type Action, type Command } from './command.ts';
import { allCommands, commandNamed } from './commands.ts';
import { oneLine, print } from './output.ts';

/** A broker that does not answer must not hold up somebody who types. */
const patienceMs = 1000;

interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** What the shell is to complete by itself, and better. */
type ByShell = 'files' | 'folders' | 'command';

/**
 * Prints the candidates for a word, each as `WORD<tab>DESCRIPTION`; or `:files`, `:folders` or `:command`, where the
 * shell knows them itself. Nothing where nothing fits, and never an error: it would be shown amid what is typed.
 * @param argv a colon and the word as far as it is typed, then the words before it. The colon since some shells drop
 * an empty word
 */
export async function printCandidates([marked = ':', ...before]: readonly string[]): Promise<void> {
  const typed = marked.slice(1);
  try {
    const offered = await candidatesFor(typed, before);
    if (typeof offered === 'string') print(`:${offered}`);
    else
      for (const { word, description } of offered)
        if (word.startsWith(typed)) print(`${word}\t${oneLine(description)}`);
  } catch {
    // No broker, most likely.
  }
}

async function candidatesFor(typed: string, before: readonly string[]): Promise<Candidate[] | ByShell> {
  const [name, ...words] = before;
  if (name === undefined) return commandCandidates();
  if (name === 'help') return words.length === 0 ? commandCandidates() : [];
  const command = await commandNamed(name);
  if (command === undefined) return [];
  const [word] = words;
  if ('actions' in command && word === undefined && !typed.startsWith('-')) return actionCandidates(command);
  const named = actionNamed(command, word);
  if (named !== undefined) return wordCandidates(named, typed, words.slice(1));
  const action = 'actions' in command ? actionNamed(command, command.unlessSaid) : command;
  return action === undefined ? [] : wordCandidates(action, typed, words);
}

async function commandCandidates(): Promise<Candidate[]> {
  const commands = await allCommands();
  return commands.map(([word, { summary }]) => ({ word, description: summary }));
}

function actionCandidates(command: Command): Candidate[] {
  const actions = 'actions' in command ? Object.entries(command.actions) : [];
  return actions.map(([word, { summary }]) => ({ word, description: summary }));
}

/** @param before the words of this action that stand before the one that is typed */
async function wordCandidates(
  { operands, options }: Action,
  typed: string,
  before: readonly string[],
): Promise<Candidate[] | ByShell> {
  const operandKinds = Object.values(operands).map(({ kind }) => kind);
  const end = before.indexOf('--');
  if (end !== -1) {
    if (!operandKinds.includes('command')) return [];
    return end === before.length - 1 ? 'command' : 'files';
  }
  const valueKindOf = (word: string | undefined): { readonly kind: Kind | undefined } | undefined => {
    const [, name = '', short = ''] = /^(?:--([\w-]+)|-(\w))$/.exec(word ?? '') ?? [];
    const option = Object.entries(options).find(
      ([long, known]) => long === name || known.short === (short || false),
    );
    return option?.[1].type === 'string' ? { kind: option[1].kind } : undefined;
  };
  const ofValue = valueKindOf(before.at(-1));
  if (ofValue !== undefined) return candidatesOf(ofValue.kind);
  const [, inline] = /^(--[\w-]+)=/.exec(typed) ?? [];
  if (inline !== undefined) {
    const offered = await candidatesOf(valueKindOf(inline)?.kind);
    if (typeof offered === 'string') return offered;
    return offered.map(({ word, description }) => ({ word: `${inline}=${word}`, description }));
  }
  if (typed.startsWith('-'))
    return [
      ...Object.entries(options).map(([name, { summary }]) => ({ word: `--${name}`, description: summary })),
      { word: '--help', description: 'tells what there is' },
    ];
  const given = before.filter(
    (word, index) => !word.startsWith('-') && valueKindOf(before[index - 1]) === undefined,
  );
  const kind = operandKinds[given.length];
  // What runs a command wants `--` before it.
  return kind === 'command' ? [{ word: '--', description: 'the command follows' }] : candidatesOf(kind);
}

async function candidatesOf(kind: Kind | undefined): Promise<Candidate[] | ByShell> {
  switch (kind) {
    case undefined:
      return [];
    case 'file':
      return 'files';
    case 'folder':
      return 'folders';
    case 'command':
      return 'command';
    case 'profile':
    case 'access key':
    case 'token':
    case 'approval':
    case 'approval request':
    case 'MFA device':
      return liveCandidates(kind, await stateNow());
    default:
      return kind.map((word) => ({ word, description: '' }));
  }
}

type LiveKind = Exclude<Kind, 'file' | 'folder' | 'command' | readonly string[]>;

function liveCandidates(kind: LiveKind, { status, profiles }: State): Candidate[] {
  switch (kind) {
    case 'profile':
      return profiles.map(({ profile, accountId, roleName }) => ({
        word: profile.name,
        description: `${roleName} in ${accountId}`,
      }));
    case 'access key':
      return status.keys.map(({ label, userArn }) => ({ word: label, description: userArn }));
    case 'token':
      return status.tokens.map(({ name, profile }) => ({ word: name, description: profile }));
    case 'approval':
      return status.approvals.map(({ id, program, profile }) => ({
        word: id,
        description: `${program}, ${profile}`,
      }));
    case 'approval request':
      return status.approvalRequests.map(({ id, program, profile }) => ({
        word: id,
        description: `${program.name} (${program.pid}), ${profile}`,
      }));
    case 'MFA device':
      return status.prompts.map(({ serial, profile }) => ({ word: serial, description: profile }));
  }
}

async function stateNow(): Promise<State> {
  const ended = new AbortController();
  const answer = await Promise.race([
    ownBroker().call('state.read', {}, ended.signal),
    delay(patienceMs, undefined, { ref: false }),
  ]);
  if (answer === undefined || 'problem' in answer) throw new Error('it does not answer');
  return answer.value;
}
