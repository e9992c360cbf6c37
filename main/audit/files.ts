import { constants } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Resources } from '../resources.ts';
import { auditFileBytes, auditFileCount, auditFileName, sequenceAtStart } from './record.ts';

/** A file of the log, open for reading up to the end that it has now. */
export interface AuditFile {
  readonly name: string;
  readonly handle: FileHandle;
  readonly bytes: number;
}

export interface Line {
  readonly text: string;
  /** Counted from 1. */
  readonly number: number;
  /** False where its end is missing, or it is longer than any record. */
  readonly isWhole: boolean;
}

/** A record has a few bounded texts: it is shorter. */
const longestLine = 64 * 1024;
const chunkBytes = 64 * 1024;
/** What is done with this many lines, at some 15 µs each, may stand in the way of a request. */
const linesAtOnce = 32;

/** A file that somebody else blew up is not read to its end. */
const mostBytesRead = 2 * auditFileBytes;

/**
 * The files of the audit log, and nothing of what their lines mean. One operation at a time, but for the reading of
 * what `open` has opened. All reject with the file system's own errors.
 */
export class AuditFiles {
  readonly #home: string;
  /** How large the current file is if only this has written to it. */
  #bytes = 0;

  constructor(home: string) {
    this.#home = home;
  }

  /** Whether a text of ASCII characters has room in the current file. */
  hasRoomFor(length: number): boolean {
    return this.#bytes + length <= auditFileBytes;
  }

  /**
   * Mends the end of the current file, where a crash cut off the last line: one that is whole gets its end, and any
   * other is removed.
   * @param isRecord whether a line is whole
   * @returns whether a line was removed
   */
  async repair(isRecord: (line: string) => boolean): Promise<boolean> {
    const handle = await openWhereThere(this.#path(0), constants.O_RDWR);
    if (handle === undefined) {
      this.#bytes = 0;
      return false;
    }
    try {
      const { size, mode } = await handle.stat();
      if ((mode & 0o077) !== 0) await handle.chmod(0o600);
      this.#bytes = size;
      const tail = Buffer.alloc(Math.min(size, longestLine));
      await handle.read(tail, 0, tail.length, size - tail.length);
      const cut = tail.subarray(tail.lastIndexOf('\n') + 1);
      if (cut.length === 0) return false;
      // What goes on for so long is not what a crash leaves: it stays, for `verify` to tell of.
      const isEndless = cut.length === longestLine;
      if (isEndless || isRecord(cut.toString('latin1'))) {
        await handle.write('\n', size);
        this.#bytes = size + 1;
        return false;
      }
      await handle.truncate(size - cut.length);
      this.#bytes = size - cut.length;
      return true;
    } finally {
      await handle.close();
    }
  }

  /** The lines of the last 64 KiB of the newest file that has any. The first of them may be cut. */
  async lastLines(): Promise<string[]> {
    const opened = await this.open();
    try {
      const newest = opened.files.findLast(({ bytes }) => bytes > 0);
      if (newest === undefined) return [];
      const tail = Buffer.alloc(Math.min(newest.bytes, longestLine));
      await newest.handle.read(tail, 0, tail.length, newest.bytes - tail.length);
      return tail.toString('latin1').split('\n');
    } finally {
      await opened[Symbol.asyncDispose]();
    }
  }

  /** The first line of all that are kept; empty where there is none. */
  async oldestLine(): Promise<string> {
    for (let age = auditFileCount - 1; age >= 0; age -= 1) {
      const line = await this.#firstLine(age);
      if (line !== '') return line;
    }
    return '';
  }

  /** Adds whole lines to the current file: all of them, or where it rejects none. */
  async append(lines: string): Promise<void> {
    const handle = await open(this.#path(0), 'a', 0o600);
    try {
      const { size } = await handle.stat();
      // Somebody else wrote to it, or a part of what failed could not be taken back: at least our own lines stand alone.
      const text = size === 0 || size === this.#bytes ? lines : `\n${lines}`;
      try {
        await handle.writeFile(text, 'latin1');
      } catch (error) {
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
      this.#bytes = size + text.length;
    } finally {
      await handle.close();
    }
  }

  /** Makes what was written last through a power cut. */
  async sync(): Promise<void> {
    const handle = await openWhereThere(this.#path(0), constants.O_RDWR);
    try {
      await handle?.datasync();
    } finally {
      await handle?.close();
    }
  }

  /**
   * Begins a new file. There may be one more than there are to be then, until `removeSurplus`.
   * @returns where there is, the first lines of that one and of those that are kept
   */
  async rotate(): Promise<{ readonly first: string; readonly firstKept: string } | undefined> {
    await this.sync();
    // A gap, as a crash half-way leaves it, is filled.
    let free = 1;
    while (free < auditFileCount && (await isThere(this.#path(free)))) free += 1;
    for (let age = free; age > 0; age -= 1) {
      // What somebody has removed meanwhile is missed by `verify`.
      if (await isThere(this.#path(age - 1))) await rename(this.#path(age - 1), this.#path(age));
    }
    this.#bytes = 0;
    if (free < auditFileCount) return undefined;
    return { first: await this.#firstLine(free), firstKept: await this.#firstLine(free - 1) };
  }

  async removeSurplus(): Promise<void> {
    await rm(this.#path(auditFileCount), { force: true });
  }

  /** Opens what there is, the oldest first. Whatever is renamed or removed then can still be read. */
  async open(): Promise<OpenAuditFiles> {
    const opened = new OpenAuditFiles();
    try {
      for (let age = auditFileCount; age >= 0; age -= 1) {
        const handle = await openWhereThere(this.#path(age), constants.O_RDONLY);
        if (handle !== undefined) await opened.add(auditFileName(age), handle);
      }
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Empty where there is no such file. */
  async #firstLine(age: number): Promise<string> {
    const handle = await openWhereThere(this.#path(age), constants.O_RDONLY);
    if (handle === undefined) return '';
    try {
      const start = Buffer.alloc(longestLine);
      const { bytesRead } = await handle.read(start, 0, start.length, 0);
      const text = start.toString('latin1', 0, bytesRead);
      return text.slice(0, Math.max(0, text.indexOf('\n')));
    } finally {
      await handle.close();
    }
  }

  #path(age: number): string {
    return join(this.#home, auditFileName(age));
  }
}

/** What `AuditFiles.open` opened. */
export class OpenAuditFiles implements AsyncDisposable {
  readonly #files: AuditFile[] = [];
  readonly #handles = new Resources();

  async add(name: string, handle: FileHandle): Promise<void> {
    this.#handles.use({ [Symbol.asyncDispose]: () => handle.close() });
    this.#files.push({ name, handle, bytes: (await handle.stat()).size });
  }

  /** The oldest first. */
  get files(): readonly AuditFile[] {
    return this.#files;
  }

  /** The files from the one on that has the record `sequence`, as far as their first lines tell. */
  async from(sequence: number): Promise<readonly AuditFile[]> {
    for (let index = this.#files.length - 1; index > 0; index -= 1) {
      const file = this.#files[index];
      const first = file && (await firstSequenceIn(file.handle));
      if (first !== undefined && first <= sequence) return this.#files.slice(index);
    }
    return this.#files;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handles[Symbol.asyncDispose]();
  }
}

/**
 * The lines of a file in bundles, between which requests have their turn. As Latin-1, one character for each byte: no
 * two files read the same.
 */
export async function* linesOf({ handle, bytes }: AuditFile): AsyncGenerator<readonly Line[], void, void> {
  const chunk = Buffer.alloc(chunkBytes);
  let bundle: Line[] = [];
  let number = 0;
  let rest = '';
  let position = 0;
  while (position < Math.min(bytes, mostBytesRead)) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunkBytes, bytes - position), position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const parts = (rest + chunk.toString('latin1', 0, bytesRead)).split('\n');
    rest = parts.pop() ?? '';
    for (const text of parts) {
      number += 1;
      bundle.push({ text, number, isWhole: text.length <= longestLine });
      if (bundle.length < linesAtOnce) continue;
      yield bundle;
      await nextTurn();
      bundle = [];
    }
    // A line without an end must not fill the memory.
    if (rest.length > longestLine) rest = rest.slice(0, longestLine + 1);
  }
  if (rest !== '') bundle.push({ text: rest, number: number + 1, isWhole: false });
  if (bundle.length > 0) yield bundle;
}

/** Resolves when whatever waits in the event loop has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function firstSequenceIn(handle: FileHandle): Promise<number | undefined> {
  const start = Buffer.alloc(64);
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  return sequenceAtStart(start.toString('latin1', 0, bytesRead));
}

async function openWhereThere(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
