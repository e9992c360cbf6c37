import { describe, expect, it } from 'vitest';
import { parseRoleArn, profileSchema, type ProfileInput } from '../../main/profiles/profile.ts';

const plain: ProfileInput = {
  name: 'reader',
  roleArn: 'arn:aws:iam::123456789012:role/Reader',
  base: { key: 'work' },
  region: 'eu-central-1',
};

/** What is said of the first field that is wrong; undefined where all is right. */
function problemWith(change: Partial<Record<keyof ProfileInput, unknown>>): string | undefined {
  return profileSchema.safeParse({ ...plain, ...change }).error?.issues[0]?.message;
}

describe('a profile', () => {
  it('needs a name, a role, a base and a region; the rest is filled in', () => {
    expect(profileSchema.parse(plain)).toEqual({
      ...plain,
      durationSeconds: 3600,
      baseDurationSeconds: 43_200,
      colour: 'slate',
      protected: false,
      pinned: false,
      readOnly: false,
    });
  });

  it.each([
    ['durationSeconds', 900, 43_200, /^Session duration must be 15 min to 12 h \(900 to 43200 seconds\)$/],
    [
      'baseDurationSeconds',
      900,
      129_600,
      /^Base session duration must be 15 min to 36 h \(900 to 129600 seconds\)$/,
    ],
  ] as const)('has %s within STS’s limits', (field, minimum, maximum, message) => {
    expect(problemWith({ [field]: minimum })).toBeUndefined();
    expect(problemWith({ [field]: maximum })).toBeUndefined();
    for (const wrong of [minimum - 1, maximum + 1, 1000.5, '3600', Number.NaN]) {
      expect(problemWith({ [field]: wrong })).toMatch(message);
    }
  });

  it.each([
    ['name', 1, 64, /^Name must have 1 to 64 characters$/],
    ['externalId', 2, 1224, /^External ID must have 2 to 1224 characters$/],
    ['sessionName', 2, 64, /^Session name must have 2 to 64 characters$/],
    ['mfaSerial', 9, 256, /^MFA serial must have 9 to 256 characters$/],
  ] as const)('has %s within its length', (field, minimum, maximum, message) => {
    expect(problemWith({ [field]: 'x'.repeat(minimum) })).toBeUndefined();
    expect(problemWith({ [field]: 'x'.repeat(maximum) })).toBeUndefined();
    expect(problemWith({ [field]: 'x'.repeat(minimum - 1) })).toMatch(message);
    expect(problemWith({ [field]: 'x'.repeat(maximum + 1) })).toMatch(message);
  });

  it.each([
    ['name', 'with space', /^Name may hold/],
    ['name', '../token', /^Name may hold/],
    ['name', '-rf', /^Name may hold/],
    ['externalId', 'semi;colon', /^External ID may hold/],
    ['sessionName', 'a/b', /^Session name may hold/],
    ['mfaSerial', 'arn aws iam', /^MFA serial may hold/],
    ['region', 'Frankfurt', /^Region must look like eu-central-1$/],
    ['colour', 'mauve', /^Colour must be one of slate/],
    ['sessionPolicyArns', [], /^Session policies must be ARNs of managed policies/],
    ['sessionPolicyArns', ['ReadOnlyAccess'], /^Session policies must be ARNs of managed policies/],
    ['sessionPolicyArns', ['arn:aws:iam::aws:role/X'], /^Session policies must be ARNs of managed policies/],
    [
      'sessionPolicyArns',
      Array.from({ length: 11 }, (_, number) => `arn:aws:iam::aws:policy/X${number}`),
      /^Session policies must be 10 at most$/,
    ],
    ['base', { nothing: true }, /^Base must be an access key or another profile$/],
  ] as const)('is refused with %s %j', (field, value, message) => {
    expect(problemWith({ [field]: value })).toMatch(message);
  });

  it.each([
    'Reader',
    'arn:aws:iam::12345678901:role/Reader',
    'arn:aws:iam::123456789012:user/alice',
    'arn:aws:sts::123456789012:assumed-role/Reader/me',
    'arn:aws:iam::123456789012:role/',
    'arn:aws:iam:eu-central-1:123456789012:role/Reader',
    'arn:aws:iam::123456789012:role/Reader\n',
    ' arn:aws:iam::123456789012:role/Reader',
    `arn:aws:iam::123456789012:role/${'x'.repeat(65)}`,
  ])('is refused with the role ARN %j', (roleArn) => {
    expect(problemWith({ roleArn })).toMatch(/^Role ARN must look like arn:aws:iam::123456789012:role\/Name/);
    expect(parseRoleArn(roleArn)).toBeUndefined();
  });
});

describe('a role ARN', () => {
  it.each(['aws', 'aws-cn', 'aws-us-gov', 'aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f', 'aws-eusc'])(
    'of the partition %s gives its account and role, with or without a path',
    (partition) => {
      expect(parseRoleArn(`arn:${partition}:iam::123456789012:role/Reader`)).toEqual({
        partition,
        accountId: '123456789012',
        roleName: 'Reader',
      });
      expect(parseRoleArn(`arn:${partition}:iam::123456789012:role/team/sub/Reader`)?.roleName).toBe(
        'Reader',
      );
    },
  );
});
