/** The interface over a broker that says what a test tells it to: for what the real one takes minutes or a fingerprint to come to. */
import type { Page } from '@playwright/test';
import type {
  ActivityRecord,
  Answer,
  BrokerEvent,
  CallName,
  LatchkeyApi,
  State,
  Status,
} from '../../preload/contract.ts';
import { LatchkeyWindow } from './window.ts';

// What the page has of these two: `answerCall` is `ToldWindow`'s, `tell` is made in the page.
declare const answerCall: LatchkeyApi['call'];
declare const tell: (event: BrokerEvent) => void;

export class ToldWindow extends LatchkeyWindow {
  /** What the interface asked for, but for the state and the activity. */
  readonly calls: { readonly name: CallName; readonly input: unknown }[] = [];
  /** How a call is answered; others are answered as done. */
  readonly answers = new Map<CallName, Promise<Answer<unknown>>>();
  #status: Status;
  readonly #profiles: State['profiles'];

  private constructor(page: Page, { status, profiles }: State) {
    super(page);
    this.#status = status;
    this.#profiles = profiles;
  }

  /** Opens the interface that is at `url`, told `state` as the first thing. */
  static async open(page: Page, url: string, state: State): Promise<ToldWindow> {
    const window = new ToldWindow(page, state);
    await page.exposeFunction('answerCall', (name: CallName, input: unknown) => {
      if (name === 'activity.read') return window.answers.get(name) ?? { value: { records: [] } };
      window.calls.push({ name, input });
      return window.answers.get(name) ?? { value: {} };
    });
    await page.addInitScript((first) => {
      const listeners = new Set<(event: BrokerEvent) => void>();
      let state = first;
      const latchkey: Pick<LatchkeyApi, 'subscribe'> & { call: unknown } = {
        call(name: CallName, input: never) {
          if (name === 'state.read') return Promise.resolve({ value: state });
          return answerCall(name, input);
        },
        subscribe(listener) {
          listeners.add(listener);
          listener({ type: 'state', state });
          return () => listeners.delete(listener);
        },
      };
      Object.assign(globalThis, {
        latchkey,
        tell(event: BrokerEvent) {
          if (event.type === 'status') state = { ...state, status: event.status };
          for (const listener of listeners) listener(event);
        },
      });
    }, state);
    await page.setViewportSize({ width: 380, height: 560 });
    await page.goto(url);
    return window;
  }

  /** Tells the state once more, as it is told where events had stopped and come again. */
  async tellStateAgain(): Promise<void> {
    await this.page.evaluate(
      (event) => {
        tell(event);
      },
      { type: 'state' as const, state: { status: this.#status, profiles: this.#profiles } },
    );
  }

  /** Tells records, in as many events as there are lists of them. */
  async tellActivity(batches: readonly (readonly ActivityRecord[])[]): Promise<void> {
    const events = batches.map((records) => ({ type: 'activity' as const, records: [...records] }));
    await this.page.evaluate((told) => {
      for (const event of told) tell(event);
    }, events);
  }

  /** Tells that something of the status has changed. */
  async tellStatus(changes: Partial<Status>): Promise<void> {
    this.#status = { ...this.#status, ...changes };
    await this.page.evaluate(
      (event) => {
        tell(event);
      },
      { type: 'status' as const, status: this.#status },
    );
  }
}
