/** `latchkey token`: named tokens of the container endpoint. */
import { resolve } from 'node:path';
import { Failure } from '../failure.ts';
import { parseCommandLine } from '../options.ts';
import { writePrivateFile } from '../platform/data-folder.ts';
import { ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { matchName } from './match.ts';
import { clockTime, oneLine, print, say } from './output.ts';

export const token: Command = {
  usage: 'token [list | add NAME PROFILE [--file FILE] | revoke NAME]',
  summary: 'list, make and revoke tokens of the container endpoint, one profile each',
  details: [
    'add      prints the token, this once. SDKs take it from AWS_CONTAINER_AUTHORIZATION_TOKEN.',
    '         --file FILE   writes it to a file of your own (0600) instead, without a line’s end, as SDKs',
    '                       want it in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.',
    '         Set AWS_EC2_METADATA_DISABLED=true beside it: the SDK for Java otherwise goes on to IMDS where',
    '         it is refused, and has the active profile’s credentials then.',
    'revoke   ends a token at once.',
  ],
  example: 'latchkey token add build-box reader --file ~/.aws/build-box.token',
  async run(argv) {
    const [action = 'list', ...rest] = argv;
    switch (action) {
      case 'list':
        return list(rest);
      case 'add':
        return add(rest);
      case 'revoke':
        return revoke(rest);
      default:
        throw new Failure('InvalidInput', `there is no ${JSON.stringify(oneLine(action))}`);
    }
  },
};

async function list(argv: readonly string[]): Promise<void> {
  parseCommandLine(argv, {}, []);
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const { tokens } = state.value.status;
  for (const { name, profile, createdAtMs, lastUsedAtMs } of tokens) {
    const used = lastUsedAtMs === null ? 'never used' : `last used ${clockTime(lastUsedAtMs)}`;
    print(`${name}  ${profile}, made ${clockTime(createdAtMs)}, ${used}`);
  }
  if (tokens.length === 0) print('There is no token');
}

async function add(argv: readonly string[]): Promise<void> {
  const { positionals, values } = parseCommandLine(argv, { file: { type: 'string' } }, ['NAME', 'PROFILE']);
  const [name = '', typed = ''] = positionals;
  const broker = ownBroker();
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const profile = matchName(
    typed,
    state.value.profiles.map((view) => view.profile.name),
    'profile',
  );
  const answer = await broker.commandCall('tokens.create', { name, profile });
  if ('problem' in answer) throw refusalOf(answer.problem);
  const { token: made, url } = answer.value;
  if (values.file === undefined) {
    print(made);
  } else {
    const file = resolve(values.file);
    try {
      // JavaScript asks without a token where the file has a newline, and botocore raises.
      await writePrivateFile(file, made);
    } catch (error) {
      await broker.call('tokens.revoke', { name });
      const reason = error instanceof Error ? error.message : String(error);
      throw new Refusal(`the token could not be written, and is revoked (${reason})`, { cause: error });
    }
    print(`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=${file}`);
  }
  const line = `AWS_CONTAINER_CREDENTIALS_FULL_URI=${url}`;
  // With the token printed, that is the result and nothing else.
  if (values.file === undefined) say(line);
  else print(line);
}

async function revoke(argv: readonly string[]): Promise<void> {
  const { positionals } = parseCommandLine(argv, {}, ['NAME']);
  const [name = ''] = positionals;
  const answer = await ownBroker().call('tokens.revoke', { name });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(`The token ${name} is revoked`);
}
