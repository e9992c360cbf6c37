import { contentOf, type ClosedRecord } from './content.ts';
import { mostRecent, requestEvents, type AuditContent } from './record.ts';

/** A record as those who look on are told of it. */
export interface RecentRecord {
  /** Counts up through the broker's run. */
  readonly id: number;
  readonly content: AuditContent;
}

const minuteMs = 60_000;

/**
 * The latest records of this run. Requests of one minute that are equal are one record here, so that what a busy program
 * asks each second leaves room for the others; such a record is told again, with its id, when it has counted up.
 */
export class RecentRecords implements Disposable {
  /** By what makes two of them equal, in the order in which they began. */
  readonly #requests = new Map<string, RecentRecord>();
  readonly #others: RecentRecord[] = [];
  readonly #listeners = new Set<(records: readonly RecentRecord[]) => void>();
  #count = 0;

  add(closed: readonly ClosedRecord[]): void {
    const told = new Map<number, RecentRecord>();
    for (const record of closed) {
      const recent = this.#add(record);
      told.set(recent.id, recent);
    }
    if (told.size === 0) return;
    const records = latest([...told.values()]);
    for (const listener of this.#listeners) listener(records);
  }

  /** Those that are kept, in the order in which they began. */
  list(): RecentRecord[] {
    return [...this.#requests.values(), ...this.#others].sort((one, other) => one.id - other.id);
  }

  /** Calls `listener` with the records that are new or have counted up, in the order in which they began. */
  onAdded(listener: (records: readonly RecentRecord[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
  }

  #add(closed: ClosedRecord): RecentRecord {
    const content = contentOf(closed);
    if (!requestEvents.has(closed.event)) {
      const record = { id: this.#nextId(), content };
      this.#others.push(record);
      if (this.#others.length > mostRecent.others) this.#others.shift();
      return record;
    }
    const key = keyOf(closed);
    const same = this.#requests.get(key);
    const count = content.count + (same?.content.count ?? 0);
    const record = { id: same?.id ?? this.#nextId(), content: { ...content, count } };
    // A key that is there keeps its place.
    this.#requests.set(key, record);
    if (this.#requests.size > mostRecent.requests) {
      const [oldest] = this.#requests.keys();
      if (oldest !== undefined) this.#requests.delete(oldest);
    }
    return record;
  }

  #nextId(): number {
    this.#count += 1;
    return this.#count;
  }
}

/** Of more than are kept, who looks on needs the latest only. */
function latest(records: readonly RecentRecord[]): readonly RecentRecord[] {
  return records
    .toSorted((one, other) => one.id - other.id)
    .slice(-(mostRecent.requests + mostRecent.others));
}

/** Details are our own words, and so have no line's end. */
function keyOf({ event, profile = '', detail = '', client, lastAtMs }: ClosedRecord): string {
  const program = client === undefined ? '' : `${client.process.pid} ${client.process.start}`;
  return `${Math.floor(lastAtMs / minuteMs)}\n${event}\n${profile}\n${detail}\n${program}`;
}
