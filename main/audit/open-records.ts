import type { Client, Clock } from '../platform/ports.ts';
import { personsEvents, type AuditEventName } from './record.ts';

/** Something to be recorded. */
export interface AuditEntry {
  readonly event: AuditEventName;
  readonly profile?: string | undefined;
  /** What happened exactly, by which rule, or why it was refused: words of Latchkey's own, never what a client sent. */
  readonly detail?: string | undefined;
  /** Until when the session that it tells of is good, as Unix time in milliseconds. */
  readonly expiresAtMs?: number | undefined;
  /** The program it was for, as soon as it is known: look-ups that end later complete the record. */
  readonly client?: Client | Promise<Client | undefined> | undefined;
}

/** A record that is not written yet. */
export interface NotedRecord {
  /** Counts one more of the same; false once it is closed, then it must be noted anew. Cheap: the hot path. */
  again(): boolean;
}

/**
 * How many different records of one event and profile a second has room for. A busy machine has some dozens in all; no
 * program can make so many of one kind that another kind has no room.
 */
const mostOfKind = 128;

/** How long a record waits for the look-up of its program. */
const longestLookUpMs = 1000;

/** A record that counts. */
export class OpenRecord implements NotedRecord {
  readonly kind: Kind;
  readonly event: AuditEventName;
  readonly profile: string | undefined;
  readonly detail: string | undefined;
  readonly expiresAtMs: number | undefined;
  readonly notedAtElapsedMs: number;
  client: Client | undefined;
  lookUp: LookUp | undefined;
  count = 1;
  lastAtMs: number;
  isOpen = true;
  readonly #clock: Clock;

  constructor(
    clock: Clock,
    kind: Kind,
    { event, profile, detail, expiresAtMs }: AuditEntry,
    client: Client | undefined,
    lookUp: LookUp | undefined,
  ) {
    this.#clock = clock;
    this.kind = kind;
    kind.open += 1;
    this.event = event;
    this.profile = profile;
    this.detail = detail;
    this.expiresAtMs = expiresAtMs;
    this.client = client;
    this.lookUp = lookUp;
    this.notedAtElapsedMs = clock.elapsed();
    this.lastAtMs = clock.now();
  }

  again(): boolean {
    if (!this.isOpen) return false;
    this.count += 1;
    this.lastAtMs = this.#clock.now();
    return true;
  }

  close(): void {
    this.isOpen = false;
    this.kind.open -= 1;
  }
}

/** The records of one event and profile, as far as their number goes. */
interface Kind {
  open: number;
}

/** Which program it was, as soon as that is known. */
interface LookUp {
  /** Stands for the program among the records: a number of its own, then the program's. */
  name: string;
  client: Client | undefined;
  isDone: boolean;
  /** The records that wait for it. */
  readonly records: OpenRecord[];
}

/** The records of the last second that are still counted up: equal ones are one. */
export class OpenRecords {
  readonly #clock: Clock;
  readonly #records = new Map<string, OpenRecord>();
  /** By event and profile, while there are any. */
  readonly #kinds = new Map<string, Kind>();
  readonly #lookUps = new WeakMap<Promise<Client | undefined>, LookUp>();
  #lookUpCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(entry: AuditEntry): OpenRecord {
    const { client } = entry;
    const lookUp = client instanceof Promise ? this.#lookUpOf(client) : undefined;
    const known = client instanceof Promise ? lookUp?.client : client;
    const key = keyOf(entry, lookUp?.name ?? nameOf(known));
    const same = this.#records.get(key);
    if (same) {
      same.again();
      return same;
    }
    const kind = this.#kindOf(entry);
    if (kind.open >= mostOfKind && !personsEvents.has(entry.event)) return this.#overflow(kind, entry);
    const pending = lookUp?.isDone === false ? lookUp : undefined;
    const record = new OpenRecord(this.#clock, kind, entry, known, pending);
    record.lookUp?.records.push(record);
    this.#records.set(key, record);
    return record;
  }

  /**
   * Closes the records, but for those whose program may still be told in time.
   * @param all those, too
   * @returns those that were closed, by their times
   */
  close(all: boolean): OpenRecord[] {
    const nowMs = this.#clock.elapsed();
    const closed: OpenRecord[] = [];
    for (const [key, record] of this.#records) {
      if (!all && record.lookUp !== undefined && nowMs - record.notedAtElapsedMs < longestLookUpMs) continue;
      record.close();
      this.#records.delete(key);
      closed.push(record);
    }
    for (const [name, kind] of this.#kinds) if (kind.open === 0) this.#kinds.delete(name);
    return closed.toSorted((one, other) => one.lastAtMs - other.lastAtMs);
  }

  /** In how many milliseconds the first of those that are open must be closed; undefined where there is none. */
  get untilDueMs(): number | undefined {
    let firstMs: number | undefined;
    for (const { notedAtElapsedMs } of this.#records.values())
      firstMs = Math.min(firstMs ?? notedAtElapsedMs, notedAtElapsedMs);
    return firstMs === undefined ? undefined : Math.max(0, firstMs + longestLookUpMs - this.#clock.elapsed());
  }

  #kindOf({ event, profile = '' }: AuditEntry): Kind {
    const name = `${event}\n${profile}`;
    let kind = this.#kinds.get(name);
    if (!kind) this.#kinds.set(name, (kind = { open: 0 }));
    return kind;
  }

  /** One record for all of a kind that there is no room for. */
  #overflow(kind: Kind, { event, profile }: AuditEntry): OpenRecord {
    const detail = `too many different ones within a second: these are told by their number only`;
    const key = keyOf({ event, profile, detail }, '');
    let record = this.#records.get(key);
    if (record) record.again();
    else {
      record = new OpenRecord(this.#clock, kind, { event, profile, detail }, undefined, undefined);
      this.#records.set(key, record);
    }
    return record;
  }

  #lookUpOf(client: Promise<Client | undefined>): LookUp {
    let lookUp = this.#lookUps.get(client);
    if (lookUp) return lookUp;
    this.#lookUpCount += 1;
    lookUp = { name: `?${this.#lookUpCount}`, client: undefined, isDone: false, records: [] };
    this.#lookUps.set(client, lookUp);
    const begun = lookUp;
    client.then(
      (found) => this.#end(begun, found),
      () => this.#end(begun, undefined),
    );
    return lookUp;
  }

  /** Completes the records of a program, and counts them to those that it has already. */
  #end(lookUp: LookUp, client: Client | undefined): void {
    const nameBefore = lookUp.name;
    lookUp.client = client;
    lookUp.isDone = true;
    lookUp.name = nameOf(client);
    for (const record of lookUp.records.splice(0)) {
      record.lookUp = undefined;
      if (!record.isOpen) continue;
      record.client = client;
      this.#records.delete(keyOf(record, nameBefore));
      const key = keyOf(record, lookUp.name);
      const same = this.#records.get(key);
      if (!same) {
        this.#records.set(key, record);
        continue;
      }
      same.count += record.count;
      same.lastAtMs = Math.max(same.lastAtMs, record.lastAtMs);
      record.close();
    }
  }
}

/** What must be the same for two to be one record. Details are our own words, and so have no line's end. */
function keyOf({ event, profile = '', detail = '', expiresAtMs }: AuditEntry, client: string): string {
  return `${event}\n${profile}\n${detail}\n${expiresAtMs ?? ''}\n${client}`;
}

function nameOf(client: Client | undefined): string {
  return client === undefined ? '' : `${client.process.pid} ${client.process.start}`;
}
