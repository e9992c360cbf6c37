/** Finds out who signed a call. */
import { partition } from '@aws-sdk/util-endpoints';
import { timingSafeEqual } from 'node:crypto';
import { readSignature, verifyClaims } from './claimed-signature.ts';
import { callerIdentity } from './credentials.ts';
import type { Caller, Credential, Credentials } from './credentials.ts';
import { expiredToken, invalidClientTokenId } from './refusal.ts';
import { verifySignature } from './signature-v4.ts';
import type { RawRequest } from './signature-v4.ts';

/**
 * The caller whose signature is on a request.
 *
 * @throws Refusal for a missing, malformed, outdated or wrong signature, and for unknown, revoked or expired
 *   credentials.
 */
export function authenticate(request: RawRequest, credentials: Credentials, nowMs: number): Caller {
  const claimed = readSignature(request);
  // One server stands for the endpoints of all regions, so any region that could be one is right.
  verifyClaims(request, claimed, { service: 'sts', isRegion, nowMs });
  const credential = credentials.find(claimed.accessKeyId);
  if (credential === undefined || !hasToken(credential, claimed.securityToken)) throw invalidClientTokenId();
  // Partitions share nothing: the endpoints of one do not know the keys of another.
  if (partition(claimed.scope.region).name !== callerIdentity(credential.caller).partition) {
    throw invalidClientTokenId();
  }
  verifySignature(request, claimed, credential.secretAccessKey);
  if (credential.session !== undefined && credential.session.expiresAtMs <= nowMs) throw expiredToken();
  return credential.caller;
}

function isRegion(text: string): boolean {
  return /^[a-z]{2,}(?:-[a-z]+)+-\d+$/u.test(text);
}

function hasToken(credential: Credential, given: string | undefined): boolean {
  const expected = credential.session?.token;
  if (expected === undefined || given === undefined) return expected === given;
  const [expectedBytes, givenBytes] = [Buffer.from(expected), Buffer.from(given)];
  return expectedBytes.length === givenBytes.length && timingSafeEqual(expectedBytes, givenBytes);
}
