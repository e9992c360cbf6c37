import { describe, expect, it } from 'vitest';
import type { ChainStep } from '../../preload/contract.ts';
import type { Assumption } from '../../renderer/profiles/policies.ts';
import { isRefusedRole, reasonsOf } from '../../renderer/profiles/refusal.ts';

const byAlice: Assumption = {
  trustedArn: 'arn:aws:iam::111122223333:user/alice',
  roleArn: 'arn:aws:iam::444455556666:role/Reader',
  externalId: undefined,
  hasMfa: false,
  mfaMaximumAgeSeconds: undefined,
};

const unexplained =
  'STS refused (AccessDenied): User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/Reader';

function reasons(changes: Partial<Assumption> = {}, explanation = ''): readonly string[] {
  return reasonsOf({ ...byAlice, ...changes }, { message: unexplained + explanation });
}

describe('where AWS does not say why', () => {
  it('the trust policy comes first, the caller’s permission late', () => {
    expect(reasons()).toEqual(['trust', 'roleArn', 'noExternalId', 'noMfa', 'permission', 'organization']);
  });

  it('an external ID that was sent may be another than is asked for', () => {
    expect(reasons({ externalId: 'corp-17' })).toContain('otherExternalId');
    expect(reasons({ externalId: 'corp-17' })).not.toContain('noExternalId');
  });

  it('a code that was given is not missing', () => {
    expect(reasons({ hasMfa: true })).not.toContain('noMfa');
  });

  it('a role’s session cannot have one', () => {
    const trustedArn = 'arn:aws:iam::444455556666:role/Base';
    expect(reasons({ trustedArn })).toContain('mfaOfRole');
    expect(reasons({ trustedArn })).not.toContain('noMfa');
  });
});

describe('where AWS says why', () => {
  it.each([
    [' because no identity-based policy allows the sts:AssumeRole action', 'permission'],
    [' because no permissions boundary allows the sts:AssumeRole action', 'boundary'],
    [' because no service control policy allows the sts:AssumeRole action', 'organization'],
    [' with an explicit deny in a service control policy', 'organization'],
    [' with an explicit deny in an identity-based policy', 'explicitDeny'],
    [' with an explicit deny in a resource-based policy', 'explicitDeny'],
  ])('“%s” leaves one reason', (explanation, reason) => {
    expect(reasons({}, explanation)).toEqual([reason]);
  });

  it('a trust policy that does not allow it may do so for its conditions', () => {
    const explanation = ' because no role trust policy allows the sts:AssumeRole action';
    expect(reasons({}, explanation)).toEqual(['trust', 'noExternalId', 'noMfa']);
  });
});

it('a root user can assume no role, whatever the policies say', () => {
  expect(reasons({ trustedArn: 'arn:aws:iam::111122223333:root' })).toEqual(['rootUser']);
});

describe('a refused role', () => {
  const step = (code: string, awsCode: string): ChainStep => ({
    operation: 'AssumeRole',
    profile: 'reader',
    roleArn: byAlice.roleArn,
    durationSeconds: 3600,
    session: { state: 'failed', problem: { code, awsCode, message: unexplained, atMs: 0 } },
  });

  it('is one that AWS denied', () => {
    expect(isRefusedRole(step('Refused', 'AccessDenied'))).toBe(true);
  });

  it('is none where a code was wrong, which AWS calls by the same name', () => {
    expect(isRefusedRole(step('MfaRejected', 'AccessDenied'))).toBe(false);
  });

  it('is none where something else was wrong with the request', () => {
    expect(isRefusedRole(step('Refused', 'ValidationError'))).toBe(false);
  });
});
