import { expect, test } from 'vitest';
import type { ActivityRecord } from '../../preload/contract.ts';
import { recentMs, recentPrograms } from '../../renderer/profiles/recent-programs.ts';

let lastId = 0;
function record(name: string, atMs: number, changes: Partial<ActivityRecord> = {}): ActivityRecord {
  lastId += 1;
  const program = { pid: 1, name, startedAtMs: 0, parents: [] };
  return { id: lastId, atMs, event: 'served', profile: 'reader', count: 1, program, ...changes };
}

const nowMs = 100 * recentMs;

test('the programs that used a profile are told once each, the latest first', () => {
  const activity = [
    record('aws', nowMs - 3000),
    record('terraform', nowMs - 2000),
    record('aws', nowMs - 1000),
  ];
  expect(recentPrograms(activity, 'reader', nowMs)).toEqual(['aws', 'terraform']);
});

test('programs that used it longer ago, were refused, used another or are not known are not told', () => {
  const { program: _unknown, ...unknown } = record('x', nowMs);
  const activity = [
    record('earlier', nowMs - recentMs),
    record('refused', nowMs, { event: 'refused' }),
    record('elsewhere', nowMs, { profile: 'other' }),
    unknown,
    record('within', nowMs - recentMs + 1),
  ];
  expect(recentPrograms(activity, 'reader', nowMs)).toEqual(['within']);
});
