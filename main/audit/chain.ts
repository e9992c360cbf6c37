/**
 * The chain of the audit log: each record has a mac over the mac before it and its own exact text, so that none can be
 * changed, taken out, put in or moved by whoever has not the key. That the end was cut off shows at a checkpoint only.
 */
import { createHash, createHmac, type KeyObject } from 'node:crypto';
import { auditLine, parseAuditLine, type AuditContent } from './record.ts';

/** A place in the chain: a record by its number and its mac. */
export interface Link {
  readonly sequence: number;
  readonly mac: string;
}

/** The chain as the keychain knows it. */
export interface Chain {
  readonly key: KeyObject;
  /** The first record that must be there: those before it went with their file, or are of a chain whose key is gone. */
  readonly oldest: number;
  /** The end of the chain when it was last told to the keychain. */
  readonly checkpoint: Link;
}

/** The place before the first record of all. */
export const beginning: Link = { sequence: 0, mac: '' };

/** A record as it is read, as far as the chain goes. */
export interface ChainedRecord extends Link {
  readonly previous: string | undefined;
  readonly isKeyed: boolean;
  readonly content: AuditContent;
  readonly body: string;
}

/**
 * Makes a record the next of the chain.
 * @param after the record before it
 * @param key undefined where there is none: the record is then chained by a plain hash. That much is proven once a
 * record with the key follows.
 * @param statesPrevious whether the record is to say what it follows, see `record.ts`
 */
export function seal(
  content: AuditContent,
  after: Link,
  key: KeyObject | undefined,
  statesPrevious: boolean,
): { readonly line: string; readonly link: Link } {
  const sequence = after.sequence + 1;
  const body = asciiJson({
    sequence,
    ...content,
    ...(statesPrevious && { previous: after.mac }),
    ...(key === undefined && { unkeyed: true }),
  });
  const mac = macOf(key, after.mac, body);
  return { line: auditLine(body, mac), link: { sequence, mac } };
}

/** Reads a line, see `parseAuditLine`. */
export function readChained(line: string): ChainedRecord | undefined {
  const parsed = parseAuditLine(line);
  if (parsed === undefined) return undefined;
  const { sequence, mac, previous, unkeyed, ...content } = parsed.record;
  return { sequence, mac, previous, isKeyed: unkeyed !== true, content, body: parsed.body };
}

/** Whether a record's mac is the one it has where it follows a record of the mac `previous`. */
export function follows(record: ChainedRecord, previous: string, key: KeyObject): boolean {
  return macOf(record.isKeyed ? key : undefined, previous, record.body) === record.mac;
}

/** A mac has a fixed length, and a body begins with a brace: where one ends and the other begins is never in doubt. */
function macOf(key: KeyObject | undefined, previous: string, body: string): string {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash.update(previous).update(body, 'latin1').digest('base64url');
}

/** JSON of ASCII characters alone: one byte each, whichever way the file is decoded, and nothing that steers a terminal. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
