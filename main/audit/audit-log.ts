import type { Clock, SecretStore } from '../platform/ports.ts';
import { Checkpoints } from './checkpoint.ts';
import { AuditFiles, linesOf } from './files.ts';
import { RecentRecords } from './recent-records.ts';
import { OpenRecords, type AuditEntry, type NotedRecord } from './open-records.ts';
import { AuditWalk, type AuditVerdict } from './walk.ts';
import { AuditWriter } from './writer.ts';
import { endsWithin } from './time-limit.ts';

export type { AuditEventName } from './record.ts';
export type { AuditEntry, NotedRecord } from './open-records.ts';
export type { AuditVerdict } from './walk.ts';

export interface AuditLogOptions {
  /** The data folder. */
  readonly home: string;
  readonly clock: Clock;
  readonly secrets: SecretStore;
}

/** How long records are counted up: what is equal is one, and all are in the file within a second. */
const batchMs = 900;

/** A keychain that waits for a person must not keep Latchkey from ending. */
const longestEndMs = 2_000;

const closedRecord: NotedRecord = { again: () => false };

/**
 * Who got or was refused what, and what else was done, in `audit.jsonl`. Its records are chained by a key in the
 * keychain, so that a change shows. Noting something costs no more than counting: all else is done aside, and whatever
 * goes wrong with it is a `problem`, never an error.
 */
export class AuditLog implements AsyncDisposable {
  /** The latest records of this run, for those who look on. */
  readonly recent = new RecentRecords();
  readonly #clock: Clock;
  readonly #records: OpenRecords;
  readonly #writer: AuditWriter;
  readonly #checkpoints: Checkpoints;
  readonly #keyLasts: boolean;
  readonly #listeners = new Set<() => void>();
  #closing: Disposable | undefined;
  #verifying: Promise<AuditVerdict> | undefined;
  #toldProblem: string | undefined;
  /** What was found at the start, until `started` is noted. */
  #findings: string[] | undefined = [];
  #isFirstWrite = true;
  #hasStarted = false;
  #hasEnded = false;

  /** Touches nothing until `start`: what is noted before that is kept for it. */
  constructor({ home, clock, secrets }: AuditLogOptions) {
    this.#clock = clock;
    this.#keyLasts = secrets.kind !== 'memory';
    this.#records = new OpenRecords(clock);
    const changed = () => this.#tell();
    const found = (finding: string) => this.#tellFinding(finding);
    this.#writer = new AuditWriter(clock, new AuditFiles(home), {
      changed,
      found,
      written: (isUrgent) => {
        this.#checkpoints.wanted(isUrgent || this.#isFirstWrite);
        this.#isFirstWrite = false;
      },
    });
    this.#checkpoints = new Checkpoints({
      clock,
      secrets,
      writer: this.#writer,
      changed,
      found,
    });
  }

  /** A log that has started. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(options);
    await log.start();
    return log;
  }

  /**
   * Goes on with the log of the data folder, and notes `started`. Only the folder's own broker may: two that write make
   * two chains, which is what a forged log looks like. Never rejects: `problem` tells.
   */
  async start(): Promise<void> {
    this.#hasStarted = true;
    // What cannot be read now is tried again with the first record.
    await this.#writer.prepare().catch(() => undefined);
    await this.#checkpoints.start();
    const detail = this.#findings?.join('; ');
    this.#findings = undefined;
    this.note({ event: 'started', detail: detail === '' ? undefined : detail });
    this.#close(true);
    await this.#writer.write();
  }

  /** Records something. Does no more than to count it, and never throws. */
  note(entry: AuditEntry): NotedRecord {
    if (this.#hasEnded) return closedRecord;
    if (this.#hasStarted) this.#closing ??= this.#clock.schedule(batchMs, this.#closeBatch);
    return this.#records.note(entry);
  }

  /** Why records cannot be written, are not protected, or are few, now; undefined where all is well. */
  get problem(): string | undefined {
    return this.#writer.problem ?? this.#checkpoints.problem ?? this.#writer.shortness;
  }

  /** Calls `listener` when `problem` has come, gone or become another. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * Reads the whole log and tells whether it is as it was written. Never rejects: what cannot be read is a problem.
   * Who asks while it is being read gets what comes of that: it takes seconds, and a handle for each file.
   */
  verify(): Promise<AuditVerdict> {
    this.#verifying ??= this.#verify().finally(() => (this.#verifying = undefined));
    return this.#verifying;
  }

  /** Notes `ended`, and writes what there is, where it has started. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded || !this.#hasStarted) return;
    this.note({ event: 'ended' });
    this.#hasEnded = true;
    this.#closing?.[Symbol.dispose]();
    this.#close(true);
    const end = this.#writer.write(true).then(() => this.#checkpoints.end());
    await endsWithin(longestEndMs, this.#clock, end);
    this.#writer[Symbol.dispose]();
    this.#checkpoints[Symbol.dispose]();
    this.#listeners.clear();
    this.recent[Symbol.dispose]();
  }

  async #verify(): Promise<AuditVerdict> {
    this.#close(false);
    await this.#writer.write(true);
    try {
      return await this.#walk();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { proven: 0, unproven: 0, problems: [`the log cannot be read: ${reason}`], notes: [] };
    }
  }

  async #walk(): Promise<AuditVerdict> {
    // First the checkpoint: what is written meanwhile comes after it.
    const chain = this.#checkpoints.stored;
    const { opened, head, oldest } = await this.#writer.open();
    try {
      const walk = new AuditWalk({ chain: chain && { ...chain, oldest }, head, keyLasts: this.#keyLasts });
      for (const file of opened.files) {
        for await (const lines of linesOf(file))
          for (const { text, isWhole, number } of lines)
            walk.step(text, isWhole, { file: file.name, line: number });
      }
      return walk.verdict();
    } finally {
      await opened[Symbol.asyncDispose]();
    }
  }

  readonly #closeBatch = (): void => {
    this.#closing = undefined;
    this.#close(false);
    void this.#writer.write();
    const { untilDueMs } = this.#records;
    if (untilDueMs !== undefined)
      this.#closing = this.#clock.schedule(Math.min(untilDueMs, batchMs), this.#closeBatch);
  };

  #close(all: boolean): void {
    const closed = this.#records.close(all);
    this.#writer.add(closed);
    this.recent.add(closed);
  }

  /** What is found at the start is told by `started`, and what is found later by a record of its own. */
  #tellFinding(finding: string): void {
    if (this.#findings) this.#findings.push(finding);
    else this.note({ event: 'audit', detail: finding });
  }

  #tell(): void {
    if (this.problem === this.#toldProblem) return;
    this.#toldProblem = this.problem;
    for (const listener of this.#listeners) listener();
  }
}
