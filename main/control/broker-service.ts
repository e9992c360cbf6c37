import {
  calls,
  type Answer,
  type BrokerEvent,
  type CallName,
  type Output,
  type ParsedInput,
  type ProfileView,
  type State,
  type Status,
} from '../../preload/contract.ts';
import type { HandedOut } from '../clients/handed-out.ts';
import { findProfile } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import { firstProblem } from '../first-problem.ts';
import type { KeyCustody } from '../keys/custody.ts';
import type { OwnerAuthentication } from '../platform/ports.ts';
import type { ActiveProfile } from '../profiles/active-profile.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Profiles } from '../profiles/profiles.ts';
import { Secret } from '../secret.ts';
import { chainOf } from '../sessions/chain.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Service } from './service.ts';
import { unlock, type Caller } from './unlock.ts';
import { keyView, problemView, profileView, promptView } from './views.ts';

export interface BrokerParts {
  readonly configuration: ConfigurationStore;
  readonly keys: KeyCustody;
  readonly profiles: Profiles;
  readonly active: ActiveProfile;
  readonly sessions: Sessions;
  readonly handedOut: HandedOut;
  readonly ownerAuthentication: OwnerAuthentication | undefined;
  readonly version: string;
  readonly secretsIn: 'keychain' | 'memory';
  /** The endpoint's base URL; empty until it listens. */
  readonly endpointUrl: () => string;
  /** Shows the window, or gives a link where there is none. */
  readonly openInterface: () => Promise<string | null>;
}

type Handlers = {
  [Name in CallName]: (input: ParsedInput<Name>, caller: Caller) => Promise<Output<Name>>;
};

/** The contract, carried out by the broker's parts. */
export class BrokerService implements Service, Disposable {
  readonly #parts: BrokerParts;
  readonly #handlers: Handlers;
  readonly #subscribers = new Set<(event: BrokerEvent) => void>();
  readonly #watches: readonly Disposable[];
  /** What has changed since the subscribers were told; they are told once for all changes of one turn. */
  readonly #changedProfiles = new Set<string>();
  #toldProfiles: ReadonlyMap<string, Profile>;
  #flushing: NodeJS.Immediate | undefined;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    this.#handlers = this.#createHandlers();
    this.#toldProfiles = this.#profilesByName();
    this.#watches = [
      parts.sessions.onChange((profile) => {
        if (profile !== undefined) this.#changedProfiles.add(profile);
        this.#flushSoon();
      }),
      parts.configuration.onChange(() => {
        this.#flushSoon();
      }),
      parts.handedOut.onChange(() => {
        this.#flushSoon();
      }),
    ];
  }

  call(name: string, input: unknown): Promise<Answer<unknown>> {
    return this.#callBy('interface', name, input);
  }

  /** The same for the local socket, whose caller may be any program of this user. */
  forCommands(): Service {
    return {
      call: (name, input) => this.#callBy('command', name, input),
      subscribe: (listener) => this.subscribe(listener),
    };
  }

  subscribe(listener: (event: BrokerEvent) => void): Disposable {
    listener({ type: 'state', state: this.#state() });
    this.#subscribers.add(listener);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(listener) };
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#flushing);
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#subscribers.clear();
  }

  async #callBy(caller: Caller, name: string, input: unknown): Promise<Answer<unknown>> {
    if (!isCallName(name)) {
      return { problem: { code: 'NotFound', message: `There is no call "${name.slice(0, 100)}"` } };
    }
    return this.#answer(name, input, caller);
  }

  async #answer<Name extends CallName>(
    name: Name,
    input: unknown,
    caller: Caller,
  ): Promise<Answer<Output<Name>>> {
    try {
      return { value: await this.#handlers[name](parseInput(name, input), caller) };
    } catch (error) {
      if (error instanceof Failure) return { problem: problemView(error) };
      // Unforeseen: its message may hold anything, so only its kind is told.
      const kind = error instanceof Error ? error.name : typeof error;
      return { problem: { code: 'Internal', message: `Latchkey met an unexpected fault (${kind})` } };
    }
  }

  #createHandlers(): Handlers {
    const { keys, profiles, active, sessions, ownerAuthentication, openInterface } = this.#parts;
    return {
      'state.read': async () => this.#state(),
      'keys.add': async ({ secretAccessKey, ...input }) =>
        keyView(await keys.add({ ...input, secretAccessKey: new Secret(secretAccessKey) })),
      'keys.remove': async ({ label }) => {
        await keys.remove(label);
        return {};
      },
      'profiles.save': async ({ profile, replaces }) => {
        await profiles.save(profile, replaces);
        return this.#profileView(profile);
      },
      'profiles.remove': async ({ name }) => {
        await profiles.remove(name);
        return {};
      },
      'profiles.use': async ({ name }) => {
        await active.use(name);
        await sessions.acquire({ cause: 'person', profile: name });
        return this.#profileView(this.#profile(name));
      },
      'profiles.pin': async ({ name, pinned }) => {
        await profiles.pin(name, pinned);
        return {};
      },
      'mfa.answer': async ({ serial, code }) => {
        await sessions.desk.answer(serial, code);
        return {};
      },
      'mfa.renew': async ({ name }) => {
        await sessions.acquireWithFreshCode(name);
        return this.#profileView(this.#profile(name));
      },
      'mfa.cancel': async ({ serial }) => {
        sessions.desk.cancel(serial);
        return {};
      },
      'sessions.lock': async () => {
        sessions.lock();
        return {};
      },
      'sessions.unlock': async (proof, caller) => {
        await unlock({ sessions, ownerAuthentication }, proof, caller);
        return {};
      },
      'interface.open': async (_nothing, caller) => {
        const link = await openInterface();
        // Who has the link is at the interface, which unlocks.
        if (link !== null && caller === 'command' && sessions.isLocked && sessions.canUnlockWithCode) {
          throw new Failure(
            'Locked',
            'Latchkey is locked, and there is no link while a code can unlock it: latchkey unlock CODE',
          );
        }
        return { link };
      },
    };
  }

  #state(): State {
    const { profiles } = this.#parts.configuration.current;
    return { status: this.#status(), profiles: profiles.map((profile) => this.#profileView(profile)) };
  }

  #status(): Status {
    const { configuration, active, sessions, handedOut, version, secretsIn, endpointUrl } = this.#parts;
    const { current } = configuration;
    return {
      version,
      locked: sessions.isLocked,
      active: active.name,
      returns: active.returns,
      endpoint: endpointUrl(),
      secrets: secretsIn,
      keys: current.keys.map(keyView),
      prompts: sessions.desk
        .prompts()
        .map((prompt) => promptView(prompt, findProfile(current, prompt.demand.profile))),
      handedOut: handedOut.holdings().map((holding) => ({ ...holding, programs: [...holding.programs] })),
    };
  }

  #profileView(profile: Profile): ProfileView {
    const { configuration, sessions } = this.#parts;
    const { durationSeconds } = chainOf(configuration.current, profile);
    return profileView(profile, durationSeconds, sessions.standing(profile.name));
  }

  #profile(name: string): Profile {
    const profile = findProfile(this.#parts.configuration.current, name);
    if (!profile) throw new Failure('NotFound', `The profile "${name}" was removed meanwhile`);
    return profile;
  }

  #profilesByName(): ReadonlyMap<string, Profile> {
    return new Map(this.#parts.configuration.current.profiles.map((profile) => [profile.name, profile]));
  }

  #flushSoon(): void {
    this.#flushing ??= setImmediate(() => {
      this.#flushing = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const told = this.#toldProfiles;
    const now = this.#profilesByName();
    this.#toldProfiles = now;
    for (const name of told.keys()) if (!now.has(name)) this.#tell({ type: 'profileRemoved', name });
    for (const [name, profile] of now) {
      if (told.get(name) !== profile || this.#changedProfiles.has(name)) {
        this.#tell({ type: 'profile', profile: this.#profileView(profile) });
      }
    }
    this.#changedProfiles.clear();
    // Last, so that the active profile it names has been told.
    this.#tell({ type: 'status', status: this.#status() });
  }

  #tell(event: BrokerEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }
}

function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}

/** @throws Failure InvalidInput with the first field that is wrong */
function parseInput<Name extends CallName>(name: Name, input: unknown): ParsedInput<Name>;
function parseInput(name: CallName, input: unknown): unknown {
  const parsed = calls[name].input.safeParse(input);
  if (parsed.success) return parsed.data;
  const { field, message } = firstProblem(parsed.error);
  throw new Failure('InvalidInput', message, {
    field: field === 'key' || field === 'profile' ? 'base' : field,
  });
}
