/** Why STS may have refused a role, and on which side to look. Pure. */
import type { ChainStep, Problem } from '../../preload/contract.ts';
import { principalOf } from './policies.ts';
import type { Assumption } from './policies.ts';

/** Who can mend it: the role's account, the account of who assumes it, or the profile here. */
export type Side = 'trusting' | 'trusted' | 'profile' | 'either';

export type Reason =
  | 'rootUser'
  | 'trust'
  | 'roleArn'
  | 'otherExternalId'
  | 'noExternalId'
  | 'noMfa'
  | 'mfaOfRole'
  | 'permission'
  | 'boundary'
  | 'organization'
  | 'explicitDeny';

export const sideOf: Readonly<Record<Reason, Side>> = {
  rootUser: 'profile',
  trust: 'trusting',
  roleArn: 'profile',
  otherExternalId: 'trusting',
  noExternalId: 'trusting',
  noMfa: 'trusting',
  mfaOfRole: 'trusting',
  permission: 'trusted',
  boundary: 'trusted',
  organization: 'either',
  explicitDeny: 'either',
};

/** Whether STS looked at the request and said no to this role: not a wrong code, nor a duration that is too long. */
export function isRefusedRole({ operation, session: { problem } }: ChainStep): boolean {
  return operation === 'AssumeRole' && problem?.code === 'Refused' && problem.awsCode === 'AccessDenied';
}

/**
 * What AWS adds to a refusal where it does name the policy that was missing or denied, which across accounts it mostly
 * does not. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
const named: readonly (readonly [RegExp, Reason])[] = [
  [/because no identity-based policy allows/, 'permission'],
  [/because no (?:role trust|resource-based) policy allows/, 'trust'],
  [/permissions boundary/, 'boundary'],
  [/(?:service|resource) control policy/, 'organization'],
  [/with an explicit deny/, 'explicitDeny'],
];

/**
 * What may be missing, the likeliest first; one alone where AWS has named it or there can be no other.
 * @param message what AWS said
 */
export function reasonsOf(assumption: Assumption, { message }: Pick<Problem, 'message'>): readonly Reason[] {
  const { trustedArn, externalId, hasMfa } = assumption;
  const { kind } = principalOf(trustedArn);
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: root user credentials can't call it.
  if (kind === 'root') return ['rootUser'];
  const told = named.find(([words]) => words.test(message))?.[1];
  if (told !== undefined && told !== 'trust') return [told];
  const ofConditions: Reason[] = [externalId === undefined ? 'noExternalId' : 'otherExternalId'];
  if (kind === 'role') ofConditions.push('mfaOfRole');
  else if (!hasMfa) ofConditions.push('noMfa');
  // A role that does not exist has no trust policy that AWS could name.
  if (told === 'trust') return ['trust', ...ofConditions];
  return ['trust', 'roleArn', ...ofConditions, 'permission', 'organization'];
}
