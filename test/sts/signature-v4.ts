/**
 * AWS Signature Version 4, the server's side: what was signed is rebuilt from the bytes that arrived.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { signatureDoesNotMatch } from './refusal.ts';

export const algorithm = 'AWS4-HMAC-SHA256';

/** A request as it arrived. Header texts hold one character for each byte (latin1), as node:http gives them. */
export interface RawRequest {
  readonly method: string;
  /** The request target of the first line, undecoded: path and, after a question mark, the query. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Date (YYYYMMDD), region and service for which a signing key is good. */
export interface CredentialScope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** What goes into a signature beside the request and the secret. */
export interface SignedParts {
  readonly scope: CredentialScope;
  /** Names in small letters, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** `YYYYMMDDTHHMMSSZ` */
  readonly amzDate: string;
}

/**
 * Verifies the signature itself, in constant time.
 *
 * @throws Refusal SignatureDoesNotMatch
 */
export function verifySignature(
  request: RawRequest,
  claimed: SignedParts & { readonly signature: string },
  secretAccessKey: string,
): void {
  const expected = Buffer.from(signature(request, claimed, secretAccessKey));
  const given = Buffer.from(claimed.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw signatureDoesNotMatch(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  }
}

/** The signature in lower-case hexadecimal that this request should carry. */
export function signature(request: RawRequest, claimed: SignedParts, secretAccessKey: string): string {
  const { date, region, service } = claimed.scope;
  const scopeText = `${date}/${region}/${service}/aws4_request`;
  // latin1 gives back the very bytes of header values that arrived.
  const canonicalHash = createHash('sha256')
    .update(canonicalRequest(request, claimed.signedHeaders), 'latin1')
    .digest('hex');
  const stringToSign = [algorithm, claimed.amzDate, scopeText, canonicalHash].join('\n');
  const signingKey = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  return hmac(signingKey, stringToSign).toString('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** The canonical request: the first task of Signature Version 4. Its payload hash is of the body that arrived. */
export function canonicalRequest(request: RawRequest, signedHeaders: readonly string[]): string {
  const [path, query] = splitOnce(request.target, '?');
  const headers = signedHeaders.map((name) => {
    const values = request.headers.filter(([given]) => given.toLowerCase() === name);
    return `${name}:${values.map(([, value]) => value.trim().replaceAll(/ +/gu, ' ')).join(',')}\n`;
  });
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query ?? ''),
    headers.join(''),
    signedHeaders.join(';'),
    createHash('sha256').update(request.body).digest('hex'),
  ].join('\n');
}

/** Dot segments and empty segments removed, then each segment encoded once more (all services but S3). */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encode(Buffer.from(segment, 'latin1')));
  }
  const trailingSlash = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${trailingSlash}`;
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name, value] = splitOnce(pair, '=');
      return [encode(percentDecode(name)), encode(percentDecode(value ?? ''))] as const;
    });
  pairs.sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The bytes that a query text stands for. A plus sign is a space, as it is where the parameters are read. */
function percentDecode(text: string): Buffer {
  const binary = text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(binary, 'latin1');
}

/** Percent-encodes every byte but the unreserved characters of RFC 3986. */
function encode(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(
      /[^A-Za-z0-9\-._~]/gu,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}

/** A time as `YYYYMMDDTHHMMSSZ`. */
export function amzDateText(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[-:]|\.\d+/gu, '');
}

/** The time of a `YYYYMMDDTHHMMSSZ`, or NaN if it is none. */
export function amzDateMs(text: string): number {
  const iso = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u, '$1-$2-$3T$4:$5:$6Z');
  return iso === text ? Number.NaN : Date.parse(iso);
}

/** The text before and after the first separator; undefined where there is none. */
export function splitOnce(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
