import type { Clock } from '../platform/ports.ts';

/** Requests that were refused for the same reason. */
export interface Refusal {
  readonly reason: string;
  readonly count: number;
  readonly lastAtMs: number;
  /** The name of the program that sent the last one, where it is known. */
  readonly program: string | undefined;
}

interface Entry {
  count: number;
  lastAtMs: number;
  program: string | undefined;
}

/** A flood of refusals is told of this often. */
const tellEveryMs = 1_000;

/** Reasons are our own words, so there are few; this bounds them all the same. */
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
  note(reason: string, program: Promise<string | undefined>): void {
    let entry = this.#entries.get(reason);
    if (!entry) {
      if (this.#entries.size >= mostReasons) return;
      entry = { count: 0, lastAtMs: 0, program: undefined };
      this.#entries.set(reason, entry);
    }
    const noted = entry;
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
    return [...this.#entries]
      .map(([reason, entry]) => ({ reason, ...entry }))
      .toSorted((one, other) => other.lastAtMs - one.lastAtMs);
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
