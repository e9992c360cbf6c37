/** `latchkey use PROFILE`: makes a profile the active one, and asks for the MFA codes that this takes. */
import type { Answer, ProfileView, Prompt } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';
import { parseCommandLine } from '../options.ts';
import { Codes } from './codes.ts';
import { ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { matchName } from './match.ts';
import { clockTime, inWords, print, styled } from './output.ts';
import { useHere, useInFolder } from './own-profile.ts';
import { WatchedState } from './watched-state.ts';

export const use: Command = {
  usage: 'use PROFILE [--fresh-code | --here | --folder DIR], use --none --here | --folder DIR',
  summary: 'make a profile the active one, which the endpoint serves',
  details: [
    'PROFILE is a name, or a part of it that fits no other. It returns when the session is held.',
    'Where that takes an MFA code it is asked for on the terminal, or read from the first line of',
    'standard input where that is no terminal. The switch is made first: where STS refuses, or no code',
    'is given, PROFILE stays the active one, and programs get no credentials until it has a session.',
    '--fresh-code   asks for a new MFA code also where the last one still serves, for a role that accepts',
    '               no old ones. The switch is made once STS took it.',
    '--here         not the active one, but that of this terminal and all that is started in it.',
    '--folder DIR   not the active one, but that of programs that work in this folder or below it.',
    '--none         takes the profile of this terminal (--here) or folder (--folder) away again.',
  ],
  example: 'latchkey use billing',
  async run(argv) {
    const operands = argv.includes('--none') ? [] : ['PROFILE'];
    const { positionals, values } = parseCommandLine(argv, options, operands);
    const { here, folder, none } = values;
    const broker = ownBroker();
    const [given] = positionals;
    if ([values['fresh-code'], here, folder].filter((value) => value !== undefined).length > 1)
      throw new Failure('InvalidInput', '--fresh-code, --here and --folder do not go together');
    if (here) return useHere(broker, given);
    if (folder !== undefined) return useInFolder(broker, folder, given);
    if (none) throw new Failure('InvalidInput', '--none wants --here or --folder');
    const typed = given ?? '';
    const ended = new AbortController();
    let codes: Codes | undefined;
    try {
      const state = await WatchedState.follow(broker, ended.signal);
      const names = state.profiles.map(({ profile }) => profile.name);
      const name = matchName(typed, names, 'profile');
      codes = new Codes(broker, state);
      // Before the switch, which may take a code as well: what a fresh one is needed for would ask for a second.
      if (values['fresh-code']) {
        const renewed = broker.call('mfa.renew', { name }, ended.signal);
        await codes.give(renewed, name, () => promptOfDevices(state, name));
        valueOf(await renewed);
      }
      const used = broker.call('profiles.use', { name }, ended.signal);
      try {
        await codes.give(used, name, () => promptOf(state, name));
        report(valueOf(await used));
      } catch (error) {
        throw error instanceof Refusal ? await withWhatIsActive(error, broker, name) : error;
      }
    } finally {
      codes?.[Symbol.dispose]();
      ended.abort();
    }
  },
};

const options = {
  'fresh-code': { type: 'boolean' },
  here: { type: 'boolean' },
  folder: { type: 'string' },
  none: { type: 'boolean' },
} as const;

function valueOf(answer: Answer<ProfileView>): ProfileView {
  if ('problem' in answer) throw refusalOf(answer.problem);
  return answer.value;
}

function report({ profile, session }: ProfileView): void {
  const { expiresAtMs } = session;
  const until =
    expiresAtMs === undefined
      ? ''
      : ` until ${clockTime(expiresAtMs)} (${inWords(expiresAtMs - Date.now())} left)`;
  print(`${styled('bold', profile.name)} is ${styled('green', 'active')}${until}`);
}

/** The refusal, saying that the switch was made all the same where it was. */
async function withWhatIsActive(refusal: Refusal, broker: BrokerClient, name: string): Promise<Refusal> {
  // Asked for afresh: the events come by another connection, and may come after the answer.
  const answer = await broker.call('state.read', {}).catch(() => undefined);
  if (answer === undefined || 'problem' in answer || answer.value.status.active !== name) return refusal;
  const view = answer.value.profiles.find(({ profile }) => profile.name === name);
  const isServed = view?.session.expiresAtMs !== undefined;
  const consequence = isServed ? '' : ', and programs get no credentials until it has a session';
  return new Refusal(`${refusal.message}; ${name} is the active profile now${consequence}`, {
    cause: refusal,
  });
}

/** The prompt that a profile waits for. */
function promptOf(state: WatchedState, name: string): Prompt | undefined {
  const prompt = promptOfDevices(state, name);
  // A code may be wanted for a profile while the session before it lasts: then it is not told to wait.
  const isOwn = prompt?.profile === name && prompt.cause === 'person';
  return isOwn || state.profile(name)?.session.state === 'waitingForMfa' ? prompt : undefined;
}

/** The prompt of a device in a profile's chain, whoever it was opened for. */
function promptOfDevices(state: WatchedState, name: string): Prompt | undefined {
  const serials = serialsOf(state, name);
  return state.prompts.find(({ serial, profile }) => profile === name || serials.has(serial));
}

/** The devices in a profile's chain: a prompt may have been opened for another profile that shares one. */
function serialsOf(state: WatchedState, name: string): ReadonlySet<string> {
  const serials = new Set<string>();
  const seen = new Set<string>();
  let view = state.profile(name);
  while (view !== undefined && !seen.has(view.profile.name)) {
    const { name: own, mfaSerial, base } = view.profile;
    seen.add(own);
    if (mfaSerial !== undefined) serials.add(mfaSerial);
    if ('profile' in base) {
      view = state.profile(base.profile);
    } else {
      const key = state.keys.find(({ label }) => label === base.key);
      if (key?.mfaSerial !== undefined) serials.add(key.mfaSerial);
      view = undefined;
    }
  }
  return serials;
}
