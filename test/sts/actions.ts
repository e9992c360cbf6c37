/** The actions that the embedded STS serves. */
import { unreachable } from '../../main/failure.ts';
import { assumeRole } from './assume-role.ts';
import type { Caller, SessionCredential } from './credentials.ts';
import { getCallerIdentity } from './get-caller-identity.ts';
import { getSessionToken } from './get-session-token.ts';
import { xmlTime } from './query-protocol.ts';
import type { XmlContent } from './query-protocol.ts';
import type { ParsedWorld } from './world.ts';

export const stsActions = ['GetCallerIdentity', 'GetSessionToken', 'AssumeRole'] as const;
export type StsAction = (typeof stsActions)[number];

/** A call whose signature was verified. */
export interface Call {
  readonly caller: Caller;
  readonly parameters: ReadonlyMap<string, string>;
  readonly nowMs: number;
  readonly world: ParsedWorld;
  /** Makes a session of this many seconds, or fewer if a fault says so. */
  readonly issue: (holder: Caller, durationSeconds: number) => SessionCredential;
}

export function isStsAction(action: string): action is StsAction {
  return stsActions.some((known) => known === action);
}

/**
 * Does what is asked.
 *
 * @returns the content of the answer's result element.
 * @throws Refusal
 */
export function perform(action: StsAction, call: Call): XmlContent {
  switch (action) {
    case 'GetCallerIdentity':
      return getCallerIdentity(call);
    case 'GetSessionToken':
      return getSessionToken(call);
    case 'AssumeRole':
      return assumeRole(call);
    default:
      return unreachable(action);
  }
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
