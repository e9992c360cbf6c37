import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileHashes } from '../../main/platform/file-hash.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let folder: string;
let clock: FakeClock;
let hashes: FileHashes;
let handles: FileHandle[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-hash-'));
  handles = [];
  // Files that a test writes count as written long ago.
  clock = new FakeClock(Date.now() + 60_000);
  hashes = new FileHashes(clock);
});

afterEach(async () => {
  clock[Symbol.dispose]();
  await Promise.all(handles.map((handle) => handle.close()));
  rmSync(folder, { recursive: true });
});

test('is that of the whole file, also of one that is read in several slices', async () => {
  for (const size of [0, 1, 128 * 1024, 1_000_003]) {
    const path = write(`of ${String(size)}`, Buffer.alloc(size, 'latchkey'));
    const { file } = await openCounted(path);
    expect((await hashes.of(file, 'one'))?.sha256).toBe(
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    );
  }
});

test('is read once, as long as the file does not change', async () => {
  const path = write('same', 'one');
  const first = await openCounted(path);
  const [one, again] = await Promise.all([hashes.of(first.file, 'one'), hashes.of(first.file, 'one')]);
  const second = await openCounted(path);
  expect([again, await hashes.of(second.file, 'one')]).toEqual([one, one]);
  expect([first.reads(), second.reads()]).toEqual([2, 0]);
});

test('is read anew once the file has changed', async () => {
  const path = write('changing', 'one');
  const before = await hashes.of((await openCounted(path)).file, 'one');
  // Until the kernel's clock, which the times of files are by, has gone on.
  await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(path, 'two');
  const after = await hashes.of((await openCounted(path)).file, 'one');
  expect(after?.sha256).toBe(createHash('sha256').update('two').digest('hex'));
  expect(after?.changedAtMs).toBeGreaterThan(before?.changedAtMs ?? Infinity);
});

test('is not kept of a file that has only just changed: it may change again at the same time', async () => {
  clock.setWallClock(-60_000);
  const path = write('fresh', 'one');
  await hashes.of((await openCounted(path)).file, 'one');
  const again = await openCounted(path);
  await hashes.of(again.file, 'one');
  expect(again.reads()).toBeGreaterThan(0);
});

test('is kept of 256 files', async () => {
  const paths = Array.from({ length: 257 }, (_, index) => write(`file ${String(index)}`, String(index)));
  for (const path of paths) await hashes.of((await openCounted(path)).file, 'one');
  const [first, last] = [await openCounted(paths[0] ?? ''), await openCounted(paths[256] ?? '')];
  await hashes.of(first.file, 'one');
  await hashes.of(last.file, 'one');
  expect([first.reads() > 0, last.reads()]).toEqual([true, 0]);
});

test('is none where the file changes while it is read', async () => {
  const path = write('growing', Buffer.alloc(1_000_000));
  const file = await openPlain(path);
  const read = file.read.bind(file);
  let slices = 0;
  vi.spyOn(file, 'read').mockImplementation(async (...given: unknown[]) => {
    if (++slices === 3) writeFileSync(path, 'more', { flag: 'a' });
    return Reflect.apply(read, file, given) as ReturnType<typeof read>;
  });
  expect(await hashes.of(file, 'one')).toBeUndefined();
  expect(slices).toBeGreaterThan(7);
});

test('is none of more than 256 MiB, of which nothing is read', async () => {
  const path = write('large', '');
  truncateSync(path, 2 ** 28 + 1);
  const { file, reads } = await openCounted(path);
  expect(await hashes.of(file, 'one')).toBeUndefined();
  expect(reads()).toBe(0);
});

test('is none of what cannot be read within two seconds, and nothing more of it is read', async () => {
  const { file, waiting, reads } = await openStuck(write('stuck', Buffer.alloc(1_000_000)));
  const hashed = hashes.of(file, 'one');
  const release = await waiting;
  clock.advance(1_999);
  expect(await isSettled(hashed)).toBe(false);
  clock.advance(1);
  expect(await hashed).toBeUndefined();
  release();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(reads()).toBe(1);
});

test('of one group is read after the others, and of another one without waiting for those', async () => {
  const path = write('small', 'small');
  const stuck = await openStuck(write('stuck', Buffer.alloc(1_000_000)));
  const first = hashes.of(stuck.file, 'one');
  const release = await stuck.waiting;
  const second = hashes.of(await openPlain(path), 'one');
  expect(await isSettled(second)).toBe(false);
  expect(await hashes.of(await openPlain(path), 'other')).toMatchObject({ changedAtMs: expect.any(Number) });
  release();
  expect(await Promise.all([first, second])).toEqual([
    expect.objectContaining({ sha256: expect.any(String) }),
    expect.objectContaining({ sha256: expect.any(String) }),
  ]);
});

test('is none of what is no regular file', async () => {
  expect(await hashes.of((await openCounted(folder)).file, 'one')).toBeUndefined();
  expect(await hashes.of((await openCounted('/dev/zero')).file, 'one')).toBeUndefined();
});

test('lets other work go on between its slices', async () => {
  const { file } = await openCounted(write('long', Buffer.alloc(4_000_000)));
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  turn();
  await hashes.of(file, 'one');
  isDone = true;
  expect(turns).toBeGreaterThan(4_000_000 / (128 * 1024));
});

async function openCounted(path: string): Promise<{ file: FileHandle; reads: () => number }> {
  const file = await openPlain(path);
  const read = vi.spyOn(file, 'read');
  return { file, reads: () => read.mock.calls.length };
}

/** A file whose first read waits until it is released: `waiting` gives what releases it, once it waits. */
async function openStuck(path: string) {
  const file = await openPlain(path);
  const read = file.read.bind(file);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let waits: (release: () => void) => void = () => undefined;
  const waiting = new Promise<() => void>((resolve) => (waits = resolve));
  const spy = vi.spyOn(file, 'read').mockImplementation(async (...given: unknown[]) => {
    waits(release);
    await released;
    return Reflect.apply(read, file, given) as ReturnType<typeof read>;
  });
  return { file, waiting, reads: () => spy.mock.calls.length };
}

async function openPlain(path: string): Promise<FileHandle> {
  const file = await open(path, 'r');
  handles.push(file);
  return file;
}

function write(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = new Promise((resolve) => setTimeout(resolve, 20, 'pending'));
  return (await Promise.race([promise, pending])) !== 'pending';
}
