/** What only a person may do: from the interface, or from a command once it is confirmed on the command's terminal. */
import type { Allowance, CallName, calls, ParsedInput } from '../../preload/contract.ts';
import type { Approvals } from '../approvals/approvals.ts';
import { processInWords } from '../approvals/program-words.ts';
import { Failure } from '../failure.ts';
import type { Client, Clock } from '../platform/ports.ts';
import { shownName } from '../platform/program-name.ts';
import { hasStartedUs, type Caller } from './caller.ts';
import { Challenges } from './challenges.ts';
import { checkIsNotAsker } from './decider.ts';

type DeclaredByPerson = {
  [Name in CallName]: (typeof calls)[Name] extends { readonly by: 'person' } ? Name : never;
}[CallName];

/** Those that the contract declares so, and those that need a person in some cases only. */
export type PersonsCall = DeclaredByPerson | 'interface.open' | 'sessions.unlock';

/** What is asked for, after "to", and by whom where a person is to decide about that. */
interface Wish {
  readonly inWords: string;
  readonly asker?: Client;
}

type Wishes = { readonly [Name in PersonsCall]: (input: ParsedInput<Name>) => Wish };

export class Person {
  readonly #challenges: Challenges;
  readonly #wishes: Wishes;

  constructor(clock: Clock, approvals: Pick<Approvals, 'request'>) {
    this.#challenges = new Challenges(clock);
    this.#wishes = wishesWith(approvals);
  }

  /**
   * Returns where a person makes this call.
   * @throws Failure ChallengeNeeded or Refused where that is not sure, see `Challenges`; Refused also where an approval
   * would be given by the program that asks for it; NotFound where nothing asks for it any more
   */
  async confirm<Name extends PersonsCall>(
    name: Name,
    input: ParsedInput<Name>,
    caller: Caller,
  ): Promise<void> {
    if (caller.from === 'window') return;
    const client = caller.from === 'browser' ? caller.openedBy : await caller.client;
    const { inWords, asker } = this.#wishes[name](input);
    if (asker && client) checkIsNotAsker(client, asker);
    // A browser's link was told to a person.
    if (caller.from === 'browser' || (client && hasStartedUs(client))) return;
    await this.#challenges.confirm(client, { call: name, input, inWords }, caller.challengeAnswer);
  }
}

function wishesWith(approvals: Pick<Approvals, 'request'>): Wishes {
  return {
    'keys.add': ({ label, accessKeyId }) => ({
      inWords: `add the access key ${accessKeyId} as "${shownName(label)}"`,
    }),
    'keys.remove': ({ label }) => ({ inWords: `remove the access key "${shownName(label)}"` }),
    'profiles.save': ({ profile, replaces }) => ({
      inWords: replaces === undefined ? `add the profile ${profile.name}` : `change the profile ${replaces}`,
    }),
    'profiles.remove': ({ name }) => ({ inWords: `remove the profile ${name}` }),
    'approvals.allow': ({ id, allowance }) => {
      const request = approvals.request(id);
      if (!request) throw new Failure('NotFound', 'That request is not waiting any more');
      const { client: asker, profile } = request;
      return {
        inWords: `allow ${processInWords(asker.process)} the profile ${profile}, ${allowances[allowance]}`,
        asker,
      };
    },
    'interface.open': () => ({ inWords: 'open the interface' }),
    'sessions.unlock': () => ({ inWords: 'unlock' }),
  };
}

const allowances = {
  once: 'once',
  tree: 'for all of its process tree',
  hours: 'for 8 hours',
  always: 'always',
} as const satisfies Record<Allowance, string>;
