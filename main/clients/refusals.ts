import type { FailureCode } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';

/** Requests that were refused for the same reason. */
export interface Refusal {
  readonly reason: string;
  /** Why there was nothing to serve; undefined where the request itself was not one to be met. */
  readonly code: FailureCode | undefined;
  readonly count: number;
  readonly lastAtMs: number;
  /** The name of the program that sent the last one, where it is known. */
  readonly program: string | undefined;
}

interface Entry {
  code: FailureCode | undefined;
  count: number;
  lastAtMs: number;
  program: string | undefined;
}

/** A flood of refusals is told of this often. */
const tellEveryMs = 1_000;

/** Some reasons hold a time or AWS's words. The one that has not come up for longest gives way. */
const mostReasons = 64;

/** The requests that were refused, counted by their reason, since the broker started. */
export class Refusals implements Disposable {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();
  #telling: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a refused request. @param reason words of our own, never what was sent */
  note(reason: string, program: Promise<string | undefined>, code?: FailureCode): void {
    const noted = this.#entries.get(reason) ?? { code, count: 0, lastAtMs: 0, program: undefined };
    // The map is kept in the order of the last time.
    this.#entries.delete(reason);
    this.#entries.set(reason, noted);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > mostReasons && oldest !== undefined) this.#entries.delete(oldest);
    noted.code = code;
    noted.count += 1;
    noted.lastAtMs = this.#clock.now();
    void program.then((name) => {
      if (name !== undefined) noted.program = name;
    });
    this.#telling ??= this.#clock.schedule(tellEveryMs, () => {
      this.#telling = undefined;
      for (const listener of this.#listeners) listener();
    });
  }

  /** The latest first. */
  list(): Refusal[] {
    return [...this.#entries].map(([reason, entry]) => ({ reason, ...entry })).toReversed();
  }

  /** Calls `listener` within a second of a change. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#telling?.[Symbol.dispose]();
    this.#listeners.clear();
  }
}
