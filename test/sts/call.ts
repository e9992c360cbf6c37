/** What the actions take and what several of them answer with. */
import type { Caller, SessionCredential } from './credentials.ts';
import { xmlTime } from './query-protocol.ts';
import type { XmlContent } from './query-protocol.ts';
import type { ParsedWorld } from './world.ts';

/** A call whose signature was verified. */
export interface Call {
  readonly caller: Caller;
  readonly parameters: ReadonlyMap<string, string>;
  readonly nowMs: number;
  readonly world: ParsedWorld;
  /** Makes a session of this many seconds, or fewer if a fault says so. */
  readonly issue: (holder: Caller, durationSeconds: number) => SessionCredential;
}

/** The `Credentials` element of an answer. */
export function credentialsElement(credential: SessionCredential): readonly [string, XmlContent] {
  return [
    'Credentials',
    [
      ['AccessKeyId', credential.accessKeyId],
      ['SecretAccessKey', credential.secretAccessKey],
      ['SessionToken', credential.session.token],
      ['Expiration', xmlTime(credential.session.expiresAtMs)],
    ],
  ];
}
