import type { Client } from '../platform/ports.ts';
import type { AuditClient, AuditContent, AuditEventName } from './record.ts';

/** A record as it is to be written. */
export interface ClosedRecord {
  readonly event: AuditEventName;
  readonly profile?: string | undefined;
  readonly detail?: string | undefined;
  readonly client?: Client | undefined;
  readonly count: number;
  readonly lastAtMs: number;
  readonly expiresAtMs?: number | undefined;
}

/**
 * How much is kept of what others chose, in bytes of the file: a record then has 4 KiB at most. Whoever wants to drive
 * older records out of the log needs as many more of his own.
 */
const longestText = 768;
const longestName = 96;
const mostParents = 8;

/** What is kept of a record: of the program no command line, since arguments may hold secrets. */
export function contentOf(record: ClosedRecord): AuditContent {
  const { event, profile, detail, client, count, lastAtMs, expiresAtMs } = record;
  return {
    time: new Date(lastAtMs).toISOString(),
    event,
    profile,
    detail: detail && cut(detail, longestText),
    count,
    expiresAt: expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString(),
    client: client && clientContent(client),
  };
}

function clientContent({ process, parents, forwarder }: Client): AuditClient {
  const { pid, name, executable, workingFolder, startedAtMs } = process;
  return {
    pid,
    name: cut(name, longestName),
    executable: executable && cut(executable, longestText),
    workingFolder: workingFolder && cut(workingFolder, longestText),
    startedAt: new Date(startedAtMs).toISOString(),
    parents: parents
      .slice(0, mostParents)
      .map((parent) => ({ pid: parent.pid, name: cut(parent.name, longestName) })),
    forwarder,
  };
}

/** As much of a text as has room, with a mark where that is not all of it. */
function cut(text: string, longestBytes: number): string {
  let bytes = 0;
  for (let end = 0; end < text.length; end += 1) {
    bytes += bytesOf(text.charCodeAt(end));
    if (bytes > longestBytes) return `${text.slice(0, end)}…`;
  }
  return text;
}

/** How many bytes a UTF-16 code unit has in the file, at most: it is a JSON string of ASCII characters, see `seal`. */
function bytesOf(unit: number): number {
  if (unit < 0x20 || unit > 0x7e) return '\\u0000'.length;
  return unit === 0x22 || unit === 0x5c ? 2 : 1;
}
