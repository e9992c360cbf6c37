/**
 * The form of the audit log: its files and its records. Pure, since `latchkey audit tail` reads it with no broker, and
 * must start at once.
 */
import * as z from 'zod/mini';

/** What a record can be of. `audit` is the log's own: that records were lost, or what was wrong with it. */
export const auditEventNames = [
  'started',
  'ended',
  'served',
  'refused',
  'sessionAcquired',
  'mfa',
  'switched',
  'consoleLink',
  'locked',
  'unlocked',
  'approval',
  'keyChanged',
  'profileChanged',
  'accessChanged',
  'settingsChanged',
  'interfaceOpened',
  'audit',
] as const;

export type AuditEventName = (typeof auditEventNames)[number];

/** What programs ask for. All else is what a person, or Latchkey by itself, does. */
export const requestEvents: ReadonlySet<AuditEventName> = new Set(['served', 'refused']);

/**
 * How many of the latest records are kept in memory for who looks on, of requests and of all else. Each has its own bound:
 * however much programs ask, it can still be seen which sessions there were and what a person did.
 */
export const mostRecent = { requests: 500, others: 250 } as const;

/**
 * What a person decides, and a program may want to hide. None of these is ever told by its number alone, and the
 * keychain knows of each at once.
 */
export const personsEvents: ReadonlySet<AuditEventName> = new Set([
  'approval',
  'unlocked',
  'keyChanged',
  'profileChanged',
  'settingsChanged',
]);

/**
 * How large a file may get, and how many there are with the one that is written to: 64 MiB in all. That is a year and
 * more of a busy machine's records, and what `verify` reads within a few seconds.
 */
export const auditFileBytes = 8 * 1024 * 1024;
export const auditFileCount = 8;

/** The name of a file of the log, in the data folder. @param age 0 for the one that is written to, 1 for the one before… */
export function auditFileName(age: number): string {
  return age === 0 ? 'audit.jsonl' : `audit.${age}.jsonl`;
}

const auditClientSchema = z.object({
  pid: z.number(),
  name: z.string(),
  executable: z.optional(z.string()),
  workingFolder: z.optional(z.string()),
  startedAt: z.string(),
  /** What started it, the nearest first. */
  parents: z.array(z.object({ pid: z.number(), name: z.string() })),
  /** Where it only passes on what others ask: what it belongs to. */
  forwarder: z.optional(z.string()),
});

const recordSchema = z.object({
  /** Counted from 1, through all files and runs. */
  sequence: z.int().check(z.positive()),
  /** When it happened, the last time where it did several times: in ISO 8601, UTC. */
  time: z.iso.datetime(),
  event: z.enum(auditEventNames),
  profile: z.optional(z.string()),
  detail: z.optional(z.string()),
  /** How many times it happened within a second. */
  count: z.number(),
  /** Until when the session that was acquired or renewed is good: in ISO 8601, UTC. */
  expiresAt: z.optional(z.iso.datetime()),
  client: z.optional(auditClientSchema),
  /** The mac of the record before, where that may not be there any more: in the first record of a file and of a run. */
  previous: z.optional(z.string()),
  /** Its mac is a plain SHA-256: the keychain, and the key in it, could not be used. */
  unkeyed: z.optional(z.literal(true)),
  /** See `chain.ts`. */
  mac: z.string(),
});

export type AuditClient = z.output<typeof auditClientSchema>;
/** A record as it stands in the log. */
export type AuditRecord = z.output<typeof recordSchema>;
/** What it tells, without its place in the chain. */
export type AuditContent = Omit<AuditRecord, 'sequence' | 'previous' | 'unkeyed' | 'mac'>;

/** The line's text but its mac, and the mac. Only what is written exactly as Latchkey does is a record. */
const lineForm = /^(\{"sequence":.*),"mac":"([\w-]{43})"\}$/;

/**
 * The line of a record, without its end.
 * @param body the record as JSON, without its mac
 */
export function auditLine(body: string, mac: string): string {
  return `${body.slice(0, -1)},"mac":"${mac}"}`;
}

/**
 * Reads a line.
 * @param line without its end
 * @returns the record, and `body` as `auditLine` takes it; undefined for a line that is no record
 */
export function parseAuditLine(
  line: string,
): { readonly record: AuditRecord; readonly body: string } | undefined {
  const [, text] = lineForm.exec(line) ?? [];
  if (text === undefined) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(document);
  return parsed.success ? { record: parsed.data, body: `${text}}` } : undefined;
}

/** The sequence of the record that a line begins as, without reading the rest; undefined where it begins otherwise. */
export function sequenceAtStart(line: string): number | undefined {
  const [, digits] = /^\{"sequence":(\d{1,15}),/.exec(line) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
