import { describe, expect, it } from 'vitest';
import { AuditLog } from '../../main/audit/audit-log.ts';
import type { ClosedRecord } from '../../main/audit/content.ts';
import { RecentRecords, type RecentRecord } from '../../main/audit/recent-records.ts';
import { mostRecent } from '../../main/audit/record.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { clientOf } from './audit-fixture.ts';

const startMs = Date.UTC(2026, 10, 3, 10);
const terraform = clientOf('terraform', 4711);

function served(changes: Partial<ClosedRecord> = {}): ClosedRecord {
  const client = terraform;
  return {
    event: 'served',
    profile: 'sandbox',
    detail: 'active',
    client,
    count: 1,
    lastAtMs: startMs,
    ...changes,
  };
}

function session(profile: string): ClosedRecord {
  return { event: 'sessionAcquired', profile, count: 1, lastAtMs: startMs, expiresAtMs: startMs + 3_600_000 };
}

function told(recent: RecentRecords): RecentRecord[][] {
  const batches: RecentRecord[][] = [];
  recent.onAdded((records) => batches.push([...records]));
  return batches;
}

const profilesOf = (records: readonly RecentRecord[]) => records.map(({ content }) => content.profile);

describe('the latest records', () => {
  it('have what the log has, and of a program no command line', () => {
    const recent = new RecentRecords();
    const client = clientOf('mysql', 5, { commandLine: ['mysql', '--password=not-for-others'] });
    recent.add([served({ client })]);
    expect(recent.list()).toMatchObject([
      { id: 1, content: { event: 'served', profile: 'sandbox', client: { name: 'mysql', pid: 5 } } },
    ]);
    expect(JSON.stringify(recent.list())).not.toContain('not-for-others');
  });

  it('say until when a session is good', () => {
    const recent = new RecentRecords();
    recent.add([session('sandbox')]);
    expect(recent.list()[0]?.content.expiresAt).toBe('2026-11-03T11:00:00.000Z');
  });

  it('count equal requests of one minute up, and tell that one again', () => {
    const recent = new RecentRecords();
    const batches = told(recent);
    recent.add([served({ count: 3 })]);
    recent.add([served({ count: 4, lastAtMs: startMs + 59_000 })]);
    expect(recent.list()).toMatchObject([{ id: 1, content: { count: 7, time: '2026-11-03T10:00:59.000Z' } }]);
    expect(batches.map((batch) => batch.map(({ id, content }) => [id, content.count]))).toEqual([
      [[1, 3]],
      [[1, 7]],
    ]);
  });

  it.each<[string, Partial<ClosedRecord>]>([
    ['the next minute’s', { lastAtMs: startMs + 60_000 }],
    ['another program’s of the same name', { client: clientOf('terraform', 4712) }],
    ['another profile’s', { profile: 'other' }],
    ['those that another rule decided', { detail: 'folder' }],
    ['refused ones', { event: 'refused' }],
  ])('are another for %s', (_which, changes) => {
    const recent = new RecentRecords();
    recent.add([served()]);
    recent.add([served(changes)]);
    expect(recent.list().map(({ id, content }) => [id, content.count])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it('leave what a person did as it happened: there and back are three switches', () => {
    const recent = new RecentRecords();
    for (const profile of ['one', 'other', 'one'])
      recent.add([{ event: 'switched', profile, count: 1, lastAtMs: startMs }]);
    expect(profilesOf(recent.list())).toEqual(['one', 'other', 'one']);
  });

  it('are bounded, the oldest go first, and no number of requests takes the place of a session', () => {
    const recent = new RecentRecords();
    recent.add([session('sandbox')]);
    for (let index = 0; index < mostRecent.requests + 10; index += 1)
      recent.add([served({ profile: `p${index}` })]);
    const kept = recent.list();
    expect(kept).toHaveLength(mostRecent.requests + 1);
    expect(profilesOf(kept.slice(0, 2))).toEqual(['sandbox', 'p10']);
    for (let index = 0; index < mostRecent.others + 10; index += 1) recent.add([session(`s${index}`)]);
    expect(recent.list()).toHaveLength(mostRecent.requests + mostRecent.others);
    expect(profilesOf(recent.list())).not.toContain('s9');
    expect(profilesOf(recent.list())).toContain('s10');
  });

  it('of a burst are told in one batch, no more of them than are kept', () => {
    const recent = new RecentRecords();
    const batches = told(recent);
    recent.add(Array.from({ length: 2_000 }, (_, index) => served({ profile: `p${index}` })));
    expect(batches.map(({ length }) => length)).toEqual([mostRecent.requests + mostRecent.others]);
    expect(batches[0]?.at(-1)?.content.profile).toBe('p1999');
  });

  it('are told nobody any more who has stopped to listen', () => {
    const recent = new RecentRecords();
    const batches: unknown[] = [];
    recent.onAdded((records) => batches.push(records))[Symbol.dispose]();
    recent.add([served()]);
    expect(batches).toEqual([]);
  });
});

describe('the audit log', () => {
  it('tells what was noted within a second as one batch, also where the disk takes nothing', async () => {
    await using home = await temporaryHome();
    using clock = new FakeClock(startMs);
    await using log = new AuditLog({ home: `${home.path}/not-there`, clock, secrets: memorySecretStore() });
    await log.start();
    const batches = told(log.recent);
    log.note({ event: 'switched', profile: 'one' });
    log.note({ event: 'served', profile: 'one', detail: 'active', client: terraform }).again();
    expect(batches).toEqual([]);
    clock.advance(1_000);
    expect(batches).toMatchObject([
      [{ content: { event: 'switched' } }, { content: { event: 'served', count: 2 } }],
    ]);
    expect(log.problem).toContain('cannot be written');
  });
});
