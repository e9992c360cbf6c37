/** What only a person may do: from the interface, or from a command once it is confirmed on the command's terminal. */
import type { Allowance, calls, commandCalls } from '../../preload/contract.ts';
import type * as z from 'zod/mini';
import type { Approvals } from '../approvals/approvals.ts';
import { identityInWords, processInWords } from '../approvals/program-words.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { Failure } from '../failure.ts';
import { changeInWords, type Settings } from '../configuration/settings.ts';
import type { Client, Clock } from '../platform/ports.ts';
import { shownName, shownText } from '../platform/program-name.ts';
import { hasStartedUs, programOf, type Caller } from './caller.ts';
import { Challenges } from './challenges.ts';
import { checkIsNotAsker } from './decider.ts';

type EveryCall = typeof calls & typeof commandCalls;

/** The calls that the contract says only a person may make. */
export type DeclaredByPerson = {
  [Name in keyof EveryCall]: EveryCall[Name] extends { readonly by: 'person' } ? Name : never;
}[keyof EveryCall];

/** With those that need a person in some cases only. */
export type PersonsCall = DeclaredByPerson | 'interface.open' | 'sessions.unlock';

type PersonsInput<Name extends PersonsCall> = z.output<EveryCall[Name]['input']>;

/** What is asked for, after "to", and by whom where a person is to decide about that. */
interface Wish {
  readonly inWords: string;
  readonly asker?: Client;
}

type Wishes = { readonly [Name in PersonsCall]: (input: PersonsInput<Name>) => Wish };

export class Person {
  readonly #challenges: Challenges;
  readonly #wishes: Wishes;
  readonly #audit: Pick<AuditLog, 'note'>;

  constructor(parts: {
    readonly clock: Clock;
    readonly approvals: Pick<Approvals, 'request'>;
    readonly audit: Pick<AuditLog, 'note'>;
    /** The settings as they are now. */
    readonly settings: () => Settings;
  }) {
    this.#challenges = new Challenges(parts.clock);
    this.#wishes = wishesWith(parts.approvals, parts.settings);
    this.#audit = parts.audit;
  }

  /**
   * Returns where a person makes this call; a refusal is recorded.
   * @throws Failure ChallengeNeeded or Refused where that is not sure, see `Challenges`; Refused also where an approval
   * would be given by the program that asks for it; NotFound where nothing asks for it any more
   */
  async confirm<Name extends PersonsCall>(
    name: Name,
    input: PersonsInput<Name>,
    caller: Caller,
  ): Promise<void> {
    if (caller.from === 'window') return;
    const client = await programOf(caller);
    try {
      await this.#confirm(name, input, caller, client);
    } catch (error) {
      if (error instanceof Failure && error.code === 'Refused')
        this.#audit.note({ event: 'refused', detail: name, client });
      throw error;
    }
  }

  async #confirm<Name extends PersonsCall>(
    name: Name,
    input: PersonsInput<Name>,
    caller: Exclude<Caller, { readonly from: 'window' }>,
    client: Client | undefined,
  ): Promise<void> {
    const { inWords, asker } = this.#wishes[name](input);
    if (asker && client) checkIsNotAsker(client, asker);
    // A browser's link was told to a person.
    if (caller.from === 'browser' || (client && hasStartedUs(client))) return;
    await this.#challenges.confirm(client, { call: name, input, inWords }, caller.challengeAnswer);
  }
}

const longestPath = 256;

function wishesWith(approvals: Pick<Approvals, 'request'>, settings: () => Settings): Wishes {
  return {
    'keys.add': ({ label, accessKeyId }) => ({
      inWords: `add the access key ${accessKeyId} as "${shownName(label)}"`,
    }),
    'keys.edit': ({ label, ...change }) => ({ inWords: keyChangeInWords(label, change) }),
    'keys.remove': ({ label }) => ({ inWords: `remove the access key "${shownName(label)}"` }),
    'profiles.save': ({ profile, replaces }) => {
      const { name, roleArn, base, protected: isProtected, readOnly } = profile;
      const kept = [
        // Whole: its last part is what counts, and its pattern has nothing that steers a terminal.
        roleArn,
        'key' in base ? `by the access key "${shownName(base.key)}"` : `by the profile ${base.profile}`,
        isProtected ? 'protected' : 'not protected',
        ...(readOnly ? ['read-only'] : []),
      ];
      const what = `${name} (${kept.join(', ')})`;
      return {
        inWords:
          replaces === undefined ? `add the profile ${what}` : `change the profile ${replaces} to ${what}`,
      };
    },
    'profiles.remove': ({ name }) => ({ inWords: `remove the profile ${name}` }),
    'profiles.setReadOnly': ({ name, readOnly }) => ({
      inWords: readOnly ? `make the profile ${name} read-only` : `end that the profile ${name} is read-only`,
    }),
    'approvals.allow': ({ id, allowance }) => {
      const request = approvals.request(id);
      if (!request) throw new Failure('NotFound', 'That request is not waiting any more');
      const { client: asker, profile, identity } = request;
      const isLasting = allowance === 'hours' || allowance === 'always';
      const program = isLasting && identity ? identityInWords(identity) : processInWords(asker.process);
      return { inWords: `allow ${program} the profile ${profile}, ${allowances[allowance]}`, asker };
    },
    'folders.set': ({ folder, profile }) => ({
      inWords:
        profile === null
          ? `take the profile of the folder ${shownText(folder, longestPath)} away`
          : `give programs in ${shownText(folder, longestPath)} the profile ${profile}`,
    }),
    // A program could hide what a person is asked, or have it told again and again.
    'mfa.snooze': ({ serial, minutes }) => ({
      inWords:
        minutes === null
          ? `ask for the MFA code of ${serial} again`
          : `put the MFA code of ${serial} aside for ${minutes} min`,
    }),
    'settings.save': (change) => ({
      inWords: `set ${changeInWords(settings(), change) || 'no setting to another value'}`,
    }),
    'installation.startAtLogin': ({ on }) => ({
      inWords: on ? 'start Latchkey at each login' : 'start Latchkey at login no more',
    }),
    'tokens.createAndCopy': ({ name, profile }) => ({
      inWords: `make a token ${name} for the profile ${profile}, and copy it to the clipboard`,
    }),
    'tokens.create': ({ name, profile }) => ({ inWords: `make a token ${name} for the profile ${profile}` }),
    'interface.open': () => ({ inWords: 'open the interface' }),
    'sessions.unlock': () => ({ inWords: 'unlock' }),
  };
}

function keyChangeInWords(
  label: string,
  { newLabel, mfaSerial, region }: Omit<PersonsInput<'keys.edit'>, 'label'>,
): string {
  const changes = [
    ...(newLabel === undefined ? [] : [`label "${shownName(newLabel)}"`]),
    ...(mfaSerial === undefined ? [] : [mfaSerial === null ? 'no MFA device' : `MFA device ${mfaSerial}`]),
    ...(region === undefined ? [] : [`region ${region}`]),
  ];
  return `change the access key "${shownName(label)}" (${changes.join(', ') || 'nothing of it'})`;
}

const allowances = {
  once: 'once',
  tree: 'for all of its process tree',
  hours: 'for 8 hours',
  always: 'always',
} as const satisfies Record<Allowance, string>;
