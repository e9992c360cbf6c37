/**
 * The two policies that AWS wants for one `sts:AssumeRole`: the role's trust policy, in its account, and a permission of
 * whoever assumes it, in theirs. Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
 */
import type { Chain } from '../../preload/contract.ts';

/** One step of a chain as the policies on its two sides see it. */
export interface Assumption {
  /** The IAM user or role that assumes: not its session, whose ARN a trust policy need not know. */
  readonly trustedArn: string;
  readonly roleArn: string;
  readonly externalId: string | undefined;
  /**
   * Whether AWS sees an MFA code behind it. Only what a user himself assumes has one, by the code of that very call or of
   * his `GetSessionToken`: a role's session does not carry it on.
   */
  readonly hasMfa: boolean;
  readonly mfaMaximumAgeSeconds: number | undefined;
}

/** The step at `index` of a chain; undefined where that assumes no role. */
export function assumptionAt({ key, steps }: Chain, index: number): Assumption | undefined {
  const step = steps[index];
  if (step?.operation !== 'AssumeRole') return undefined;
  const before = steps[index - 1];
  return {
    trustedArn: before?.operation === 'AssumeRole' ? before.roleArn : key.userArn,
    roleArn: step.roleArn,
    externalId: step.externalId,
    hasMfa: before?.operation === 'GetSessionToken' || step.mfaSerial !== undefined,
    mfaMaximumAgeSeconds: step.mfaMaximumAgeSeconds,
  };
}

/**
 * The role's trust policy. It alone has the conditions, as in AWS's own examples: what it asks for holds for whoever
 * assumes the role, whatever their permissions say.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html (external ID)
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html (MFA)
 */
export function trustPolicy(assumption: Assumption): string {
  const { trustedArn, externalId, hasMfa, mfaMaximumAgeSeconds } = assumption;
  const condition = {
    ...(externalId !== undefined && { StringEquals: { 'sts:ExternalId': externalId } }),
    ...(hasMfa && { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
    ...(hasMfa &&
      mfaMaximumAgeSeconds !== undefined && {
        NumericLessThan: { 'aws:MultiFactorAuthAge': String(mfaMaximumAgeSeconds) },
      }),
  };
  return policy({
    Effect: 'Allow',
    Principal: { AWS: trustedArn },
    Action: 'sts:AssumeRole',
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  });
}

/** What the user or role that assumes has to be permitted. */
export function permissionPolicy({ roleArn }: Pick<Assumption, 'roleArn'>): string {
  return policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn });
}

function policy(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, undefined, 2);
}

export interface Principal {
  readonly kind: 'user' | 'role' | 'root';
  readonly accountId: string;
  /** Without its path; the root user has none. */
  readonly name: string;
}

/** Of the ARN of an IAM user, an IAM role, or an account's root user. */
export function principalOf(arn: string): Principal {
  const [, accountId = '', kind, name = ''] =
    /^arn:[^:]+:iam::(\d{12}):(user|role)\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  if (kind === 'user' || kind === 'role') return { kind, accountId, name };
  return { kind: 'root', accountId: arn.split(':')[4] ?? '', name: '' };
}
