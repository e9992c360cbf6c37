/** The `latchkey` command: finds the command, and ends the process by what came of it. */
import { Failure } from '../failure.ts';
import { packageVersion } from '../options.ts';
import { approvals } from './approvals.ts';
import { audit } from './audit.ts';
import { exitStatus, Refusal, type Command } from './command.ts';
import { endpoint } from './endpoint.ts';
import { credentials } from './credentials.ts';
import { lock } from './lock.ts';
import { mfa } from './mfa.ts';
import { open } from './open.ts';
import { oneLine, print, say } from './output.ts';
import { serve } from './serve.ts';
import { status } from './status.ts';
import { token } from './token.ts';
import { unlock } from './unlock.ts';
import { use } from './use.ts';

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    serve,
    status,
    use,
    mfa,
    lock,
    unlock,
    open,
    endpoint,
    audit,
    approvals,
    credentials,
    token,
  } satisfies Record<string, Command>),
);

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
    process.stdout.on('error', () => process.exit(exitStatus.failed));
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printHelp(rest[0] === undefined ? undefined : commands.get(rest[0]));
    return exitStatus.done;
  }
  if (name === '--version') {
    print(packageVersion());
    return exitStatus.done;
  }
  const command = commands.get(name);
  if (command === undefined) {
    const kind = name.startsWith('-') ? 'option' : 'command';
    say(
      `latchkey: there is no ${kind} ${oneLine(name)}; there is ${[...commands.keys()].join(', ')}, --help, --version`,
    );
    return exitStatus.usage;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    printHelp(command);
    return exitStatus.done;
  }
  try {
    await command.run(rest);
    return exitStatus.done;
  } catch (error) {
    return explain(error, name, command);
  }
}

function interrupt(): void {
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.exit(exitStatus.interrupted);
}

/** Says in one line why a command was not done, and gives what the process ends with. */
function explain(error: unknown, name: string, { usage }: Command): number {
  if (error instanceof Failure && error.code === 'InvalidInput') {
    say(`latchkey ${name}: ${oneLine(error.message)}; it is used as: latchkey ${usage}`);
    return exitStatus.usage;
  }
  const isForeseen = error instanceof Failure || error instanceof Refusal;
  say(`latchkey: ${oneLine(isForeseen ? error.message : `unexpected fault: ${String(error)}`)}`);
  return error instanceof Failure && error.code === 'NotRunning' ? exitStatus.notRunning : exitStatus.failed;
}

function printHelp(command: Command | undefined): void {
  const lines = command === undefined ? helpOfAll() : helpOf(command);
  for (const line of lines) print(line);
}

function helpOf({ usage, summary, details, example }: Command): string[] {
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return [`Usage: latchkey ${usage}`, '', sentence, ...details, '', 'Example:', `  ${example}`];
}

function helpOfAll(): string[] {
  const list = [...commands].map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`);
  return [
    'Usage: latchkey COMMAND …',
    '',
    'Short-lived AWS credentials from the broker that runs on this machine.',
    '',
    ...list,
    '',
    'latchkey COMMAND --help tells more and has an example. LATCHKEY_HOME names another data folder.',
    `Exit status: ${exitStatus.done} done, ${exitStatus.failed} refused or failed, ${exitStatus.usage} wrong command line, ${exitStatus.notRunning} Latchkey is not running.`,
  ];
}
