/** `latchkey audit export`: the whole log for another program, as its own lines or as a table. */
import { once } from 'node:events';
import { parseAuditLine, type AuditRecord } from '../audit/record.ts';
import { Failure } from '../failure.ts';
import { allAuditLines } from './audit-lines.ts';
import { oneLine, say } from './output.ts';

const columns = [
  ...['sequence', 'time', 'event', 'profile', 'count', 'detail'],
  ...['program', 'pid', 'executable', 'folder', 'parents', 'forwarder', 'startedAt'],
  'expiresAt',
] as const;

/**
 * Writes the records from a time on to standard output.
 * @param sinceMs undefined for all
 */
export async function exportRecords(sinceMs: number | undefined, asCsv: boolean): Promise<void> {
  let damaged = 0;
  if (asCsv) await write(`${columns.join(',')}\r\n`);
  for await (const line of allAuditLines()) {
    const record = parseAuditLine(line)?.record;
    if (record === undefined) damaged += 1;
    else if (sinceMs === undefined || Date.parse(record.time) >= sinceMs)
      await write(asCsv ? `${csvRow(record)}\r\n` : `${line}\n`);
  }
  if (damaged > 0)
    say(`latchkey: ${damaged} of the log’s lines are no records, and left out; see: latchkey audit verify`);
}

/** Waits for whoever reads it: the log is larger than what a pipe should be left to hold. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** RFC 4180. */
function csvRow({ client, ...record }: AuditRecord): string {
  const { sequence, time, event, profile, count, detail, expiresAt } = record;
  const values: Record<(typeof columns)[number], string | number | undefined> = {
    ...{ sequence, time, event, profile, count, detail },
    program: client?.name,
    pid: client?.pid,
    executable: client?.executable,
    folder: client?.workingFolder,
    parents: client?.parents.map(({ name }) => name).join(' < '),
    forwarder: client?.forwarder,
    startedAt: client?.startedAt,
    expiresAt,
  };
  return columns.map((column) => csvField(values[column])).join(',');
}

function csvField(value: string | number | undefined): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value);
  const text = oneLine(value);
  // A spreadsheet takes these for a formula, and a program names itself as it likes:
  // https://owasp.org/www-community/attacks/CSV_Injection
  // Some take more than the comma for a separator, and what comes after it for a field.
  const inert = text.replace(/(^|[;\t|]\s*)(?=[=+@-])/g, "$1'");
  return /[",;|]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The time that an option means, as Unix time in milliseconds.
 * @param text a date, which begins here at midnight; a time in ISO 8601; or how long ago, as `7d`
 * @throws Failure InvalidInput
 */
export function parseSince(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unitLengthMs = unitMs[unit];
  if (count !== undefined && unitLengthMs !== undefined) return nowMs - Number(count) * unitLengthMs;
  // A date alone is UTC's to JavaScript, and the person's to a person.
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text);
  const timeMs = isDate ? Date.parse(`${text}T00:00`) : isTime ? Date.parse(text) : NaN;
  if (Number.isNaN(timeMs))
    throw new Failure(
      'InvalidInput',
      `--since must be a date, a time in ISO 8601, or how long ago (30m, 12h, 7d), not ${JSON.stringify(text)}`,
    );
  return timeMs;
}
