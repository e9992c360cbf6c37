/** The audit log's files: their number and size, and disks that are full or gone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../main/audit/audit-log.ts';
import { auditFileBytes, auditFileCount } from '../../main/audit/record.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { needs } from '../platform/needs.ts';
import {
  auditScene,
  clientOf,
  filesOf,
  processOf,
  recordsOf,
  type AuditScene,
  type KeychainStandIn,
} from './audit-fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

const canMount = needs(
  process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0,
  'a file system of its own for a full disk can be mounted by root on Linux only',
);

let scene: AuditScene;
let home: string;
let clock: FakeClock;
let keychain: KeychainStandIn;
let log: AuditLog;

const open = () => AuditLog.open({ home, clock, secrets: keychain });

beforeEach(async () => {
  scene = await auditScene();
  ({ home, clock, keychain } = scene);
});

afterEach(async () => {
  await log[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

describe('the files', () => {
  const long = 'k'.repeat(1_000);
  const parents = Array.from({ length: 16 }, (_, index) => processOf(long, index));
  /** The largest records there are: 3 KiB. */
  const largest = (pid: number) => ({
    ...clientOf(long, pid, { executable: long, workingFolder: long }),
    parents,
  });
  let pid = 0;

  /** Fills some files, with no more at once than can wait. */
  async function fill(bytes: number): Promise<void> {
    for (let noted = 0; noted < bytes; noted += 2_500 * 2_900) {
      for (let count = 0; count < 2_500; count += 1)
        log.note({ event: 'served', profile: `sandbox-${count % 25}`, client: largest((pid += 1)) });
      clock.advance(1_000);
      const lastLine = async () => (await readFile(join(home, 'audit.jsonl'), 'latin1')).slice(-4_096);
      await vi.waitFor(async () => expect(await lastLine()).toContain(`"pid":${pid},`), 10_000);
    }
  }

  it('are bounded in size and number, and what is kept of them is one chain', async () => {
    log = await open();
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(1));
    keychain.failure = new Error('locked');
    await fill((auditFileCount + 1) * auditFileBytes);
    // What the checkpoint counts on stays until there is a newer one, and is no problem.
    expect(await filesOf(home)).toHaveLength(auditFileCount + 1);
    expect((await log.verify()).problems).toEqual([]);
    keychain.failure = undefined;
    clock.advance(60 * 60_000);
    await vi.waitFor(async () => expect(await filesOf(home)).toHaveLength(auditFileCount));
    for (const name of await filesOf(home))
      expect((await stat(join(home, name))).size).toBeLessThanOrEqual(auditFileBytes);
    const { problems, notes } = await log.verify();
    expect(problems).toEqual([]);
    expect(notes[0]).toMatch(/^the log begins with record \d+: what was older is not kept$/);

    // Also for the next run, and a file that is missing shows.
    await log[Symbol.asyncDispose]();
    log = await open();
    expect((await log.verify()).problems).toEqual([]);
    await rename(join(home, 'audit.7.jsonl'), join(home, 'oldest'));
    expect((await log.verify()).problems).toEqual([
      expect.stringMatching(/^audit\.6\.jsonl, line 1: records \d+ to \d+ are missing before it$/),
    ]);
    await rename(join(home, 'oldest'), join(home, 'audit.7.jsonl'));
    await rename(join(home, 'audit.3.jsonl'), join(home, 'audit.30.jsonl'));
    expect((await log.verify()).problems).toEqual([
      expect.stringMatching(/^audit\.2\.jsonl, line 1: records \d+ to \d+ are missing before it$/),
    ]);
    await rename(join(home, 'audit.30.jsonl'), join(home, 'audit.3.jsonl'));
    // Nor can one be put in another's place.
    await rename(join(home, 'audit.3.jsonl'), join(home, 'other'));
    await rename(join(home, 'audit.4.jsonl'), join(home, 'audit.3.jsonl'));
    await rename(join(home, 'other'), join(home, 'audit.4.jsonl'));
    expect((await log.verify()).problems).not.toEqual([]);
  });

  it('that were driven out by a flood are told of in the log, and are a problem for 30 days', async () => {
    log = await open();
    log.note({ event: 'served', profile: 'production', client: clientOf('thief', 66) });
    await fill(auditFileCount * auditFileBytes);
    await vi.waitFor(async () => expect(await filesOf(home)).toHaveLength(auditFileCount));
    const records = await recordsOf(home);
    const [first] = records;
    const gone = records.filter(({ event }) => event === 'audit');
    expect(gone).toMatchObject([
      {
        detail: `records 1 to ${(first?.sequence ?? 0) - 1}, of 2026-11-03T10:00:00.000Z to ${first?.time}, are not kept any longer`,
        previous: expect.any(String) as string,
      },
    ]);
    const { problems, notes } = await log.verify();
    expect(problems).toEqual([]);
    expect(notes.at(-1)).toContain(gone[0]?.detail);
    const short = `The audit log goes back to ${first?.time} only: there was so much to record that what came before is gone`;
    expect(log.problem).toBe(short);

    await log[Symbol.asyncDispose]();
    log = await open();
    expect(log.problem).toBe(short);
    clock.advance(30 * 24 * 60 * 60_000);
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
  });

  it('that it took more than 30 days to fill are no problem when the oldest one goes', async () => {
    log = await open();
    await fill((auditFileCount - 1) * auditFileBytes);
    clock.advance(31 * 24 * 60 * 60_000);
    await fill(auditFileBytes);
    const [first] = await recordsOf(home);
    expect(first?.sequence).toBeGreaterThan(1);
    expect(log.problem).toBeUndefined();
  });

  it('go on where a crash stopped half-way through their renaming', async () => {
    log = await open();
    await fill(2.5 * auditFileBytes);
    await log[Symbol.asyncDispose]();
    expect(await filesOf(home)).toEqual(['audit.2.jsonl', 'audit.1.jsonl', 'audit.jsonl']);
    await rename(join(home, 'audit.2.jsonl'), join(home, 'audit.3.jsonl'));
    await rename(join(home, 'audit.1.jsonl'), join(home, 'audit.2.jsonl'));
    log = await open();
    expect((await log.verify()).problems).toEqual([]);
    await fill(1);
    expect((await log.verify()).problems).toEqual([]);
    expect(await filesOf(home)).toEqual(['audit.3.jsonl', 'audit.2.jsonl', 'audit.1.jsonl', 'audit.jsonl']);
  });

  it('of another size than Latchkey makes are not read to their end', async () => {
    log = await open();
    await writeFile(join(home, 'audit.1.jsonl'), '');
    await truncate(join(home, 'audit.1.jsonl'), 2 ** 40);
    expect((await log.verify()).problems[0]).toBe('audit.1.jsonl, line 1: it is no record');
  });
});

describe('where the log cannot be written', () => {
  it('that is a problem until it can, and nothing is lost', async () => {
    log = await open();
    await log.verify();
    const told: (string | undefined)[] = [];
    using _listening = log.onChange(() => told.push(log.problem));
    await rename(home, `${home}-away`);
    log.note({ event: 'locked' });
    clock.advance(1_000);
    await vi.waitFor(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatch(/^The audit log cannot be written: ENOENT: no such file or directory/);
    log.note({ event: 'unlocked' });
    await rename(`${home}-away`, home);
    clock.advance(2_000);
    await vi.waitFor(() => expect(told).toEqual([told[0], undefined]));
    expect((await log.verify()).problems).toEqual([]);
    expect((await recordsOf(home)).map(({ event }) => event)).toEqual(['started', 'locked', 'unlocked']);
  });

  it('at the start, too: it goes on as soon as it can', async () => {
    await rename(home, `${home}-away`);
    log = await open();
    expect(log.problem).toContain('ENOENT');
    await rename(`${home}-away`, home);
    clock.advance(2_000);
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
    expect(await recordsOf(home)).toMatchObject([{ event: 'started' }]);
  });

  it('it is tried ever less often', async () => {
    log = await open();
    await log.verify();
    await rm(join(home, 'audit.jsonl'));
    await mkdir(join(home, 'audit.jsonl'));
    log.note({ event: 'locked' });
    clock.advance(1_000);
    const delays: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      // The timer of the attempt before has gone, and another one comes with its failure.
      await vi.waitFor(() => expect(clock.waiting).toBe(1));
      delays.push(clock.untilNextMs);
      clock.advance(clock.untilNextMs ?? 0);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    // New records do not hurry it.
    await rm(join(home, 'audit.jsonl'), { recursive: true });
    log.note({ event: 'unlocked' });
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await filesOf(home)).toEqual([]);
    clock.advance(60_000);
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
  });
});

describe('a full disk', () => {
  let filler: string;

  beforeEach(async () => {
    if (canMount.missing) return;
    home = join(home, 'small');
    await mkdir(home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', home]);
    filler = join(home, 'filler');
    log = await open();
    log.note({ event: 'locked' });
    await log.verify();
    // Until there is no room for one more byte.
    await writeFile(filler, Buffer.alloc(8 * 1024 * 1024)).catch(() => undefined);
  });

  afterEach(async () => {
    if (canMount.missing) return;
    await log[Symbol.asyncDispose]();
    execFileSync('umount', [home]);
  });

  /** More than the rest of the file's last page holds. */
  function noteMany(count: number): void {
    for (let pid = 1; pid <= count; pid += 1)
      log.note({ event: 'served', profile: `sandbox-${pid % 8}`, client: clientOf('aws', pid) });
  }

  it.skipIf(canMount.missing)(
    `leaves whole records only, and takes the others when there is room again${canMount.note}`,
    async () => {
      noteMany(100);
      clock.advance(1_000);
      await vi.waitFor(() => expect(log.problem).toMatch(/^The audit log cannot be written: ENOSPC/));
      expect(await recordsOf(home)).toHaveLength(2);
      expect((await log.verify()).problems).toEqual([]);
      await rm(filler);
      clock.advance(60_000);
      await vi.waitFor(() => expect(log.problem).toBeUndefined());
      expect(await recordsOf(home)).toHaveLength(102);
      expect((await log.verify()).problems).toEqual([]);
    },
  );

  it.skipIf(canMount.missing)(
    `that stays full loses what there is no room for in memory, and tells how many${canMount.note}`,
    async () => {
      for (let second = 0; second < 10; second += 1) {
        noteMany(512);
        clock.advance(1_000);
      }
      await vi.waitFor(() => expect(log.problem).toContain('ENOSPC'));
      await rm(filler);
      clock.advance(60_000);
      await vi.waitFor(() => expect(log.problem).toBeUndefined());
      const records = await recordsOf(home);
      expect(records).toHaveLength(2 + 4096 + 1);
      expect(records.at(-1)).toMatchObject({
        event: 'audit',
        detail: 'this many could not be written, and are lost',
        count: 5120 - 4096,
      });
      expect((await log.verify()).problems).toEqual([]);
    },
  );

  it.skipIf(canMount.missing)(`leaves the end of Latchkey as it is${canMount.note}`, async () => {
    noteMany(100);
    await log[Symbol.asyncDispose]();
    expect((await readFile(join(home, 'audit.jsonl'), 'utf8')).endsWith('}\n')).toBe(true);
  });
});
