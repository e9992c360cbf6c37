/** `latchkey key`: the access keys, whose secrets are in the keychain. */
import type { KeyView } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { callAsPerson } from './as-person.ts';
import { inColumns } from './columns.ts';
import { action, ownBroker, refusalOf, type Command } from './command.ts';
import { wrongField } from './given-fields.ts';
import { inWords, isoTime, print, styled } from './output.ts';
import { ask, askSecret, canAsk } from './questions.ts';

export const key: Command = {
  summary: 'list, add and remove access keys',
  details: `
    The secret access key is asked for on the terminal, which does not show it, or is the first line of standard input
    where that is no terminal; it is never an argument, which other users can read. That a person adds or removes a
    key is confirmed by a number on the terminal.
  `,
  examples: [
    'latchkey key add work --access-key-id AKIAIOSFODNN7EXAMPLE',
    'pass aws/work | latchkey key add work --access-key-id AKIAIOSFODNN7EXAMPLE',
  ],
  unlessSaid: 'list',
  actions: {
    list: action({
      summary: 'show the access keys, without their secrets',
      options: { json: { type: 'boolean', summary: 'the same as one JSON document; times are ISO 8601' } },
      run: async ({ options }) => list(options.json ?? false),
    }),
    add: action({
      summary: 'add an access key, once STS has said whose it is; what is not given is asked for',
      operands: { label: { isOptional: true, summary: 'what profiles call it' } },
      options: {
        'access-key-id': {
          type: 'string',
          value: 'ID',
          summary: 'the long-term key’s ID, which begins with AKIA',
        },
        'mfa-serial': {
          type: 'string',
          value: 'SERIAL',
          summary: 'the user’s MFA device; with it every profile on this key shares one session and one code',
        },
        region: {
          type: 'string',
          value: 'REGION',
          summary: 'the region whose STS the key is checked at, us-east-1 unless said',
        },
      },
      run: async ({ operands, options }) =>
        add({
          label: operands.label,
          accessKeyId: options['access-key-id'],
          mfaSerial: options['mfa-serial'],
          region: options.region,
        }),
    }),
    remove: action({
      summary: 'remove an access key, and its secret from the keychain; not while a profile is based on it',
      operands: { label: { kind: 'access key' } },
      run: async ({ operands }) => remove(operands.label),
    }),
  },
};

async function list(asJson: boolean): Promise<void> {
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const { keys } = state.value.status;
  if (asJson) {
    print(JSON.stringify({ keys: keys.map(keyDocument) }, undefined, 2));
    return;
  }
  for (const line of inColumns(keys.map(columnsOf))) print(line);
  if (keys.length === 0) print('There is no access key');
}

function columnsOf({ label, accessKeyId, userArn, mfaSerial, addedAtMs }: KeyView): string[] {
  return [
    styled('bold', label),
    accessKeyId,
    userArn,
    mfaSerial ?? 'no MFA device',
    `added ${inWords(Date.now() - addedAtMs)} ago`,
  ];
}

function keyDocument({ label, accessKeyId, accountId, userArn, mfaSerial, region, addedAtMs }: KeyView) {
  return {
    ...{ label, accessKeyId, accountId, userArn, region },
    mfaSerial: mfaSerial ?? null,
    addedAt: isoTime(addedAtMs),
  };
}

interface GivenKey {
  readonly label: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly mfaSerial: string | undefined;
  readonly region: string | undefined;
}

async function add({ label, accessKeyId, mfaSerial, region }: GivenKey): Promise<void> {
  const broker = ownBroker();
  const described = {
    label: label ?? (await asked('Label', 'LABEL')),
    accessKeyId: accessKeyId ?? (await asked('Access key ID', '--access-key-id')),
    ...(mfaSerial === undefined ? {} : { mfaSerial }),
    ...(region === undefined ? {} : { region }),
  };
  const secret = await askSecret('Secret access key');
  const input = { ...described, secretAccessKey: secret.reveal() };
  const answer = await callAsPerson(broker, 'keys.add', input);
  if ('problem' in answer)
    throw wrongField(answer.problem, { label: 'LABEL', secretAccessKey: 'the secret access key' });
  print(`Added ${answer.value.label}: ${answer.value.accessKeyId} of ${answer.value.userArn}`);
}

async function asked(question: string, word: string): Promise<string> {
  if (!canAsk()) throw new Failure('InvalidInput', `${word} is missing`);
  return ask(question);
}

async function remove(label: string): Promise<void> {
  const answer = await callAsPerson(ownBroker(), 'keys.remove', { label });
  if ('problem' in answer) throw wrongField(answer.problem, { label: 'LABEL' });
  print(`Removed ${label}`);
}
