import { describe, expect, it } from 'vitest';
import type { Chain, ChainStep } from '../../preload/contract.ts';
import {
  assumptionAt,
  permissionPolicy,
  principalOf,
  trustPolicy,
  type Assumption,
} from '../../renderer/profiles/policies.ts';
import { keyView } from './views.ts';

const plain: Assumption = {
  trustedArn: 'arn:aws:iam::111122223333:user/alice',
  roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
  externalId: undefined,
  hasMfa: false,
  mfaMaximumAgeSeconds: undefined,
};

const read = (document: string): unknown => JSON.parse(document);

describe('the trust policy', () => {
  it('allows the user or role itself, and has no condition where the profile has none', () => {
    expect(read(trustPolicy(plain))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111122223333:user/alice' },
          Action: 'sts:AssumeRole',
        },
      ],
    });
  });

  it('asks for the external ID and the code that the profile has', () => {
    const assumption = { ...plain, externalId: 'Unique:Assigned/By-Example.Corp', hasMfa: true };
    expect(read(trustPolicy(assumption))).toMatchObject({
      Statement: [
        {
          Condition: {
            StringEquals: { 'sts:ExternalId': 'Unique:Assigned/By-Example.Corp' },
            Bool: { 'aws:MultiFactorAuthPresent': 'true' },
          },
        },
      ],
    });
  });

  it('asks for a young code where the profile says how young', () => {
    const document = trustPolicy({ ...plain, hasMfa: true, mfaMaximumAgeSeconds: 600 });
    expect(read(document)).toMatchObject({
      Statement: [
        {
          Condition: {
            Bool: { 'aws:MultiFactorAuthPresent': 'true' },
            NumericLessThan: { 'aws:MultiFactorAuthAge': '600' },
          },
        },
      ],
    });
  });

  it('asks for no age of a code that AWS does not see', () => {
    expect(trustPolicy({ ...plain, mfaMaximumAgeSeconds: 600 })).not.toContain('Condition');
  });

  it('has the partition of the profile', () => {
    const trustedArn = 'arn:aws-cn:iam::777788889999:user/carol';
    expect(trustPolicy({ ...plain, trustedArn })).toContain(trustedArn);
  });
});

it('the permission is for that one role, with its path', () => {
  expect(read(permissionPolicy(plain))).toEqual({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::444455556666:role/team/Reader' },
    ],
  });
});

describe('what a step of a chain is to the policies', () => {
  const session = { state: 'idle' } as const;
  const code: ChainStep = {
    operation: 'GetSessionToken',
    mfaSerial: 'arn:aws:iam::111122223333:mfa/alice',
    durationSeconds: 43_200,
    session,
  };
  const role = (name: string, changes: object = {}): ChainStep => ({
    operation: 'AssumeRole',
    profile: name,
    roleArn: `arn:aws:iam::444455556666:role/${name}`,
    durationSeconds: 3600,
    session,
    ...changes,
  });
  const chain = (...steps: ChainStep[]): Chain => ({ key: keyView, steps });

  it('the first role is assumed by the key’s user, with his code where GetSessionToken took it', () => {
    expect(assumptionAt(chain(role('One')), 0)).toMatchObject({ trustedArn: keyView.userArn, hasMfa: false });
    expect(assumptionAt(chain(code, role('One')), 1)).toMatchObject({
      trustedArn: keyView.userArn,
      hasMfa: true,
    });
  });

  it('or where the role itself takes it', () => {
    const direct = role('One', { mfaSerial: 'arn:aws:iam::111122223333:mfa/alice' });
    expect(assumptionAt(chain(direct), 0)).toMatchObject({ hasMfa: true });
  });

  it('a further role is assumed by the role before, not by its session, and without a code', () => {
    expect(assumptionAt(chain(code, role('One'), role('Two', { externalId: 'corp-17' })), 2)).toEqual({
      trustedArn: 'arn:aws:iam::444455556666:role/One',
      roleArn: 'arn:aws:iam::444455556666:role/Two',
      externalId: 'corp-17',
      hasMfa: false,
      mfaMaximumAgeSeconds: undefined,
    });
  });

  it('GetSessionToken assumes no role', () => {
    expect(assumptionAt(chain(code, role('One')), 0)).toBeUndefined();
  });
});

it.each([
  ['arn:aws:iam::111122223333:user/team/alice', 'user', 'alice'],
  ['arn:aws-us-gov:iam::111122223333:role/Reader', 'role', 'Reader'],
  ['arn:aws:iam::111122223333:root', 'root', ''],
])('%s is a %s', (arn, kind, name) => {
  expect(principalOf(arn)).toEqual({ kind, name, accountId: '111122223333' });
});
