/** `latchkey use PROFILE`: makes a profile the active one, and asks for the MFA codes that this takes. */
import type { Answer, ProfileView } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';
import { Codes } from './codes.ts';
import { command, ownBroker, Refusal, refusalOf } from './command.ts';
import { matchName } from './match.ts';
import { clockTime, inWords, print, styled } from './output.ts';
import { useHere, useInFolder } from './own-profile.ts';
import { promptOf, promptOfDevices } from './prompts.ts';
import { WatchedState } from './watched-state.ts';

export const use = command({
  summary: 'make a profile the active one, which the endpoint serves',
  details: `
    It returns when the session is held. Where that takes an MFA code it is asked for on the terminal, or read from the
    first line of standard input where that is no terminal. The switch is made first: where STS refuses, or no code is
    given, PROFILE stays the active one, and programs get no credentials until it has a session.

    So do --here and --folder; but they wait for no session of a protected profile, since each program that asks for it
    has to be allowed. Ctrl-C cancels what a code was asked for.
  `,
  examples: ['latchkey use billing', 'latchkey use sandbox --folder ~/src/sandbox'],
  operands: {
    profile: { kind: 'profile', isOptional: true, summary: 'its name, or a part of it that fits no other' },
  },
  options: {
    'fresh-code': {
      type: 'boolean',
      summary:
        'asks for a new MFA code also where the last one still serves, for a role that accepts no old ones; the switch is made once STS took it',
    },
    here: {
      type: 'boolean',
      summary: 'not the active one, but that of this terminal and all that is started in it',
    },
    folder: {
      type: 'string',
      value: 'DIR',
      kind: 'folder',
      summary: 'not the active one, but that of programs that work in this folder or below it',
    },
    none: {
      type: 'boolean',
      summary: 'takes the profile of this terminal (--here) or folder (--folder) away again',
    },
  },
  async run({ operands, options }) {
    const { here, folder, none, 'fresh-code': freshCode } = options;
    if ([freshCode, here, folder].filter((value) => value !== undefined).length > 1)
      throw invalid('--fresh-code, --here and --folder do not go together');
    if (none && operands.profile !== undefined) throw invalid('--none goes with no PROFILE');
    if (none && !here && folder === undefined) throw invalid('--none wants --here or --folder');
    if (!none && operands.profile === undefined) throw invalid('PROFILE is missing');
    const broker = ownBroker();
    if (here) return useHere(broker, operands.profile);
    if (folder !== undefined) return useInFolder(broker, folder, operands.profile);
    const typed = operands.profile ?? '';
    const ended = new AbortController();
    let codes: Codes | undefined;
    try {
      const state = await WatchedState.follow(broker, ended.signal);
      const names = state.profiles.map(({ profile }) => profile.name);
      const name = matchName(typed, names, 'profile');
      codes = new Codes(broker, state);
      // Before the switch, which may take a code as well: what a fresh one is needed for would ask for a second.
      if (freshCode) {
        const renewed = broker.call('mfa.renew', { name }, ended.signal);
        await codes.give(renewed, name, () => promptOfDevices(state, name));
        valueOf(await renewed);
      }
      const used = broker.call('profiles.use', { name }, ended.signal);
      try {
        await codes.give(used, name, () => promptOf(state, name));
        const view = valueOf(await used);
        report(view, await otherProfileHere(broker, state, name));
      } catch (error) {
        throw error instanceof Refusal ? await withWhatIsActive(error, broker, name) : error;
      }
    } finally {
      codes?.[Symbol.dispose]();
      ended.abort();
    }
  },
});

function invalid(message: string): Failure {
  return new Failure('InvalidInput', message);
}

function valueOf(answer: Answer<ProfileView>): ProfileView {
  if ('problem' in answer) throw refusalOf(answer.problem);
  return answer.value;
}

function report({ profile, session }: ProfileView, besides: string): void {
  const { expiresAtMs } = session;
  const until =
    expiresAtMs === undefined
      ? ''
      : ` until ${clockTime(expiresAtMs)} (${inWords(expiresAtMs - Date.now())} left)`;
  print(`${styled('bold', profile.name)} is ${styled('green', 'active')}${until}${besides}`);
}

/** What else there is to say where programs that are started here get another profile all the same. */
async function otherProfileHere(broker: BrokerClient, state: WatchedState, name: string): Promise<string> {
  if (!state.hasOwnProfiles) return '';
  const answer = await broker.commandCall('identity.read', {});
  if ('problem' in answer || answer.value.profile === name) return '';
  const { profile, rule } = answer.value;
  if (rule === 'terminal')
    return `; this terminal has ${profile} (take it away with: latchkey use --none --here)`;
  return rule === 'folder' ? `; this folder has ${profile}, see: latchkey status` : '';
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
