import type { Clock } from '../platform/ports.ts';
import type { Session } from '../sts/session.ts';
import type { ClientConnection } from './client-connections.ts';

/** Credentials of a profile that programs have got, and AWS takes until `untilMs` (by the wall clock). */
export interface Holding {
  readonly profile: string;
  /** There where they may read only. */
  readonly readOnly?: true;
  readonly untilMs: number;
  /** The names of the programs that are known to have them. */
  readonly programs: readonly string[];
}

interface Entry {
  readonly profile: string;
  readonly readOnly: boolean;
  untilMs: number;
  /** Until when each program's own last one is valid, by the program's name. */
  readonly programs: Map<string, number>;
  /** Which program asks is looked up for one of many at a time: a burst of requests is mostly one program's. */
  isLookingUp: boolean;
}

/** Programs choose their names: of more the ones that got some last are kept. */
const mostPrograms = 32;

/** Renewal re-dates a session by fractions of a second. */
const noticeableMs = 1000;

/**
 * Who holds which credentials until when: what was handed out stays valid at AWS, whatever is locked or switched here.
 * It knows sessions by their ends alone, and holds none.
 */
export class HandedOut {
  readonly #clock: Clock;
  /** By the profile and whether they are read-only: a profile that has become so does not change what programs hold. */
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that a session was handed out to a connection that did not have it. */
  note(profile: string, session: Session, connection: ClientConnection, readOnly = false): void {
    const entry = this.#entry(profile, readOnly);
    if (session.expiresAtMs > entry.untilMs + noticeableMs) {
      entry.untilMs = session.expiresAtMs;
      this.#tell();
    }
    if (entry.isLookingUp) return;
    entry.isLookingUp = true;
    void connection.identifyWhereCheap('answer').then((client) => {
      entry.isLookingUp = false;
      if (client) this.#noteProgram(entry, client.process.name, session.expiresAtMs);
    });
  }

  /** Notes that a sign-in to the AWS console was handed out, which lasts until `untilMs` at the latest. */
  noteConsole(profile: string, untilMs: number, readOnly = false): void {
    const entry = this.#entry(profile, readOnly);
    entry.untilMs = Math.max(entry.untilMs, untilMs);
    this.#noteProgram(entry, 'the AWS console', untilMs);
  }

  /** What is still valid, that with the latest end first. */
  holdings(): Holding[] {
    const nowMs = this.#clock.now();
    const holdings: Holding[] = [];
    for (const [key, { profile, readOnly, untilMs, programs }] of this.#entries) {
      if (untilMs <= nowMs) this.#entries.delete(key);
      else {
        for (const [name, ownUntilMs] of programs) if (ownUntilMs <= nowMs) programs.delete(name);
        holdings.push({
          profile,
          ...(readOnly ? { readOnly } : {}),
          untilMs,
          programs: [...programs.keys()].toSorted(),
        });
      }
    }
    return holdings.toSorted((one, other) => other.untilMs - one.untilMs);
  }

  /** Calls `listener` after each change but the passing of time. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #entry(profile: string, readOnly: boolean): Entry {
    const key = readOnly ? `${profile} read-only` : profile;
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { profile, readOnly, untilMs: 0, programs: new Map(), isLookingUp: false };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #noteProgram({ programs }: Entry, name: string, untilMs: number): void {
    const before = programs.get(name) ?? 0;
    // The map is kept in the order of the last time.
    programs.delete(name);
    programs.set(name, Math.max(before, untilMs));
    const [oldest] = programs.keys();
    if (programs.size > mostPrograms && oldest !== undefined) programs.delete(oldest);
    if (before <= this.#clock.now()) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
