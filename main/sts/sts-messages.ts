/** What goes between the broker and the thread that talks to STS. Structured clone takes what is plain only. */
import { Failure, type FailureCode } from '../failure.ts';
import { Secret } from '../secret.ts';
import type { AssumeRoleInput } from './assume-role.ts';
import type { CallerIdentity } from './get-caller-identity.ts';
import type { GetSessionTokenInput } from './get-session-token.ts';
import type { Session, SigningCredentials } from './session.ts';

export type Call =
  | { readonly operation: 'getCallerIdentity'; readonly region: string }
  | { readonly operation: 'getSessionToken'; readonly input: GetSessionTokenInput }
  | { readonly operation: 'assumeRole'; readonly input: AssumeRoleInput };

/** Credentials with their text: a `Secret` keeps that from being copied to another thread. */
export interface BareCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

export interface BareSession extends BareCredentials {
  readonly sessionToken: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

export interface Question {
  readonly id: number;
  readonly credentials: BareCredentials;
  readonly call: Call;
}

export type Outcome =
  | { readonly identity: CallerIdentity }
  | { readonly session: BareSession }
  | { readonly failure: BareFailure };

export interface Answer {
  readonly id: number;
  readonly outcome: Outcome;
}

interface BareFailure {
  readonly code: FailureCode;
  readonly message: string;
  readonly awsCode: string | undefined;
  readonly requestId: string | undefined;
}

export function bareCredentials(credentials: SigningCredentials): BareCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    sessionToken: sessionToken?.reveal(),
  };
}

export function credentialsOf({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: BareCredentials): SigningCredentials {
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
  };
}

export function bareSession(session: Session): BareSession {
  const { sessionToken, issuedAtMs, expiresAtMs } = session;
  return { ...bareCredentials(session), sessionToken: sessionToken.reveal(), issuedAtMs, expiresAtMs };
}

export function sessionOf(bare: BareSession): Session {
  const { sessionToken, issuedAtMs, expiresAtMs } = bare;
  return { ...credentialsOf(bare), sessionToken: new Secret(sessionToken), issuedAtMs, expiresAtMs };
}

/** Without its cause, which may hold more than a person is to see. */
export function bareFailure({ code, message, awsCode, requestId }: Failure): BareFailure {
  return { code, message, awsCode, requestId };
}

export function failureOf({ code, message, awsCode, requestId }: BareFailure): Failure {
  return new Failure(code, message, { awsCode, requestId });
}
