/** `latchkey profile`: adds, changes and removes profiles. `profiles` lists them. */
import * as z from 'zod/mini';
import type { Input, State } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { firstProblem } from '../first-problem.ts';
import { profileSchema, type Profile } from '../profiles/profile.ts';
import { callAsPerson } from './as-person.ts';
import { action, ownBroker, refusalOf, type Command } from './command.ts';
import { wrongField } from './given-fields.ts';
import { noProfile } from './match.ts';
import { print } from './output.ts';
import { changeOptions, changed, profileOptions, type GivenProfile } from './profile-options.ts';
import { ask, canAsk } from './questions.ts';

export const profile: Command = {
  summary: 'add, change and remove profiles',
  details: `
    latchkey profiles lists them. That a person changes them is confirmed by a number on the terminal.
  `,
  examples: [
    'latchkey profile add billing --role-arn arn:aws:iam::123456789012:role/Billing --base-key work --region eu-central-1',
    'latchkey profile edit billing --protected --unset external-id',
  ],
  actions: {
    add: action({
      summary: 'add a profile; what it needs and is not given is asked for',
      operands: { name: { isOptional: true, summary: 'what it is called' } },
      options: profileOptions,
      run: async ({ operands, options }) => add(operands.name, options),
    }),
    edit: action({
      summary: 'change of a profile what is given, and leave the rest as it is',
      operands: { name: { kind: 'profile' } },
      options: changeOptions,
      run: async ({ operands, options }) => edit(operands.name, options),
    }),
    remove: action({
      summary: 'remove a profile; not while another one is based on it',
      operands: { name: { kind: 'profile' } },
      run: async ({ operands }) => remove(operands.name),
    }),
  },
};

async function add(name: string | undefined, given: GivenProfile): Promise<void> {
  const state = await stateNow();
  const whole: Record<string, unknown> = changed({}, given);
  whole['name'] = name ?? (await asked('Name', 'NAME'));
  whole['roleArn'] ??= await asked('Role ARN', '--role-arn');
  whole['base'] ??= { key: await asked('Access key', '--base-key or --base-profile', onlyKey(state)) };
  whole['region'] ??= await asked('Region', '--region');
  await save({ profile: parsed(whole) });
  print(`Added ${String(whole['name'])}`);
}

async function edit(name: string, given: GivenProfile): Promise<void> {
  const state = await stateNow();
  const before = state.profiles.find((view) => view.profile.name === name)?.profile;
  if (before === undefined) throw noProfile(name);
  if (Object.keys(given).length === 0)
    throw new Failure('InvalidInput', 'there is nothing to change: give an option');
  const after = parsed(changed(before, given));
  await save({ profile: after, replaces: name, was: before });
  print(after.name === name ? `Changed ${name}` : `Changed ${name}, which is ${after.name} now`);
}

async function remove(name: string): Promise<void> {
  const answer = await callAsPerson(ownBroker(), 'profiles.remove', { name });
  if ('problem' in answer) throw wrongField(answer.problem, words);
  print(`Removed ${name}`);
}

/** Fields that no option of their name gives. */
const words = { name: 'NAME', base: '--base-key or --base-profile' };

async function stateNow(): Promise<State> {
  const answer = await ownBroker().call('state.read', {});
  if ('problem' in answer) throw refusalOf(answer.problem);
  return answer.value;
}

async function save(input: Input<'profiles.save'>): Promise<void> {
  const answer = await callAsPerson(ownBroker(), 'profiles.save', input);
  if ('problem' in answer) throw wrongField(answer.problem, words);
}

/** By the rules that the broker has, too; here, so that nobody types a number for what cannot be. */
function parsed(whole: unknown): Profile {
  const result = z.safeParse(profileSchema, whole);
  if (result.success) return result.data;
  const { path, message } = firstProblem(result.error);
  const [field] = path.split('.');
  throw wrongField({ code: 'InvalidInput', message, field }, words);
}

async function asked(question: string, word: string, standard?: string): Promise<string> {
  if (!canAsk()) throw new Failure('InvalidInput', `${word} is missing`);
  return ask(question, standard);
}

function onlyKey({ status }: State): string | undefined {
  const [first, another] = status.keys;
  return another === undefined ? first?.label : undefined;
}
