/** The one store: the broker as the interface knows it. Fed by the contract's events; everything else is derived from it. */
import { createContext } from 'svelte';
import type {
  Answer,
  BrokerEvent,
  CallName,
  Input,
  LatchkeyApi,
  Output,
  Problem,
} from '../../preload/contract.ts';
import { text } from '../text.ts';
import { apply } from './known.ts';
import type { Known } from './known.ts';

/** `gone`: nothing answers. `signedOut`: a browser page whose link or token is no longer taken. */
export type Connection = 'connecting' | 'connected' | 'gone' | 'signedOut';

/** Events that come in quick succession are applied together, at most once a frame. */
const gatherMs = 16;
/** With no event for so long the broker is asked whether it is still there, while the page can be seen. */
const quietMs = 20_000;
const retryMs = 2_000;

export class Broker {
  known = $state.raw<Known>();
  connection = $state<Connection>('connecting');
  /** Whether `known.activity` is all that the broker has: not before it was read, nor where events may have been missed. */
  hasActivity = $state(false);
  /** Why the activity could not be read. */
  activityProblem = $state.raw<Problem>();

  readonly #api: LatchkeyApi;
  #unsubscribe: (() => void) | undefined;
  /** Whether events come. While none do, what is known is what the broker was last asked for. */
  #isTold = false;
  #gathered: BrokerEvent[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #checking: ReturnType<typeof setTimeout> | undefined;

  constructor(api: LatchkeyApi) {
    this.#api = api;
  }

  /** Begins to listen. The result ends it. */
  start(): () => void {
    this.#subscribe();
    const checkWhenSeen = () => {
      if (document.visibilityState === 'visible' && this.connection !== 'connected') void this.check();
    };
    document.addEventListener('visibilitychange', checkWhenSeen);
    return () => {
      document.removeEventListener('visibilitychange', checkWhenSeen);
      this.#unsubscribe?.();
      clearTimeout(this.#gathering);
      clearTimeout(this.#checking);
    };
  }

  /** Carries out a call of the contract. Never rejects: a transport that fails is a problem like any other. */
  async call<Name extends CallName>(name: Name, input: Input<Name>): Promise<Answer<Output<Name>>> {
    const answer = await this.#api.call(name, input).catch((): Answer<Output<Name>> => ({
      problem: { code: 'Internal', message: text.problem.unanswered },
    }));
    if ('problem' in answer) {
      if (answer.problem.code === 'NotRunning') this.#lose('gone');
      if (answer.problem.code === 'SignInNeeded') this.#lose('signedOut');
    }
    return answer;
  }

  /** Asks whether the broker is there, and takes in its state when it is. */
  async check(): Promise<void> {
    const answer = await this.call('state.read', {});
    if (!('value' in answer)) {
      // A `gone` or `signedOut` has been noted by `call`; anything else is asked again.
      if (this.connection !== 'signedOut') this.#checkAfter(retryMs);
      return;
    }
    // The transport subscribes again by itself, but in its own time.
    if (this.connection === 'gone') this.#subscribe();
    this.#take({ type: 'state', state: answer.value });
    // A broker that ends may answer for a moment after its events have stopped.
    if (!this.#isTold) this.#checkAfter(retryMs);
  }

  /** Takes in the latest records of the audit log. That is done wherever events begin, since some may have been missed. */
  async readActivity(): Promise<void> {
    this.activityProblem = undefined;
    const answer = await this.call('activity.read', {});
    if ('problem' in answer) {
      this.activityProblem = answer.problem;
      return;
    }
    this.#take({ type: 'activity', records: answer.value.records });
    this.#applyGathered();
    this.hasActivity = true;
  }

  #subscribe(): void {
    this.#unsubscribe?.();
    this.#isTold = false;
    this.#unsubscribe = this.#api.subscribe(
      (event) => {
        this.#isTold = true;
        this.#take(event);
        if (event.type !== 'state') return;
        this.hasActivity = false;
        void this.readActivity();
      },
      () => {
        this.#isTold = false;
        void this.check();
      },
    );
    this.#checkAfter(retryMs);
  }

  #take(event: BrokerEvent): void {
    this.connection = 'connected';
    this.#checkAfter(quietMs);
    this.#gathered.push(event);
    // The first state is what the page waits for.
    if (this.known === undefined) this.#applyGathered();
    else this.#gathering ??= setTimeout(() => this.#applyGathered(), gatherMs);
  }

  #applyGathered(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const events = this.#gathered;
    this.#gathered = [];
    this.known = apply(this.known, events);
  }

  #lose(connection: 'gone' | 'signedOut'): void {
    this.connection = connection;
    if (connection === 'gone') this.#checkAfter(retryMs);
    else clearTimeout(this.#checking);
  }

  #checkAfter(delayMs: number): void {
    clearTimeout(this.#checking);
    this.#checking = setTimeout(() => {
      if (this.connection === 'connected' && document.visibilityState === 'hidden') this.#checkAfter(quietMs);
      else void this.check();
    }, delayMs);
  }
}

export const [brokerHere, provideBroker] = createContext<Broker>();
