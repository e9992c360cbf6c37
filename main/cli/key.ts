/** `latchkey key`: the access keys, whose secrets are in the keychain. */
import type { Input, KeyView } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import type { OptionTable } from '../options.ts';
import { callAsPerson } from './as-person.ts';
import { inColumns } from './columns.ts';
import { action, ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { wrongField } from './given-fields.ts';
import { inWords, isoTime, print, styled } from './output.ts';
import { ask, askSecret, canAsk } from './questions.ts';

const mfaSerial = {
  type: 'string',
  value: 'SERIAL',
  summary: 'the user’s MFA device; with it every profile on this key shares one session and one code',
} as const;

const changeOptions = {
  label: { type: 'string', value: 'NEW', summary: 'another label; profiles that are based on it follow' },
  'mfa-serial': mfaSerial,
  region: {
    type: 'string',
    value: 'REGION',
    summary: 'another region whose STS is asked; it is asked at once whether it takes the key',
  },
  unset: {
    type: 'string',
    value: 'OPTION',
    kind: ['mfa-serial'],
    multiple: true,
    summary: 'takes back what this option has set',
  },
} as const satisfies OptionTable;

export const key: Command = {
  summary: 'list, add, change and remove access keys',
  details: `
    The secret access key is asked for on the terminal, which does not show it, or is the first line of standard input
    where that is no terminal; it is never an argument, which other users can read. That a person adds, changes or
    removes a key is confirmed by a number on the terminal.
  `,
  examples: [
    'latchkey key add work --access-key-id AKIAIOSFODNN7EXAMPLE',
    'latchkey key edit work --label work-alice --unset mfa-serial',
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
        'mfa-serial': mfaSerial,
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
    edit: action({
      summary: 'change of an access key what is given, and leave the rest, and its secret, as it is',
      operands: { label: { kind: 'access key' } },
      options: changeOptions,
      run: async ({ operands, options }) => edit(operands.label, options),
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

interface GivenChange {
  readonly label?: string | undefined;
  readonly 'mfa-serial'?: string | undefined;
  readonly region?: string | undefined;
  readonly unset?: readonly string[] | undefined;
}

async function edit(label: string, given: GivenChange): Promise<void> {
  const change = changeOf(given);
  if (Object.keys(change).length === 0)
    throw new Failure('InvalidInput', 'there is nothing to change: give an option');
  const broker = ownBroker();
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  // Before a number is typed for it.
  if (!state.value.status.keys.some((each) => each.label === label))
    throw new Refusal(`there is no access key ${JSON.stringify(label)}`);
  const answer = await callAsPerson(broker, 'keys.edit', { label, ...change });
  if ('problem' in answer) throw wrongField(answer.problem, { label: 'LABEL', newLabel: '--label' });
  const now = answer.value.label;
  print(now === label ? `Changed ${label}` : `Changed ${label}, which is ${now} now`);
}

/** @throws Failure InvalidInput for options that do not go together */
function changeOf(given: GivenChange): Omit<Input<'keys.edit'>, 'label'> {
  const { label, 'mfa-serial': serial, region, unset = [] } = given;
  for (const name of unset)
    if (name !== 'mfa-serial')
      throw new Failure('InvalidInput', `--unset takes mfa-serial, not ${JSON.stringify(name)}`);
  if (serial !== undefined && unset.length > 0)
    throw new Failure('InvalidInput', '--mfa-serial and --unset mfa-serial do not go together');
  const device = unset.length > 0 ? null : serial;
  return {
    ...(label === undefined ? {} : { newLabel: label }),
    ...(device === undefined ? {} : { mfaSerial: device }),
    ...(region === undefined ? {} : { region }),
  };
}

async function remove(label: string): Promise<void> {
  const answer = await callAsPerson(ownBroker(), 'keys.remove', { label });
  if ('problem' in answer) throw wrongField(answer.problem, { label: 'LABEL' });
  print(`Removed ${label}`);
}
