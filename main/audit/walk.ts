import { follows, readChained, type Chain, type ChainedRecord, type Link } from './chain.ts';

/** What the audit log holds, by what its chain and the keychain prove. */
export interface AuditVerdict {
  /** How many records are unchanged and complete, up to the latest checkpoint in the keychain. */
  proven: number;
  /** How many came after that: they are unchanged, but some could have been cut off. */
  unproven: number;
  /** What is wrong, each with its place; none where nothing is. */
  problems: string[];
  /** What is no fault but worth knowing. */
  notes: string[];
}

/** What the log is held against. */
export interface Expectation {
  /** Undefined where the keychain cannot be used: nothing is proven then, and only what is plainly wrong is found. */
  readonly chain: Chain | undefined;
  /** The record that was written last. */
  readonly head: Link;
  /** Whether the key outlives a run: then there should never have been another. */
  readonly keyLasts: boolean;
}

/** Where a line stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

type ProblemKind = 'changed' | 'missing' | 'misplaced' | 'noRecord';

interface Problem {
  readonly kind: ProblemKind;
  readonly place: Place;
  /** The records that it is about; lines, where they are no records. */
  readonly from: number;
  to: number;
}

const mostTold = 50;

/** Goes through the log line by line, from the oldest on, and judges it. */
export class AuditWalk {
  readonly #chain: Chain | undefined;
  readonly #head: Link;
  readonly #keyLasts: boolean;
  /** The first record that must be there; 0 where that is not known. */
  readonly #oldest: number;
  readonly #problems: Problem[] = [];
  readonly #ownRecords: string[] = [];
  /** The last record that followed a record before it. */
  #good: Link | undefined;
  /** The last record as it states itself, good or not: the one after a changed record may follow that. */
  #last: Link | undefined;
  #isCheckpointPassed: boolean;
  #proven = 0;
  #unproven = 0;
  #unkeyed = 0;
  #beforeChain = 0;
  /** Whether records before this chain are of another key, which is gone. */
  #isKeyLost = false;

  constructor({ chain, head, keyLasts }: Expectation) {
    this.#keyLasts = keyLasts;
    this.#chain = chain;
    this.#head = head;
    this.#oldest = chain?.oldest ?? 0;
    // A chain begins with a checkpoint before its first record.
    this.#isCheckpointPassed = chain === undefined || chain.checkpoint.sequence < chain.oldest;
  }

  /** Takes the next line. @param isWhole false where its end is missing, or it is longer than any record */
  step(text: string, isWhole: boolean, place: Place): void {
    const record = isWhole ? readChained(text) : undefined;
    if (record === undefined) this.#add('noRecord', place, place.line, place.line);
    else if (this.#last === undefined && record.sequence < this.#oldest) this.#passOver(record);
    else this.#judge(record, place);
  }

  /** What came of it, after the last line. */
  verdict(): AuditVerdict {
    const all = [
      ...this.#problems.map(inWords),
      ...[this.#endProblem(), this.#keyProblem()].filter((problem) => problem !== undefined),
    ];
    const untold = all.length - mostTold;
    return {
      proven: this.#proven,
      unproven: this.#unproven,
      problems: untold > 0 ? [...all.slice(0, mostTold), `and ${untold} more`] : all,
      notes: this.#notes(),
    };
  }

  #judge(record: ChainedRecord, place: Place): void {
    const { sequence, mac } = record;
    const expected = this.#last === undefined ? this.#oldest || sequence : this.#last.sequence + 1;
    const isIntact = this.#isIntact(record);
    if (sequence > expected) this.#add('missing', place, expected, sequence - 1);
    else if (sequence < expected || (isIntact && !this.#isInPlace(record)))
      this.#add('misplaced', place, sequence, sequence);
    else if (!isIntact) this.#add('changed', place, sequence, sequence);

    if (sequence >= expected) this.#last = { sequence, mac };
    if (!isIntact) return;
    this.#good = { sequence, mac };
    this.#count(record);
  }

  /** Counts a record that is older than what must be there. */
  #passOver(record: ChainedRecord): void {
    this.#beforeChain += 1;
    if (this.#chain === undefined || !record.isKeyed || record.previous === undefined) return;
    // A file that is about to go is of this chain still.
    if (!follows(record, record.previous, this.#chain.key)) this.#isKeyLost = true;
  }

  /** Whether the mac is right for some record before it: without the key nobody can tell. */
  #isIntact(record: ChainedRecord): boolean {
    if (this.#chain === undefined) return true;
    const { key } = this.#chain;
    if (record.previous !== undefined) return follows(record, record.previous, key);
    return this.#before.some((mac) => follows(record, mac, key));
  }

  /** Whether what a record states that it follows is what is there. */
  #isInPlace({ previous }: ChainedRecord): boolean {
    return previous === undefined || this.#last === undefined || this.#before.includes(previous);
  }

  /** The macs of the records that the next one may follow. */
  get #before(): string[] {
    return [this.#good?.mac, this.#last?.mac].filter((mac) => mac !== undefined);
  }

  #count(record: ChainedRecord): void {
    const checkpoint = this.#chain?.checkpoint;
    if (checkpoint !== undefined && record.sequence <= checkpoint.sequence) this.#proven += 1;
    else this.#unproven += 1;
    if (!record.isKeyed) this.#unkeyed += 1;
    if (record.sequence === checkpoint?.sequence && record.mac === checkpoint.mac)
      this.#isCheckpointPassed = true;
    const { event, detail, time } = record.content;
    if ((event === 'started' || event === 'audit') && detail !== undefined)
      this.#ownRecords.push(`record ${record.sequence}, ${time}: ${detail}`);
  }

  /** What is wrong with the end: what stood there is known from the checkpoint, and in this run from memory. */
  #endProblem(): string | undefined {
    const last = this.#last ?? { sequence: Math.max(0, this.#oldest - 1), mac: undefined };
    if (this.#head.sequence > last.sequence)
      return `at the end: ${records(last.sequence + 1, this.#head.sequence)} missing`;
    // Where something else is wrong, that is why.
    if (this.#problems.length > 0) return undefined;
    if (this.#chain !== undefined && !this.#isCheckpointPassed)
      return `record ${this.#chain.checkpoint.sequence} is not the one that the checkpoint in the keychain names`;
    if (last.mac !== undefined && last.mac !== this.#head.mac)
      return `at the end: record ${last.sequence} is not the one that Latchkey wrote last`;
    return undefined;
  }

  #keyProblem(): string | undefined {
    if (!this.#isKeyLost || !this.#keyLasts) return undefined;
    return `the keychain has lost the key of ${this.#beforeChain === 1 ? 'the record' : `the ${this.#beforeChain} records`} before record ${this.#oldest}, or somebody has removed it: nothing shows whether they are as Latchkey wrote them`;
  }

  #notes(): string[] {
    const notes: string[] = [];
    if (this.#chain === undefined)
      notes.push('the keychain cannot be used, and without the key in it nothing is proven');
    if (this.#beforeChain > 0)
      notes.push(
        `${counted(this.#beforeChain)} before record ${this.#oldest} not judged: the key of their chain is gone, or they are older than what is kept`,
      );
    else if (this.#oldest > 1)
      notes.push(`the log begins with record ${this.#oldest}: what was older is not kept`);
    if (this.#unkeyed > 0)
      notes.push(
        `${counted(this.#unkeyed)} written while the keychain could not be used: a change made before the next record with the key would not show`,
      );
    return [...notes, ...this.#ownRecords.slice(-mostTold)];
  }

  /** Adds a problem, to the one before where it is of the same kind and goes on from there. */
  #add(kind: ProblemKind, place: Place, from: number, to: number): void {
    const before = this.#problems.at(-1);
    const isSame = before?.kind === kind && before.place.file === place.file && kind !== 'missing';
    if (isSame && before.to + 1 === from) before.to = to;
    else this.#problems.push({ kind, place, from, to });
  }
}

function inWords({ kind, place, from, to }: Problem): string {
  const { file, line } = place;
  const where = `${file}, line ${line}`;
  switch (kind) {
    case 'changed':
      return `${where}: ${records(from, to)} not as Latchkey wrote ${from === to ? 'it' : 'them'}`;
    case 'missing':
      return `${where}: ${records(from, to)} missing before it`;
    case 'misplaced':
      return `${where}: ${from === to ? `record ${from} does` : `records ${from} to ${to} do`} not follow what is before`;
    case 'noRecord':
      return from === to ? `${where}: it is no record` : `${where} to ${to}: they are no records`;
  }
}

function records(from: number, to: number): string {
  return from === to ? `record ${from} is` : `records ${from} to ${to} are`;
}

function counted(count: number): string {
  return count === 1 ? '1 record was' : `${count} records were`;
}
