/** The audit log's key and checkpoints, with keychains that are slow, locked or not there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../main/audit/audit-log.ts';
import { personsEvents } from '../../main/audit/record.ts';
import { Failure } from '../../main/failure.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { auditScene, recordsOf, type AuditScene, type KeychainStandIn } from './audit-fixture.ts';

const minute = 60_000;
const lockedFailure = new Failure('KeychainLocked', 'The keychain is locked.');
const unprotected =
  'The audit log is written, but its latest records are not protected: The keychain is locked.';

let scene: AuditScene;
let home: string;
let clock: FakeClock;
let keychain: KeychainStandIn;
let log: AuditLog;

const open = () => AuditLog.open({ home, clock, secrets: keychain });

/** Opens the log where that waits for the keychain: as long as it does, and no longer. */
async function openWithoutAnswer(): Promise<AuditLog> {
  const opening = open();
  await vi.waitFor(() => expect(keychain.underWay).toBe(1));
  clock.advance(2_000);
  return await opening;
}

/** Waits until the keychain has a checkpoint. */
async function checkpointed(sequence: number): Promise<void> {
  await vi.waitFor(() => expect(keychain.checkpoint).toBe(sequence));
}

beforeEach(async () => {
  scene = await auditScene();
  ({ home, clock, keychain } = scene);
});

afterEach(async () => {
  await log[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

describe('a checkpoint', () => {
  it('is made at the start, within a minute of something new, and at the end', async () => {
    log = await open();
    await checkpointed(1);
    log.note({ event: 'locked' });
    clock.advance(1_000);
    await vi.waitFor(async () => expect(await recordsOf(home)).toHaveLength(2));
    expect(keychain.checkpoint).toBe(1);
    clock.advance(minute);
    await checkpointed(2);
    await log[Symbol.asyncDispose]();
    expect(keychain.checkpoint).toBe(3);
  });

  it.each([...personsEvents])('is made at once where a person has decided something: %s', async (event) => {
    log = await open();
    await checkpointed(1);
    log.note({ event });
    clock.advance(1_000);
    await checkpointed(2);
  });

  it('is not made where nothing is new', async () => {
    log = await open();
    await checkpointed(1);
    const { writes } = keychain;
    clock.advance(60 * minute);
    await log.verify();
    expect(keychain.writes).toBe(writes);
  });

  it('is one at a time, and holds up no record', async () => {
    log = await open();
    await checkpointed(1);
    const answer = keychain.close();
    log.note({ event: 'locked' });
    clock.advance(1_000);
    await vi.waitFor(async () => expect(await recordsOf(home)).toHaveLength(2));
    clock.advance(minute);
    await vi.waitFor(() => expect(keychain.underWay).toBe(1));
    log.note({ event: 'unlocked' });
    clock.advance(1_000);
    await vi.waitFor(async () => expect(await recordsOf(home)).toHaveLength(3));
    clock.advance(5 * minute);
    // Whatever a second one would do before it gets to the keychain is done after this.
    await log.verify();
    await new Promise((resolve) => setImmediate(resolve));
    answer();
    await checkpointed(3);
    expect(keychain.mostUnderWay).toBe(1);
  });

  it('that the keychain does not take is a problem until it does', async () => {
    log = await open();
    await checkpointed(1);
    const told: (string | undefined)[] = [];
    using _listening = log.onChange(() => told.push(log.problem));
    keychain.failure = lockedFailure;
    log.note({ event: 'locked' });
    clock.advance(1_000);
    await vi.waitFor(async () => expect(await recordsOf(home)).toHaveLength(2));
    clock.advance(minute);
    await vi.waitFor(() => expect(told).toEqual([unprotected]));
    expect(await log.verify()).toMatchObject({ proven: 1, unproven: 1, problems: [] });
    keychain.failure = undefined;
    clock.advance(minute);
    await vi.waitFor(() => expect(told).toEqual([unprotected, undefined]));
    expect(keychain.checkpoint).toBe(2);
  });

  it('asks the person for a locked keychain ever less often', async () => {
    keychain.failure = lockedFailure;
    log = await open();
    for (let passed = 0; passed < 240; passed += 1) {
      log.note({ event: 'locked' });
      clock.advance(minute);
      await vi.waitFor(() => expect(keychain.underWay).toBe(0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    // At once, after 1, 3, 7, 15, 31 and 63 minutes, then every hour.
    expect(keychain.reads).toBe(9);
  });
});

describe('a keychain that does not answer', () => {
  it('keeps the start no longer than two seconds', async () => {
    const answer = keychain.close();
    log = await openWithoutAnswer();
    expect(log.problem).toMatch(/the keychain has not answered yet$/);
    expect(await recordsOf(home)).toMatchObject([{ event: 'started', unkeyed: true }]);
    answer();
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
    expect((await log.verify()).problems).toEqual([]);
  });

  it('keeps the end no longer than that', async () => {
    log = await open();
    await checkpointed(1);
    const answer = keychain.close();
    const ending = log[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(keychain.underWay).toBe(1));
    clock.advance(2_000);
    await ending;
    expect(await recordsOf(home)).toMatchObject([{ event: 'started' }, { event: 'ended' }]);
    answer();
  });
});

describe('without a keychain', () => {
  it('records are written all the same, and nothing claims that they are proven', async () => {
    keychain.failure = lockedFailure;
    log = await open();
    log.note({ event: 'locked' });
    expect(log.problem).toBe(unprotected);
    expect(await log.verify()).toEqual({
      proven: 0,
      unproven: 2,
      problems: [],
      notes: [
        'the keychain cannot be used, and without the key in it nothing is proven',
        '2 records were written while the keychain could not be used: a change made before the next record with the key would not show',
      ],
    });
  });

  it('what was written is proven from the next record with the key on', async () => {
    log = await open();
    await log[Symbol.asyncDispose]();
    keychain.failure = lockedFailure;
    log = await open();
    log.note({ event: 'locked' });
    await log.verify();
    keychain.failure = undefined;
    clock.advance(minute);
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
    log.note({ event: 'unlocked' });
    const { proven, unproven, problems } = await log.verify();
    expect({ records: proven + unproven, problems }).toEqual({ records: 5, problems: [] });
    const records = await recordsOf(home);
    expect(records.map(({ unkeyed }) => unkeyed === true)).toEqual([false, false, true, true, false]);
    await log[Symbol.asyncDispose]();
    log = await open();
    await checkpointed(7);
    expect(await log.verify()).toMatchObject({ proven: 7, unproven: 0, problems: [] });
  });

  it('for the whole of the first run until then, the chain begins where it can', async () => {
    keychain.failure = lockedFailure;
    log = await open();
    log.note({ event: 'locked' });
    await log.verify();
    keychain.failure = undefined;
    clock.advance(minute);
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
    log.note({ event: 'unlocked' });
    const { problems, notes } = await log.verify();
    expect({ problems, note: notes[0] }).toEqual({
      problems: [],
      note: '2 records were before record 3 not judged: the key of their chain is gone, or they are older than what is kept',
    });
  });

  it('no record is sealed by a key that the keychain has not taken', async () => {
    const answer = keychain.close();
    log = await openWithoutAnswer();
    keychain.failure = lockedFailure;
    answer();
    await vi.waitFor(() => expect(log.problem).toBe(unprotected));
    log.note({ event: 'locked' });
    await log.verify();
    expect(await readFile(join(home, 'audit.jsonl'), 'utf8')).toMatch(/^(.*"unkeyed":true.*\n){2}$/);
  });
});
