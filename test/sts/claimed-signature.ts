/** What a request says about its own signature: the Authorization header of Signature Version 4, and its time. */
import { incompleteSignature, Refusal, signatureDoesNotMatch } from './refusal.ts';
import { algorithm, amzDateMs, amzDateText, splitOnce } from './signature-v4.ts';
import type { RawRequest, SignedParts } from './signature-v4.ts';

const maxSkewMs = 15 * 60 * 1000;

/** What a request says about its own signature. Nothing of it is verified yet. */
export interface ClaimedSignature extends SignedParts {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly securityToken: string | undefined;
}

/**
 * Reads the Authorization header and those that belong to it.
 *
 * @throws Refusal MissingAuthenticationToken when the request is not signed, IncompleteSignature when what
 *   stands there is malformed. Signatures in the query string (presigned URLs) count as not signed.
 */
export function readSignature(request: RawRequest): ClaimedSignature {
  const authorization = onlyHeader(request, 'authorization');
  if (authorization === undefined) {
    throw new Refusal(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token');
  }
  const [scheme, rest] = splitOnce(authorization.trim(), ' ');
  if (scheme !== algorithm || rest === undefined) {
    throw incompleteSignature(`Unsupported AWS 'algorithm': '${scheme}'.`);
  }
  const parts = new Map<string, string>();
  for (const part of rest.split(',')) {
    const [name, value] = splitOnce(part.trim(), '=');
    if (value === undefined) {
      throw incompleteSignature(
        `'${name}' not a valid key=value pair (missing equal-sign) in Authorization header.`,
      );
    }
    if (parts.has(name)) throw incompleteSignature(`'${name}' is given twice in Authorization header.`);
    parts.set(name, value);
  }
  const [accessKeyId, date, region, service, terminator, ...more] = authorizationPart(
    parts,
    'Credential',
  ).split('/');
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator !== 'aws4_request' ||
    more.length > 0
  ) {
    throw incompleteSignature(
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.',
    );
  }
  const amzDate = onlyHeader(request, 'x-amz-date');
  if (amzDate === undefined || Number.isNaN(amzDateMs(amzDate))) {
    throw incompleteSignature(
      "Authorization header requires existence of an 'X-Amz-Date' header in the form YYYYMMDD'T'HHMMSS'Z'.",
    );
  }
  return {
    accessKeyId,
    scope: { date, region, service },
    signedHeaders: authorizationPart(parts, 'SignedHeaders').split(';'),
    signature: authorizationPart(parts, 'Signature'),
    amzDate,
    securityToken: onlyHeader(request, 'x-amz-security-token'),
  };
}

function authorizationPart(parts: ReadonlyMap<string, string>, name: string): string {
  const value = parts.get(name);
  if (value === undefined || value === '') {
    throw incompleteSignature(`Authorization header requires '${name}' parameter.`);
  }
  return value;
}

/** A header's value; undefined if it is absent. Given twice, it could mean two things to two readers. */
function onlyHeader(request: RawRequest, lowerCaseName: string): string | undefined {
  const values = request.headers.filter(([name]) => name.toLowerCase() === lowerCaseName);
  if (values.length > 1) throw incompleteSignature(`The header '${lowerCaseName}' is given more than once.`);
  return values[0]?.[1];
}

/**
 * Verifies everything about a signature that needs no secret: time, scope, and that the headers on which
 * the meaning of the request depends were signed.
 *
 * @param expected the service, whether the region is one of its regions, and its clock.
 * @throws Refusal SignatureDoesNotMatch
 */
export function verifyClaims(
  request: RawRequest,
  claimed: ClaimedSignature,
  expected: { service: string; isRegion: (region: string) => boolean; nowMs: number },
): void {
  const { amzDate, scope, signedHeaders } = claimed;
  const signedMs = amzDateMs(amzDate);
  const now = amzDateText(expected.nowMs);
  if (signedMs < expected.nowMs - maxSkewMs) {
    const earliest = amzDateText(expected.nowMs - maxSkewMs);
    throw signatureDoesNotMatch(
      `Signature expired: ${amzDate} is now earlier than ${earliest} (${now} - 15 min.)`,
    );
  }
  if (signedMs > expected.nowMs + maxSkewMs) {
    const latest = amzDateText(expected.nowMs + maxSkewMs);
    throw signatureDoesNotMatch(
      `Signature not yet current: ${amzDate} is still later than ${latest} (${now} + 15 min.)`,
    );
  }
  if (scope.date !== amzDate.slice(0, 8)) {
    throw signatureDoesNotMatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${amzDate.slice(0, 8)}', from '${amzDate}'.`,
    );
  }
  if (!expected.isRegion(scope.region)) {
    throw signatureDoesNotMatch(`Credential should be scoped to a valid region, not '${scope.region}'. `);
  }
  if (scope.service !== expected.service) {
    throw signatureDoesNotMatch(`Credential should be scoped to correct service: '${expected.service}'. `);
  }
  const arrived = new Set(request.headers.map(([name]) => name.toLowerCase()));
  for (const name of arrived) {
    if ((name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name)) {
      throw signatureDoesNotMatch(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
  for (const name of ['host', ...signedHeaders]) {
    if (!arrived.has(name)) throw signatureDoesNotMatch(`The signed header '${name}' is not in the request.`);
  }
}
