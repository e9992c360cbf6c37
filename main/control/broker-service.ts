import {
  calls,
  commandCalls,
  type Answer,
  type BrokerEvent,
  type CallName,
  type CommandCallName,
  type Output,
} from '../../preload/contract.ts';
import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { firstProblem } from '../first-problem.ts';
import type { Client } from '../platform/ports.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Caller } from './caller.ts';
import {
  commandHandlers,
  contractHandlers,
  viewOfProfile,
  type CommandHandlers,
  type Handlers,
} from './handlers.ts';
import type { BrokerParts } from './parts.ts';
import { Person, type DeclaredByPerson } from './person.ts';
import type { Service, ServiceByCaller } from './service.ts';
import { statusOf } from './status.ts';
import { activityView, problemView } from './views.ts';

/** The contract, carried out by the broker's parts; as itself for the window. */
export class BrokerService implements Service, ServiceByCaller, Disposable {
  readonly #parts: BrokerParts;
  readonly #person: Person;
  readonly #handlers: Handlers;
  readonly #commandHandlers: CommandHandlers;
  readonly #subscribers = new Set<(event: BrokerEvent) => void>();
  readonly #watches: readonly Disposable[];
  /** What has changed since the subscribers were told; they are told once for all changes of one turn. */
  readonly #changedProfiles = new Set<string>();
  #toldProfiles: ReadonlyMap<string, Profile>;
  #wasLocked: boolean;
  /** The program that is locking it just now. */
  #locker: Promise<Client | undefined> | undefined;
  #flushing: NodeJS.Immediate | undefined;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    const { sessions, configuration, clients } = parts;
    this.#person = new Person({
      clock: parts.clock,
      approvals: clients.approvals,
      audit: clients.audit,
      settings: () => configuration.current.settings,
    });
    this.#handlers = contractHandlers(parts, this.#person, (locker) => {
      this.#lock(locker);
    });
    this.#commandHandlers = commandHandlers(parts);
    this.#toldProfiles = this.#profilesByName();
    this.#wasLocked = sessions.isLocked;
    const flushSoon = () => {
      this.#flushSoon();
    };
    const { connections, handedOut, bindings, approvals, containerTokens, refusals, audit } = clients;
    this.#watches = [
      sessions.onChange((profile) => {
        this.#noteLock();
        if (profile !== undefined) this.#changedProfiles.add(profile);
        this.#flushSoon();
      }),
      ...[
        configuration,
        connections,
        handedOut,
        bindings,
        approvals,
        containerTokens,
        refusals,
        audit,
        parts.ownPorts,
      ].map((part) => part.onChange(flushSoon)),
      audit.recent.onAdded((records) => this.#tell({ type: 'activity', records: records.map(activityView) })),
      approvals.onDecision(({ decision, allowance, profile, decider, client }) => {
        const what = allowance === undefined ? decision : `${decision} (${allowance})`;
        audit.note({ event: 'approval', profile, detail: `${what} by ${decider}`, client });
      }),
    ];
  }

  call(name: string, input: unknown): Promise<Answer<unknown>> {
    return this.#callBy({ from: 'window' }, name, input);
  }

  by(caller: Caller): Service {
    return {
      call: (name, input) => this.#callBy(caller, name, input),
      subscribe: (listener) => this.subscribe(listener),
    };
  }

  subscribe(listener: (event: BrokerEvent) => void): Disposable {
    const { profiles } = this.#parts.configuration.current;
    listener({
      type: 'state',
      state: {
        status: statusOf(this.#parts),
        profiles: profiles.map((profile) => viewOfProfile(this.#parts, profile)),
      },
    });
    this.#subscribers.add(listener);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(listener) };
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#flushing);
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#subscribers.clear();
  }

  async #callBy(caller: Caller, name: string, input: unknown): Promise<Answer<unknown>> {
    try {
      if (isCallName(name)) {
        if (isByPerson(name)) await this.#person.confirm(name, parseInput(name, input), caller);
        return { value: await this.#carryOut(name, input, caller) };
      }
      if (caller.from === 'command' && isCommandCallName(name)) {
        if (isByPerson(name)) await this.#person.confirm(name, parseInput(name, input), caller);
        return { value: await this.#carryOutForCommand(name, input, await caller.client) };
      }
      throw new Failure('NotFound', `There is no call "${name.slice(0, 100)}"`);
    } catch (error) {
      if (error instanceof Failure) return { problem: problemView(error) };
      // Unforeseen: its message may hold anything, so only its kind is told.
      const kind = error instanceof Error ? error.name : typeof error;
      return { problem: { code: 'Internal', message: `Latchkey met an unexpected fault (${kind})` } };
    }
  }

  async #carryOut<Name extends CallName>(name: Name, input: unknown, caller: Caller): Promise<Output<Name>> {
    return this.#handlers[name](parseInput(name, input), caller);
  }

  async #carryOutForCommand<Name extends CommandCallName>(
    name: Name,
    input: unknown,
    client: Parameters<CommandHandlers[Name]>[1],
  ): Promise<unknown> {
    return this.#commandHandlers[name](parseInput(name, input), client);
  }

  /** It is recorded while it locks: the change is told at once. */
  #lock(locker: Promise<Client | undefined> | undefined): void {
    this.#locker = locker;
    try {
      this.#parts.sessions.lock();
    } finally {
      this.#locker = undefined;
    }
  }

  /** Whatever locked it: a call, the screen, sleep. */
  #noteLock(): void {
    const { sessions, clients } = this.#parts;
    if (sessions.isLocked && !this.#wasLocked) clients.audit.note({ event: 'locked', client: this.#locker });
    this.#wasLocked = sessions.isLocked;
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
        this.#tell({ type: 'profile', profile: viewOfProfile(this.#parts, profile) });
      }
    }
    this.#changedProfiles.clear();
    // Last, so that the active profile it names has been told.
    this.#tell({ type: 'status', status: statusOf(this.#parts) });
  }

  #tell(event: BrokerEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }
}

function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}

function isCommandCallName(name: string): name is CommandCallName {
  return Object.hasOwn(commandCalls, name);
}

const everyCall = { ...calls, ...commandCalls };
type EveryCall = typeof everyCall;

function isByPerson(name: keyof EveryCall): name is DeclaredByPerson {
  return 'by' in everyCall[name];
}

/** @throws Failure InvalidInput with the first field that is wrong */
function parseInput<Name extends keyof EveryCall>(
  name: Name,
  input: unknown,
): z.output<EveryCall[Name]['input']>;
function parseInput(name: keyof EveryCall, input: unknown): unknown {
  const result = z.safeParse<z.core.$ZodType>(everyCall[name].input, input);
  if (result.success) return result.data;
  const { field, message } = firstProblem(result.error);
  // What a profile is based on is one field for the person.
  const isOfBase = name === 'profiles.save' && (field === 'key' || field === 'profile');
  throw new Failure('InvalidInput', message, { field: isOfBase ? 'base' : field });
}
