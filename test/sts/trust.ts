/** Whether a caller may assume a role: the role's trust policy and the caller's own permissions. */
import { callerArn, callerIdentity } from './credentials.ts';
import type { Caller } from './credentials.ts';
import { mayNotAssume } from './refusal.ts';
import type { Role, Trust } from './world.ts';

/** What the conditions of a trust policy look at. */
export interface TrustContext {
  readonly externalId: string | undefined;
  /** Whole seconds since the caller was confirmed by MFA; undefined if it was not. */
  readonly mfaAgeSeconds: number | undefined;
}

/**
 * Lets the caller pass if one of the role's trust statements holds and, unless that names a caller of the
 * role's own account itself, the caller's own policies allow it too.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 *
 * @throws Refusal AccessDenied. It does not say which condition failed; STS never does.
 */
export function mayAssume(caller: Caller, role: Role, context: TrustContext): void {
  const holding = role.trusts.filter((trust) => isPrincipal(trust, caller) && conditionsHold(trust, context));
  if (holding.length === 0) throw mayNotAssume(callerArn(caller), role.arn);
  // None that is known here allows it: see `demandKnownPolicy`.
  if (caller.kind === 'role session' && caller.sessionPolicyArns.length > 0) {
    const reason = 'no session policy allows the sts:AssumeRole action';
    throw mayNotAssume(callerArn(caller), role.arn, reason);
  }
  const identity = callerIdentity(caller);
  if (identity.mayAssumeRole) return;
  if (identity.accountId !== role.accountId) throw mayNotAssume(callerArn(caller), role.arn);
  // Within an account a trust policy grants by itself, but only to whom it names.
  if (!holding.some((trust) => trust.principal === identity.arn)) {
    const reason = 'no identity-based policy allows the sts:AssumeRole action';
    throw mayNotAssume(callerArn(caller), role.arn, reason);
  }
}

function isPrincipal({ principal }: Trust, caller: Caller): boolean {
  const { arn, partition, accountId } = callerIdentity(caller);
  return principal === arn || principal === `arn:${partition}:iam::${accountId}:root`;
}

function conditionsHold(trust: Trust, { externalId, mfaAgeSeconds }: TrustContext): boolean {
  if (trust.externalId !== undefined && trust.externalId !== externalId) return false;
  if (trust.mfa && mfaAgeSeconds === undefined) return false;
  if (trust.maxMfaAgeSeconds === undefined) return true;
  return mfaAgeSeconds !== undefined && mfaAgeSeconds < trust.maxMfaAgeSeconds;
}
