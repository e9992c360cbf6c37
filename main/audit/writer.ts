import type { KeyObject } from 'node:crypto';
import type { Clock } from '../platform/ports.ts';
import { beginning, follows, readChained, seal, type Chain, type ChainedRecord, type Link } from './chain.ts';
import { contentOf, type ClosedRecord } from './content.ts';
import { linesOf, nextTurn, type AuditFiles, type OpenAuditFiles } from './files.ts';
import { personsEvents, sequenceAtStart } from './record.ts';

/** What the writer tells its owner. */
export interface WriterListener {
  /** `problem` or `shortness` came, went or became another. */
  changed(): void;
  /** Something was wrong with what the files ended with. */
  found(finding: string): void;
  /** Records were written. @param isUrgent whether the keychain is to know of them at once, not within a minute */
  written(isUrgent: boolean): void;
}

/** How many are sealed, at some 15 µs each, before requests have their turn. */
const recordsAtOnce = 24;
/** How many make one append. */
const mostInBatch = 512;
/** How many wait for a disk that has no room, at some 500 bytes each. */
const mostWaiting = 4096;
/** What the log should reach back, in milliseconds, where it once had more. */
const leastKeptMs = 30 * 24 * 60 * 60_000;
/** How long it waits after a failure: doubled each time, between these. */
const shortestRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Writes the audit log: seals each record into the chain, and adds them to the files. Nobody waits for it. */
export class AuditWriter implements Disposable {
  readonly #clock: Clock;
  readonly #files: AuditFiles;
  readonly #listener: WriterListener;
  readonly #waiting: ClosedRecord[] = [];
  #lost = 0;
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** The record that was written last; undefined until the files have been looked at. */
  #head: Link | undefined;
  #key: KeyObject | undefined;
  #oldest = 1;
  #statesPrevious = true;
  /** When the first record that there is was, as Unix time in milliseconds; undefined where none came before it. */
  #cutAtMs: number | undefined;
  #failures = 0;
  #retry: Disposable | undefined;
  #hasEnded = false;
  #problem: string | undefined;

  constructor(clock: Clock, files: AuditFiles, listener: WriterListener) {
    this.#clock = clock;
    this.#files = files;
    this.#listener = listener;
  }

  /** Why records cannot be written now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** That so much was written that the log reaches back a few days only: whoever wanted to hide something may have. */
  get shortness(): string | undefined {
    if (this.#cutAtMs === undefined || this.#clock.now() - this.#cutAtMs >= leastKeptMs) return undefined;
    const since = new Date(this.#cutAtMs).toISOString();
    return `The audit log goes back to ${since} only: there was so much to record that what came before is gone`;
  }

  /** Takes records to be written; there is a bound to how many wait, and what is over it is counted as lost. */
  add(records: readonly ClosedRecord[]): void {
    for (const record of records) {
      if (this.#waiting.length < mostWaiting) this.#waiting.push(record);
      else this.#lost += record.count;
    }
  }

  /**
   * Writes what waits. Never rejects: `problem` tells.
   * @param hurried also where it waits for its next attempt after a failure
   */
  async write(hurried = false): Promise<void> {
    if (this.#retry !== undefined && !hurried) return;
    await this.#inTurn(() => this.#writeWaiting());
  }

  /** Looks at what the files end with, and mends that. */
  prepare(): Promise<void> {
    return this.#inTurn(() => this.#prepare());
  }

  /**
   * Makes the next record one that a chain may begin with.
   * @returns the record before that
   */
  async endChain(): Promise<Link> {
    return await this.#inTurn(async () => {
      await this.#prepare();
      this.#statesPrevious = true;
      return this.#head ?? beginning;
    });
  }

  /**
   * Goes on with a chain from its last record. Where what is in the files does not follow from the checkpoint, it goes
   * on from the last record that does, so that the break stays in the log for `verify` to find.
   * @returns whether all of the log from the checkpoint on is as it was written
   */
  async goOnWith({ key, oldest, checkpoint }: Chain): Promise<boolean> {
    return await this.#inTurn(async () => {
      await this.#prepare();
      const opened = await this.#files.open();
      try {
        const { head, isIntact } = await endOf(opened, key, checkpoint);
        this.#head = head;
        this.#key = key;
        this.#oldest = Math.max(this.#oldest, oldest);
        return isIntact;
      } finally {
        await opened[Symbol.asyncDispose]();
      }
    });
  }

  /** The record that was written last and lasts through a power cut, and the first one that is to be kept. */
  async lastingHead(): Promise<{ readonly head: Link; readonly oldest: number }> {
    return await this.#inTurn(async () => {
      await this.#prepare();
      await this.#files.sync();
      return { head: this.#head ?? beginning, oldest: this.#oldest };
    });
  }

  /** Removes the file that is one too many: what is to be kept no longer counts on it. */
  async removeSurplus(): Promise<void> {
    await this.#inTurn(() => this.#files.removeSurplus());
  }

  /** The files as they are between two writes, and what they should end and begin with. The caller closes them. */
  async open(): Promise<{ readonly opened: OpenAuditFiles; readonly head: Link; readonly oldest: number }> {
    return await this.#inTurn(async () => {
      await this.#prepare();
      const opened = await this.#files.open();
      return { opened, head: this.#head ?? beginning, oldest: this.#oldest };
    });
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#retry?.[Symbol.dispose]();
  }

  #inTurn<Result>(operation: () => Promise<Result>): Promise<Result> {
    const result = this.#lastTurn.then(operation);
    this.#lastTurn = result.catch(() => undefined);
    return result;
  }

  async #prepare(): Promise<void> {
    if (this.#head !== undefined) return;
    const wasCut = await this.#files.repair((line) => readChained(line) !== undefined);
    if (wasCut) this.#listener.found('the last line, which a crash had cut off, was removed');
    const lastLine = (await this.#files.lastLines()).findLast((line) => readChained(line) !== undefined);
    const last = lastLine === undefined ? undefined : readChained(lastLine);
    this.#noteBeginning(readChained(await this.#files.oldestLine()));
    this.#head = last ?? beginning;
    // What has no key anybody can write, who has cut off the rest.
    if (last !== undefined && !(last.content.event === 'ended' && last.isKeyed))
      this.#listener.found(
        'the run before did not end properly: the last of its records, of up to a minute, may be missing',
      );
  }

  async #writeWaiting(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    try {
      let head = (await this.#prepare(), this.#head ?? beginning);
      while (this.#waiting.length > 0) head = await this.#writeBatch(head);
      this.#failures = 0;
      this.#setProblem(undefined);
    } catch (error) {
      this.#retryLater(error);
    }
  }

  /** @returns the record that was written last then */
  async #writeBatch(before: Link): Promise<Link> {
    let batch = await this.#sealedAfter(before);
    const isFull = batch.count === 0;
    if (isFull) {
      await this.#rotate();
      batch = await this.#sealedAfter(before);
    }
    await this.#files.append(batch.text);
    const written = this.#waiting.splice(0, batch.count);
    this.#head = batch.head;
    this.#statesPrevious = false;
    this.#tellOfLost();
    this.#listener.written(isFull || written.some(({ event }) => personsEvents.has(event)));
    return batch.head;
  }

  /** Seals as many of those that wait as the current file has room for. */
  async #sealedAfter(before: Link): Promise<{ text: string; head: Link; count: number }> {
    let head = before;
    let text = '';
    let count = 0;
    for (const record of this.#waiting.slice(0, mostInBatch)) {
      if (count > 0 && count % recordsAtOnce === 0) await nextTurn();
      const statesPrevious = this.#statesPrevious && count === 0;
      const { line, link } = seal(contentOf(record), head, this.#key, statesPrevious);
      if (!this.#files.hasRoomFor(text.length + line.length + 1)) break;
      text += `${line}\n`;
      head = link;
      count += 1;
    }
    return { text, head, count };
  }

  /** Begins a new file. Where the oldest one goes for that, the first record of the new one says what is gone. */
  async #rotate(): Promise<void> {
    const surplus = await this.#files.rotate();
    this.#statesPrevious = true;
    if (surplus === undefined) return;
    const oldest = sequenceAtStart(surplus.firstKept);
    if (oldest !== undefined) this.#oldest = Math.max(this.#oldest, oldest);
    const [gone, kept] = [readChained(surplus.first), readChained(surplus.firstKept)];
    // Where there is none, that is what `verify` tells of.
    if (gone === undefined || kept === undefined) return;
    const detail = `records ${gone.sequence} to ${kept.sequence - 1}, of ${gone.content.time} to ${kept.content.time}, are not kept any longer`;
    this.#waiting.unshift({ event: 'audit', detail, count: 1, lastAtMs: this.#clock.now() });
    this.#noteBeginning(kept);
  }

  #noteBeginning(first: ChainedRecord | undefined): void {
    this.#cutAtMs = first === undefined || first.sequence === 1 ? undefined : Date.parse(first.content.time);
    this.#listener.changed();
  }

  #tellOfLost(): void {
    if (this.#lost === 0) return;
    const detail = 'this many could not be written, and are lost';
    this.#waiting.push({ event: 'audit', detail, count: this.#lost, lastAtMs: this.#clock.now() });
    this.#lost = 0;
  }

  #retryLater(error: unknown): void {
    const delayMs = Math.min(longestRetryMs, shortestRetryMs * 2 ** this.#failures);
    this.#failures += 1;
    if (!this.#hasEnded) this.#retry = this.#clock.schedule(delayMs, () => void this.write(true));
    const reason = error instanceof Error ? error.message : String(error);
    this.#setProblem(`The audit log cannot be written: ${reason}`);
  }

  #setProblem(problem: string | undefined): void {
    if (this.#problem === problem) return;
    this.#problem = problem;
    this.#listener.changed();
  }
}

/** The last record that follows from the checkpoint, and whether all after that does. */
async function endOf(
  opened: OpenAuditFiles,
  key: KeyObject,
  checkpoint: Link,
): Promise<{ head: Link; isIntact: boolean }> {
  let head = checkpoint;
  let isFound = checkpoint.sequence === beginning.sequence;
  let isIntact = true;
  for (const file of await opened.from(checkpoint.sequence)) {
    for await (const lines of linesOf(file)) {
      for (const { text, isWhole } of lines) {
        if (!isFound && sequenceAtStart(text) !== checkpoint.sequence) continue;
        const record = isWhole ? readChained(text) : undefined;
        if (!isFound) isFound = record?.mac === checkpoint.mac;
        else if (record && follows(record, head.mac, key))
          head = { sequence: record.sequence, mac: record.mac };
        else isIntact = false;
      }
    }
  }
  return { head, isIntact: isFound && isIntact };
}
