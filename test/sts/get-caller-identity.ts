import type { Call } from './call.ts';
import { callerArn, callerIdentity, callerUserId } from './credentials.ts';
import type { XmlContent } from './query-protocol.ts';

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html. It needs no permission. */
export function getCallerIdentity({ caller }: Call): XmlContent {
  return [
    ['Arn', callerArn(caller)],
    ['UserId', callerUserId(caller)],
    ['Account', callerIdentity(caller).accountId],
  ];
}
