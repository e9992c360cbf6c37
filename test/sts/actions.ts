/** The actions that the embedded STS serves. */
import { unreachable } from '../../main/failure.ts';
import { assumeRole } from './assume-role.ts';
import type { Call } from './call.ts';
import { getCallerIdentity } from './get-caller-identity.ts';
import { getSessionToken } from './get-session-token.ts';
import type { XmlContent } from './query-protocol.ts';

export const stsActions = ['GetCallerIdentity', 'GetSessionToken', 'AssumeRole'] as const;
export type StsAction = (typeof stsActions)[number];

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
