import type { Answer, BrokerEvent, State } from '../../preload/contract.ts';
import { emptyStatus } from '../fixtures/status.ts';
import type { Caller } from '../../main/control/caller.ts';
import type { Service, ServiceByCaller } from '../../main/control/service.ts';

/** A service whose answers and events are the test's: for what a broker does not do at a test's word. */
export class ServiceStandIn implements Service, ServiceByCaller {
  readonly callers: Caller[] = [];
  readonly received: { name: string; input: unknown }[] = [];
  answer: (name: string, input: unknown) => Promise<Answer<unknown>> = () => Promise.resolve({ value: {} });
  endpoint = 'http://127.0.0.1:9254/';
  readonly #listeners = new Set<(event: BrokerEvent) => void>();

  by(caller: Caller): Service {
    this.callers.push(caller);
    return this;
  }

  call(name: string, input: unknown): Promise<Answer<unknown>> {
    this.received.push({ name, input });
    return this.answer(name, input);
  }

  subscribe(listener: (event: BrokerEvent) => void): Disposable {
    this.#listeners.add(listener);
    listener({ type: 'state', state: this.state });
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  get subscribers(): number {
    return this.#listeners.size;
  }

  get state(): State {
    return {
      status: { ...emptyStatus, version: '9.9.9', endpoint: this.endpoint },
      profiles: [],
    };
  }

  /** Tells everybody that the endpoint is at another URL. */
  moveEndpoint(endpoint: string): void {
    this.endpoint = endpoint;
    for (const listener of [...this.#listeners]) listener({ type: 'status', status: this.state.status });
  }
}
