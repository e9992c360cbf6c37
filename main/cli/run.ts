/** The `latchkey` command: finds the command, and ends the process by what came of it. */
import { Failure } from '../failure.ts';
import { packageVersion } from '../options.ts';
import { actionNamed, actionOf, exitStatus, Refusal, type Command } from './command.ts';
import { allCommands, commandNamed, commandNames } from './commands.ts';
import { oneLine, print, say } from './output.ts';
import { usageOf, usagesOf } from './usage.ts';

/** What the shells' completion runs; no command for a person. */
export const completionName = '__complete';

/**
 * Runs a command line. Never rejects: an error is one line on standard error.
 * @param argv without the program's name
 * @returns what the process is to end with
 */
export async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  // A server ends in its own way, and goes on when nobody reads what it printed.
  if (name !== 'serve') {
    process.once('SIGINT', interrupt);
    process.stdout.on('error', endWithoutOutput);
  }
  if (name === completionName) {
    const { printCandidates } = await import('./candidates.ts');
    await printCandidates(rest);
    return exitStatus.done;
  }
  if (name === undefined || isHelp(name) || name === 'help') return help(name === 'help' ? rest : []);
  if (name === '--version') {
    print(packageVersion());
    return exitStatus.done;
  }
  const command = await commandNamed(name);
  if (command === undefined) return unknown(name);
  if (wantsHelp(rest)) return help([name, ...rest]);
  try {
    const { action, rest: words } = actionOf(command, rest);
    await action.run(words);
    return exitStatus.done;
  } catch (error) {
    return explain(error, name, command, rest);
  }
}

function interrupt(): void {
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.exit(exitStatus.interrupted);
}

/** Where nobody reads on, as after `| head`, there is nothing to say; a full disk is to be told of. */
function endWithoutOutput(error: Error): void {
  const isUnread = 'code' in error && error.code === 'EPIPE';
  if (!isUnread) say(`latchkey: standard output cannot be written: ${oneLine(error.message)}`);
  process.exit(exitStatus.failed);
}

function unknown(name: string): number {
  const kind = name.startsWith('-') ? 'option' : 'command';
  say(
    `latchkey: there is no ${kind} ${oneLine(name)}; there is ${commandNames.join(', ')}, --help, --version`,
  );
  return exitStatus.usage;
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

/** What stands after `--` belongs to another program. */
function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).some(isHelp);
}

/** Prints the help of all, of the command that the words name, or of its action where they name one. */
async function help([name, word = '']: readonly string[]): Promise<number> {
  const { helpOf, helpOfAction, helpOfAll } = await import('./help.ts');
  if (name === undefined) return printAll(helpOfAll(await allCommands()));
  const command = await commandNamed(name);
  if (command === undefined) return unknown(name);
  const action = actionNamed(command, word);
  return printAll(action === undefined ? helpOf(name, command) : helpOfAction(name, command, word, action));
}

function printAll(lines: readonly string[]): number {
  for (const line of lines) print(line);
  return exitStatus.done;
}

/** Says in one line why a command was not done, and gives what the process ends with. */
function explain(error: unknown, name: string, command: Command, rest: readonly string[]): number {
  if (error instanceof Failure && error.code === 'InvalidInput') {
    const [word = ''] = rest;
    const action = actionNamed(command, word);
    const words = action === undefined ? name : `${name} ${word}`;
    const usage = action === undefined ? usagesOf(name, command).join(', ') : usageOf(words, action);
    say(`latchkey ${words}: ${oneLine(error.message)}; it is used as: latchkey ${usage}`);
    return exitStatus.usage;
  }
  const isForeseen = error instanceof Failure || error instanceof Refusal;
  say(`latchkey: ${oneLine(isForeseen ? error.message : `unexpected fault: ${String(error)}`)}`);
  return error instanceof Failure && error.code === 'NotRunning' ? exitStatus.notRunning : exitStatus.failed;
}
