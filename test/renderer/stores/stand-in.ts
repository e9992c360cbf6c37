/** Stands in for the broker behind the contract: answers calls as a test says, and tells events when it says so. */
import type {
  Answer,
  BrokerEvent,
  CallName,
  Input,
  LatchkeyApi,
  Output,
  Problem,
} from '../../../preload/contract.ts';

type Answering<Name extends CallName> = (input: Input<Name>) => Promise<Answer<Output<Name>>>;
interface Subscriber {
  readonly listener: (event: BrokerEvent) => void;
  readonly interrupted: (() => void) | undefined;
}

export const notRunning: Problem = { code: 'NotRunning', message: 'Latchkey cannot be reached.' };
export const signInNeeded: Problem = { code: 'SignInNeeded', message: 'Open a new link.' };
export const refused: Problem = { code: 'AccessDenied', message: 'AWS refused the role.' };

export class StandIn implements LatchkeyApi {
  /** The calls that were made, in their order. */
  readonly calls: { readonly name: CallName; readonly input: unknown }[] = [];
  /** How often events were asked for. */
  subscribed = 0;
  readonly #answering: { [Name in CallName]?: Answering<Name> } = {};
  readonly #subscribers = new Set<Subscriber>();

  /** How many want events now. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** How often a call was made. */
  count(name: CallName): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  /** From now on a call is answered so; one that nothing was said of is never answered. */
  answer<Name extends CallName>(name: Name, answer: Answer<Output<Name>>): void {
    this.#answerBy(name, async () => answer);
  }

  /** From now on the transport itself fails for a call. */
  fail(name: CallName): void {
    this.#answerBy(name, () => Promise.reject(new Error('the connection broke')));
  }

  /** From now on a call waits; the result answers what waits. */
  hold<Name extends CallName>(name: Name): (answer: Answer<Output<Name>>) => void {
    const waiting: ((answer: Answer<Output<Name>>) => void)[] = [];
    this.#answerBy(name, () => new Promise((resolve) => waiting.push(resolve)));
    return (answer) => {
      for (const resolve of waiting.splice(0)) resolve(answer);
    };
  }

  tell(...events: BrokerEvent[]): void {
    for (const event of events) for (const { listener } of this.#subscribers) listener(event);
  }

  /** Events stop coming, of which the transport tells. */
  interrupt(): void {
    for (const { interrupted } of this.#subscribers) interrupted?.();
  }

  call<Name extends CallName>(name: Name, input: Input<Name>): Promise<Answer<Output<Name>>> {
    this.calls.push({ name, input });
    const answering: Answering<Name> | undefined = this.#answering[name];
    return answering ? answering(input) : new Promise(() => undefined);
  }

  subscribe(listener: (event: BrokerEvent) => void, interrupted?: () => void): () => void {
    const subscriber = { listener, interrupted };
    this.subscribed += 1;
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  #answerBy<Name extends CallName>(name: Name, answering: Answering<Name>): void {
    Object.assign(this.#answering, { [name]: answering });
  }
}
