import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from './ports.ts';

/** Larger files are not read: hashing one takes longer than `longestMs` on a slow machine. */
const largestBytes = 2n ** 28n;

/** How long it may take, with the wait for others of the group. What takes longer is not known. */
const longestMs = 2_000;

/** How much is hashed at once: that takes a fraction of a millisecond, so that requests are answered meanwhile. */
const sliceBytes = 128 * 1024;

const mostKnown = 256;

/** A file that changed less long ago may change again without another time of change: the kernel's clock has ticks. */
const settledMs = 1_000;

export interface HashedFile {
  /** In hexadecimal. */
  readonly sha256: string;
  /** When its content or anything about it last changed, in milliseconds since the Unix epoch. */
  readonly changedAtMs: number;
}

/**
 * The SHA-256 of files: of each once, as long as it does not change. Of one group one file is read at a time, so that a
 * group that has many read holds up itself.
 */
export class FileHashes {
  readonly #clock: Clock;
  /** By what the file system says of each file. The ones that were asked for last stand at the end. */
  readonly #known = new Map<string, HashedFile>();
  /** Those being read, or waiting for that, by their group and then as above. */
  readonly #reading = new Map<string, Map<string, Promise<HashedFile | undefined>>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Undefined where it is no regular file, larger than 256 MiB, cannot be read within two seconds or changed meanwhile.
   * Never rejects.
   * @param group who asks for it
   */
  async of(file: FileHandle, group: string): Promise<HashedFile | undefined> {
    const state = await file.stat({ bigint: true }).catch(() => undefined);
    if (!state?.isFile() || state.size > largestBytes) return undefined;
    const key = describe(state);
    const known = this.#known.get(key);
    if (!known) return this.#readOnce(file, state, group);
    this.#keep(key, known);
    return known;
  }

  /** With those of the group who ask for the same meanwhile. Another group's wait may be a longer one. */
  #readOnce(file: FileHandle, state: BigIntStats, group: string): Promise<HashedFile | undefined> {
    const ofGroup = this.#reading.get(group) ?? new Map<string, Promise<HashedFile | undefined>>();
    this.#reading.set(group, ofGroup);
    const key = describe(state);
    const underWay = ofGroup.get(key);
    if (underWay) return underWay;
    const before = [...ofGroup.values()].at(-1);
    const read = this.#read(file, state, before).finally(() => {
      ofGroup.delete(key);
      if (ofGroup.size === 0) this.#reading.delete(group);
    });
    ofGroup.set(key, read);
    return read;
  }

  /** After `before`, and in time: also where the file system does not answer. */
  async #read(
    file: FileHandle,
    state: BigIntStats,
    before: Promise<unknown> | undefined,
  ): Promise<HashedFile | undefined> {
    const timedOut = new AbortController();
    const isOver = new Promise<undefined>((resolve) => {
      timedOut.signal.addEventListener('abort', () => {
        resolve(undefined);
      });
    });
    const limit = this.#clock.schedule(longestMs, () => {
      timedOut.abort();
    });
    const reading = Promise.resolve(before)
      .then(() => hash(file, state, timedOut.signal))
      .catch(() => undefined);
    const hashed = await Promise.race([reading, isOver]);
    limit[Symbol.dispose]();
    if (hashed && this.#clock.now() - hashed.changedAtMs > settledMs) this.#keep(describe(state), hashed);
    return hashed;
  }

  #keep(key: string, hashed: HashedFile): void {
    this.#known.delete(key);
    this.#known.set(key, hashed);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostKnown) break;
      this.#known.delete(oldest);
    }
  }
}

async function hash(
  file: FileHandle,
  before: BigIntStats,
  signal: AbortSignal,
): Promise<HashedFile | undefined> {
  const sha256 = createHash('sha256');
  const slice = Buffer.alloc(sliceBytes);
  for (let position = 0; position <= before.size;) {
    if (signal.aborted) return undefined;
    const { bytesRead } = await file.read(slice, 0, sliceBytes, position);
    if (bytesRead === 0) break;
    sha256.update(slice.subarray(0, bytesRead));
    position += bytesRead;
  }
  if (describe(await file.stat({ bigint: true })) !== describe(before)) return undefined;
  const changedAtNs = before.ctimeNs > before.mtimeNs ? before.ctimeNs : before.mtimeNs;
  return { sha256: sha256.digest('hex'), changedAtMs: Number(changedAtNs) / 1e6 };
}

/** No two contents of a file have the same one, but for those of the same tick of the kernel's clock. */
function describe({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
