/** The latest records of the audit log, as the events tell them. Pure. */
import { mostRecent, requestEvents } from '../../preload/contract.ts';
import type { ActivityRecord } from '../../preload/contract.ts';

/**
 * The records with what was told of them, in the order in which they began, and no more than the broker keeps. What was
 * read may be older than what was told meanwhile: a record's count only grows.
 */
export function withTold(
  records: readonly ActivityRecord[],
  told: readonly ActivityRecord[],
): readonly ActivityRecord[] {
  const byId = new Map(records.map((record) => [record.id, record]));
  for (const record of told) {
    const known = byId.get(record.id);
    if (!known || known.count <= record.count) byId.set(record.id, record);
  }
  return latest([...byId.values()].sort((one, other) => one.id - other.id));
}

/** Requests and all else have a bound of their own, as at the broker. */
function latest(records: readonly ActivityRecord[]): readonly ActivityRecord[] {
  const isOfRequest = ({ event }: ActivityRecord) => requestEvents.has(event);
  const requests = records.filter(isOfRequest).length;
  let surplusRequests = requests - mostRecent.requests;
  let surplusOthers = records.length - requests - mostRecent.others;
  if (surplusRequests <= 0 && surplusOthers <= 0) return records;
  return records.filter((record) => (isOfRequest(record) ? surplusRequests-- <= 0 : surplusOthers-- <= 0));
}
