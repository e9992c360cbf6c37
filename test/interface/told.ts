/** The interface over a broker that says what a test tells it to: for what the real one takes minutes or a fingerprint to come to. */
import type { Page } from '@playwright/test';
import type { Answer, BrokerEvent, CallName, LatchkeyApi, State, Status } from '../../preload/contract.ts';
import { LatchkeyWindow } from './window.ts';

// What the page has of these two: `answerCall` is `ToldWindow`'s, `tell` is made in the page.
declare const answerCall: LatchkeyApi['call'];
declare const tell: (event: BrokerEvent) => void;

export class ToldWindow extends LatchkeyWindow {
  /** What the interface asked for, but for the state. */
  readonly calls: { readonly name: CallName; readonly input: unknown }[] = [];
  /** How a call is answered; others are answered as done. */
  readonly answers = new Map<CallName, Promise<Answer<unknown>>>();
  #status: Status;

  private constructor(page: Page, { status }: State) {
    super(page);
    this.#status = status;
  }

  /** Opens the interface that is at `url`, told `state` as the first thing. */
  static async open(page: Page, url: string, state: State): Promise<ToldWindow> {
    const window = new ToldWindow(page, state);
    await page.exposeFunction('answerCall', (name: CallName, input: unknown) => {
      window.calls.push({ name, input });
      return window.answers.get(name) ?? { value: {} };
    });
    await page.addInitScript((first) => {
      const listeners = new Set<(event: BrokerEvent) => void>();
      let state = first;
      const latchkey: Pick<LatchkeyApi, 'subscribe'> & { call: unknown } = {
        call: (name: CallName, input: never) =>
          name === 'state.read' ? Promise.resolve({ value: state }) : answerCall(name, input),
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
