import type { Failure } from '../failure.ts';
import { parseRoleArn, type Profile } from '../profiles/profile.ts';
import type { Session } from '../sts/session.ts';

/** One document of each kind for each session, made when it is first served: the way of a request then is a look-up. */
const made = new WeakMap<Session, string>();
const madeForContainers = new WeakMap<Session, string>();

/** A session as IMDS shows it. JS reads `AccountId`; .NET wants `LastUpdated` to be a date. */
export function credentialsDocument(session: Session, profile: Profile): string {
  let document = made.get(session);
  if (!document) {
    document = JSON.stringify({
      Code: 'Success',
      LastUpdated: wholeSeconds(session.issuedAtMs),
      Type: 'AWS-HMAC',
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey.reveal(),
      Token: session.sessionToken.reveal(),
      Expiration: wholeSeconds(session.expiresAtMs),
      AccountId: parseRoleArn(profile.roleArn)?.accountId,
    });
    made.set(session, document);
  }
  return document;
}

/** A session as the container protocol shows it: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
export function containerDocument(session: Session, profile: Profile): string {
  let document = madeForContainers.get(session);
  if (!document) {
    document = JSON.stringify({
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey.reveal(),
      Token: session.sessionToken.reveal(),
      Expiration: wholeSeconds(session.expiresAtMs),
      AccountId: parseRoleArn(profile.roleArn)?.accountId,
      RoleArn: profile.roleArn,
    });
    madeForContainers.set(session, document);
  }
  return document;
}

/**
 * A session as a `credential_process` prints it: the token has another name there, and without `Expiration` it is never
 * refreshed. https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export function processDocument(session: Session, profile: Profile): string {
  return JSON.stringify({
    Version: 1,
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey.reveal(),
    SessionToken: session.sessionToken.reveal(),
    Expiration: wholeSeconds(session.expiresAtMs),
    AccountId: parseRoleArn(profile.roleArn)?.accountId,
  });
}

/** Why there are no credentials, as the container protocol says it: Go and Rust read the names in small letters, JS in capitals. */
export function containerRefusalDocument({ code, message }: Failure): string {
  return JSON.stringify({ code, message, Code: code, Message: message });
}

/** Why there are no credentials, in the form of the real service, whose `Code` is then not `Success`. It has no empty fields. */
export function refusalDocument(failure: Failure, nowMs: number): string {
  return JSON.stringify({ Code: failure.code, Message: failure.message, LastUpdated: wholeSeconds(nowMs) });
}

/** Without a fraction of a second: with one botocore skips its check of the expiration. */
function wholeSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
