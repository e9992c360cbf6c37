import type { KeyObject } from 'node:crypto';
import type { Client, Clock } from '../platform/ports.ts';
import { beginning, follows, readChained, seal, type Chain, type Link } from './chain.ts';
import { linesOf, nextTurn, type AuditFiles, type OpenAuditFiles } from './files.ts';
import { sequenceAtStart, type AuditClient, type AuditContent, type AuditEventName } from './record.ts';

/** A record as it is to be written. */
export interface ClosedRecord {
  readonly event: AuditEventName;
  readonly profile?: string | undefined;
  readonly detail?: string | undefined;
  readonly client?: Client | undefined;
  readonly count: number;
  readonly lastAtMs: number;
}

/** What the writer tells its owner. */
export interface WriterListener {
  /** `problem` came or went. */
  changed(): void;
  /** Records were written. @param rotated a new file was begun for them */
  written(rotated: boolean): void;
}

/** How many are sealed, at some 15 µs each, before requests have their turn. */
const recordsAtOnce = 24;
/** How many make one append. */
const mostInBatch = 512;
/** How many wait for a disk that has no room, at some 500 bytes each. */
const mostWaiting = 4096;
/** How long it waits after a failure: doubled each time, between these. */
const shortestRetryMs = 1_000;
const longestRetryMs = 60_000;

/** How much is kept of what others chose, in UTF-16 code units: a record then has 20 KiB at most, in ASCII. */
const longestPath = 512;
const longestName = 128;
const mostParents = 16;

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

  /**
   * Looks at what the files end with, and mends that.
   * @returns whether a line was removed that a crash had cut off
   */
  prepare(): Promise<boolean> {
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

  async #prepare(): Promise<boolean> {
    if (this.#head !== undefined) return false;
    const wasCut = await this.#files.repair((line) => readChained(line) !== undefined);
    const last = (await this.#files.lastLines()).findLast((line) => readChained(line) !== undefined);
    this.#head = (last === undefined ? undefined : readChained(last)) ?? beginning;
    return wasCut;
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
    let head = before;
    let text = '';
    let count = 0;
    let rotated = false;
    for (const record of this.#waiting.slice(0, mostInBatch)) {
      if (count > 0 && count % recordsAtOnce === 0) await nextTurn();
      const content = contentOf(record);
      const statesPrevious = this.#statesPrevious && count === 0;
      let sealed = seal(content, head, this.#key, statesPrevious);
      if (!this.#files.hasRoomFor(text.length + sealed.line.length + 1)) {
        if (count > 0) break;
        await this.#rotate();
        rotated = true;
        sealed = seal(content, head, this.#key, true);
      }
      text += `${sealed.line}\n`;
      head = sealed.link;
      count += 1;
    }
    await this.#files.append(text);
    this.#waiting.splice(0, count);
    this.#head = head;
    this.#statesPrevious = false;
    this.#tellOfLost();
    this.#listener.written(rotated);
    return head;
  }

  async #rotate(): Promise<void> {
    const oldest = await this.#files.rotate();
    if (oldest !== undefined) this.#oldest = Math.max(this.#oldest, oldest);
    this.#statesPrevious = true;
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

/** What is kept of a record: of the program no command line, since arguments may hold secrets. */
function contentOf({ event, profile, detail, client, count, lastAtMs }: ClosedRecord): AuditContent {
  const time = new Date(lastAtMs).toISOString();
  return { time, event, profile, detail, count, client: client && clientContent(client) };
}

function clientContent({ process, parents, forwarder }: Client): AuditClient {
  const { pid, name, executable, workingFolder, startedAtMs } = process;
  return {
    pid,
    name: cut(name, longestName),
    executable: executable && cut(executable, longestPath),
    workingFolder: workingFolder && cut(workingFolder, longestPath),
    startedAt: new Date(startedAtMs).toISOString(),
    parents: parents
      .slice(0, mostParents)
      .map((parent) => ({ pid: parent.pid, name: cut(parent.name, longestName) })),
    forwarder,
  };
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
