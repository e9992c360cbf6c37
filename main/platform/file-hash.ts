import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from './ports.ts';

/** Larger files are not read: hashing one would take seconds. */
const largestBytes = 2n ** 30n;

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

/** The SHA-256 of files: of each once, as long as it does not change. One file is read at a time. */
export class FileHashes {
  readonly #clock: Pick<Clock, 'now'>;
  /** By what the file system says of each file. The ones that were asked for last stand at the end. */
  readonly #known = new Map<string, Promise<HashedFile | undefined>>();
  #lastRead: Promise<unknown> = Promise.resolve();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Undefined where it is no regular file, larger than 1 GiB, cannot be read or changed meanwhile. Never rejects. */
  async of(file: FileHandle): Promise<HashedFile | undefined> {
    const state = await file.stat({ bigint: true }).catch(() => undefined);
    if (!state?.isFile() || state.size > largestBytes) return undefined;
    const key = describe(state);
    const known = this.#known.get(key) ?? this.#readInTurn(file, state);
    this.#known.delete(key);
    this.#known.set(key, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostKnown) break;
      this.#known.delete(oldest);
    }
    const hashed = await known;
    const isSettled = hashed !== undefined && this.#clock.now() - hashed.changedAtMs > settledMs;
    if (!isSettled && this.#known.get(key) === known) this.#known.delete(key);
    return hashed;
  }

  #readInTurn(file: FileHandle, state: BigIntStats): Promise<HashedFile | undefined> {
    const read = this.#lastRead.then(() => hash(file, state)).catch(() => undefined);
    this.#lastRead = read;
    return read;
  }
}

async function hash(file: FileHandle, before: BigIntStats): Promise<HashedFile | undefined> {
  const sha256 = createHash('sha256');
  const slice = Buffer.alloc(sliceBytes);
  for (let position = 0; position <= before.size;) {
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
