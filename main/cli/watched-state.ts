/** The broker's state as its events tell it, for a command that waits for something. */
import type {
  ApprovalRequest,
  BrokerEvent,
  KeyView,
  ProfileView,
  Prompt,
  State,
} from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';

export class WatchedState {
  #state: State;
  readonly #probes = new Set<() => void>();

  private constructor(state: State) {
    this.#state = state;
  }

  /** Follows the broker's events until `signal` ends that. Rejects as `BrokerClient.events` does. */
  static async follow(broker: BrokerClient, signal: AbortSignal): Promise<WatchedState> {
    const events = broker.events(signal);
    const first = await events.next();
    if (first.done || first.value.type !== 'state')
      throw new Failure('NotRunning', 'Latchkey ended before it told its state; start it again');
    const watched = new WatchedState(first.value.state);
    void watched.#take(events);
    return watched;
  }

  get prompts(): readonly Prompt[] {
    return this.#state.status.prompts;
  }

  get approvalRequests(): readonly ApprovalRequest[] {
    return this.#state.status.approvalRequests;
  }

  /** Whether a program waits for a person to let it have a profile. */
  isApprovalWanted(name: string): boolean {
    return this.approvalRequests.some(({ profile }) => profile === name);
  }

  get keys(): readonly KeyView[] {
    return this.#state.status.keys;
  }

  get profiles(): readonly ProfileView[] {
    return this.#state.profiles;
  }

  /** Whether any terminal or folder has a profile of its own. */
  get hasOwnProfiles(): boolean {
    const { bindings, folders } = this.#state.status;
    return bindings.length > 0 || folders.length > 0;
  }

  profile(name: string): ProfileView | undefined {
    return this.#state.profiles.find(({ profile }) => profile.name === name);
  }

  /** Resolves with the first result of `probe` that is not undefined; never, once the events have ended. */
  until<Result>(probe: () => Result | undefined): Promise<Result> {
    return new Promise((resolve) => {
      const look = () => {
        const result = probe();
        if (result === undefined) return;
        this.#probes.delete(look);
        resolve(result);
      };
      this.#probes.add(look);
      look();
    });
  }

  async #take(events: AsyncIterable<BrokerEvent>): Promise<void> {
    try {
      for await (const event of events) {
        this.#state = after(this.#state, event);
        for (const look of [...this.#probes]) look();
      }
    } catch {
      // The call that is waited for meanwhile fails with the broker, too, and says why.
    }
  }
}

/** The state that an event makes of the one before. */
export function after(state: State, event: BrokerEvent): State {
  switch (event.type) {
    case 'state':
      return event.state;
    case 'status':
      return { ...state, status: event.status };
    case 'profile':
      return { ...state, profiles: withProfile(state, event.profile) };
    case 'profileRemoved':
      return { ...state, profiles: state.profiles.filter(({ profile }) => profile.name !== event.name) };
    case 'activity':
      return state;
  }
}

/** In its place, or at the end where it is new. */
function withProfile({ profiles }: State, changed: ProfileView): ProfileView[] {
  const { name } = changed.profile;
  return profiles.some(({ profile }) => profile.name === name)
    ? profiles.map((view) => (view.profile.name === name ? changed : view))
    : [...profiles, changed];
}
