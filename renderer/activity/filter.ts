/** Which records are shown. Pure. */
import type { ActivityRecord } from '../../preload/contract.ts';
import { text } from '../text.ts';

export interface Filter {
  readonly query: string;
  readonly refusedOnly: boolean;
}

/** The records that have each word of the query somewhere in what is shown of them, the latest first. */
export function found(records: readonly ActivityRecord[], { query, refusedOnly }: Filter): ActivityRecord[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return records
    .filter((record) => !refusedOnly || record.event === 'refused')
    .filter((record) => words.length === 0 || hasEach(record, words))
    .reverse();
}

function hasEach(record: ActivityRecord, words: readonly string[]): boolean {
  const { event, profile, program } = record;
  const shown = [
    text.activity.what[event],
    profile,
    text.activity.detail(record),
    program?.name,
    program?.pid,
    program?.executable,
    program?.workingFolder,
    ...(program?.parents.map(({ name }) => name) ?? []),
  ];
  const all = shown.join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}
