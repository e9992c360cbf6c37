import type { Credentials } from '@aws-sdk/client-sts';
import { Failure } from '../failure.ts';
import { Secret } from '../secret.ts';

/** What a call to AWS is signed with: a long-term access key, or a session. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** Temporary credentials from STS. */
export interface Session extends SigningCredentials {
  readonly sessionToken: Secret;
  /** When it was issued and when it ends, by this machine's clock (milliseconds since the Unix epoch). */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A `Date` header has whole seconds: a smaller difference to our clock says nothing. */
const noticeableSkewMs = 2000;

/**
 * A session out of STS's answer. Everything that reads its end, here and in the programs it is handed to,
 * compares with this machine's clock, so the end is told by that: shifted where STS's clock is another.
 *
 * @param stsDateMs what STS's own `Date` header said when it answered, if it said so
 * @throws Failure Internal where a part is missing or its end is over: neither is ever handed on
 */
export function toSession(
  credentials: Credentials | undefined,
  nowMs: number,
  stsDateMs: number | undefined,
): Session {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
    throw new Failure('Internal', 'STS answered without complete credentials');
  }
  const skewMs = stsDateMs === undefined ? 0 : stsDateMs - nowMs;
  const expiresAtMs = Expiration.getTime() - (Math.abs(skewMs) < noticeableSkewMs ? 0 : skewMs);
  if (expiresAtMs <= nowMs) {
    throw new Failure('Internal', 'STS answered with a session that has ended by this machine’s clock');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: new Secret(SecretAccessKey),
    sessionToken: new Secret(SessionToken),
    issuedAtMs: nowMs,
    expiresAtMs,
  };
}
