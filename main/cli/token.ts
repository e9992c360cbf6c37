/** `latchkey token`: named tokens of the container endpoint. */
import { resolve } from 'node:path';
import { writePrivateFile } from '../platform/private-file.ts';
import { commandCallAsPerson } from './as-person.ts';
import { action, ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { matchProfileToGive } from './match.ts';
import { clockTime, print, say } from './output.ts';
import { tokenDocument } from './status-access.ts';

export const token: Command = {
  summary: 'list, make and revoke tokens of the container endpoint, one profile each',
  details: `
    SDKs take a token from AWS_CONTAINER_AUTHORIZATION_TOKEN, or from the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
    names. Set AWS_EC2_METADATA_DISABLED=true beside it: the SDK for Java otherwise goes on to IMDS where it is refused,
    and has the active profile’s credentials then. A token is made once a number on the terminal is typed.
  `,
  examples: ['latchkey token add build-box reader --file ~/.aws/build-box.token'],
  unlessSaid: 'list',
  actions: {
    list: action({
      summary: 'show the tokens by their names, with when they were last used',
      options: { json: { type: 'boolean', summary: 'the same as one JSON document; times are ISO 8601' } },
      run: async ({ options }) => list(options.json ?? false),
    }),
    add: action({
      summary: 'make a token, and print it this once',
      operands: {
        name: {},
        profile: { kind: 'profile', summary: 'its name; on a terminal also a part of it that fits no other' },
      },
      options: {
        file: {
          type: 'string',
          value: 'FILE',
          kind: 'file',
          summary:
            'writes it to a file of your own (0600) instead, without a line’s end, as SDKs want it there',
        },
      },
      run: async ({ operands, options }) => add(operands.name, operands.profile, options.file),
    }),
    revoke: action({
      summary: 'end a token at once',
      operands: { name: { kind: 'token' } },
      run: async ({ operands }) => revoke(operands.name),
    }),
  },
};

async function list(asJson: boolean): Promise<void> {
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const { tokens } = state.value.status;
  if (asJson) {
    print(JSON.stringify({ tokens: tokens.map(tokenDocument) }, undefined, 2));
    return;
  }
  for (const { name, profile, createdAtMs, lastUsedAtMs } of tokens) {
    const used = lastUsedAtMs === null ? 'never used' : `last used ${clockTime(lastUsedAtMs)}`;
    print(`${name}  ${profile}, made ${clockTime(createdAtMs)}, ${used}`);
  }
  if (tokens.length === 0) print('There is no token');
}

async function add(name: string, typed: string, givenFile: string | undefined): Promise<void> {
  const broker = ownBroker();
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const profile = matchProfileToGive(
    typed,
    state.value.profiles.map((view) => view.profile.name),
  );
  const answer = await commandCallAsPerson(broker, 'tokens.create', { name, profile });
  if ('problem' in answer) throw refusalOf(answer.problem);
  const { token: made, url } = answer.value;
  if (givenFile === undefined) {
    print(made);
  } else {
    const file = resolve(givenFile);
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
  if (givenFile === undefined) say(line);
  else print(line);
}

async function revoke(name: string): Promise<void> {
  const answer = await ownBroker().call('tokens.revoke', { name });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(`The token ${name} is revoked`);
}
