/**
 * The profile: a named role that a session can be had for. Pure and free of Node, since the
 * contract and the window check the same form with it.
 *
 * Limits are STS's own: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 * and API_GetSessionToken.html. Each message names the field, what is allowed and in which unit.
 */
import * as z from 'zod/mini';

/** Names of the colours a profile can have. The interface gives each a light and a dark tone. */
export const colours = [
  'slate',
  'red',
  'orange',
  'amber',
  'green',
  'teal',
  'blue',
  'violet',
  'pink',
] as const;

const hour = 3600;

/** STS's limits, in seconds and characters. */
export const limits = {
  duration: { minimum: 900, maximum: 12 * hour, standard: hour },
  baseDuration: { minimum: 900, maximum: 36 * hour, standard: 12 * hour },
  /** What STS grants at most to a role assumed with a session (role chaining), whatever is asked. */
  chainedDuration: hour,
  /** What a protected profile's session is asked for. */
  protectedDuration: 900,
  /** What a read-only session is asked for. */
  readOnlyDuration: 900,
  mfaMaximumAge: { minimum: 60, maximum: 36 * hour },
  externalId: { minimum: 2, maximum: 1224 },
  sessionName: { minimum: 2, maximum: 64 },
  mfaSerial: { minimum: 9, maximum: 256 },
  name: { minimum: 1, maximum: 64 },
  sessionPolicies: 10,
} as const;

function text(field: string, limit: { minimum: number; maximum: number }, pattern: RegExp, allowed: string) {
  return z
    .string({ error: `${field} must be text` })
    .check(
      z.minLength(limit.minimum, `${field} must have ${limit.minimum} to ${limit.maximum} characters`),
      z.maxLength(limit.maximum, `${field} must have ${limit.minimum} to ${limit.maximum} characters`),
      z.regex(pattern, `${field} may hold ${allowed} only`),
    );
}

function seconds(field: string, limit: { minimum: number; maximum: number }, words: string) {
  const message = `${field} must be ${words} (${limit.minimum} to ${limit.maximum} seconds)`;
  return z
    .number({ error: message })
    .check(z.int(message), z.minimum(limit.minimum, message), z.maximum(limit.maximum, message));
}

/** A TCP port that a server of this user may have. */
export function port(field: string) {
  const message = `${field} must be a whole number from 1024 to 65535`;
  return z
    .number({ error: message })
    .check(z.int(message), z.minimum(1024, message), z.maximum(65535, message));
}

function named(field: string) {
  return text(
    field,
    limits.name,
    /^[A-Za-z0-9_][A-Za-z0-9_+=,.@-]*$/,
    'letters, digits and _ + = , . @ - (not first: + = , . @ -)',
  );
}

/**
 * A profile's name. The characters are those of an IAM role name, because SDKs put what the endpoint lists into the next
 * request's path as it is (botocore `InstanceMetadataFetcher`, JS `fromInstanceMetadata`).
 */
export const nameSchema = named('Name');

/** An access key's label, which profiles name as their base. */
export const labelSchema = named('Label');

/** `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` */
const roleArnPattern =
  /^arn:(aws(?:-[a-z]+)*):iam::(\d{12}):role\/((?:[\u0021-\u007e]+\/)?)([\w+=,.@-]{1,64})$/;

export const roleArnSchema = z
  .string({ error: 'Role ARN must be text' })
  .check(
    z.maxLength(2048, 'Role ARN must have at most 2048 characters'),
    z.regex(
      roleArnPattern,
      'Role ARN must look like arn:aws:iam::123456789012:role/Name: a partition, a 12-digit account ID and a role name',
    ),
  );

export const mfaSerialSchema = text(
  'MFA serial',
  limits.mfaSerial,
  /^[\w+=/:,.@-]+$/,
  'letters, digits and _ + = / : , . @ -, for example arn:aws:iam::123456789012:mfa/alice,',
);

export const regionSchema = z
  .string({ error: 'Region must be text' })
  .check(
    z.maxLength(32, 'Region must look like eu-central-1'),
    z.regex(/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/, 'Region must look like eu-central-1'),
  );

const policyArnMessage =
  'Session policies must be ARNs of managed policies, like arn:aws:iam::aws:policy/ReadOnlyAccess';

/** `arn:PARTITION:iam::ACCOUNT:policy/PATH/NAME`, with `aws` for the account of those that AWS manages. */
const policyArnSchema = z
  .string({ error: policyArnMessage })
  .check(
    z.maxLength(2048, policyArnMessage),
    z.regex(
      /^arn:aws(?:-[a-z]+)*:iam::(?:aws|\d{12}):policy\/(?:[\u0021-\u007e]+\/)?[\w+=,.@-]{1,128}$/,
      policyArnMessage,
    ),
  );

export const profileSchema = z.strictObject({
  name: nameSchema,
  roleArn: roleArnSchema,
  /** Where the chain goes on: an access key by its label, or another profile by its name. */
  base: z.union([z.strictObject({ key: labelSchema }), z.strictObject({ profile: nameSchema })], {
    error: 'Base must be an access key or another profile',
  }),
  region: regionSchema,
  externalId: z.optional(
    text('External ID', limits.externalId, /^[\w+=,.@:/-]+$/, 'letters, digits and _ + = , . @ : / -'),
  ),
  mfaSerial: z.optional(mfaSerialSchema),
  /**
   * Where the code goes: `session` into one `GetSessionToken` that many roles share, `direct` into this role's
   * `AssumeRole`. Unless set: `direct` where the session is wanted for longer than `session` allows.
   */
  mfaMode: z.optional(z.enum(['session', 'direct'], { error: 'MFA mode must be session or direct' })),
  /** The greatest age of the MFA code that the role accepts (`aws:MultiFactorAuthAge` in its trust policy). */
  mfaMaximumAgeSeconds: z.optional(seconds('Greatest MFA age', limits.mfaMaximumAge, '1 min to 36 h')),
  sessionName: z.optional(
    text('Session name', limits.sessionName, /^[\w+=,.@-]+$/, 'letters, digits and _ + = , . @ -'),
  ),
  durationSeconds: z._default(
    seconds('Session duration', limits.duration, '15 min to 12 h'),
    limits.duration.standard,
  ),
  /** Life of the `GetSessionToken` session under this profile, where the chain has one. */
  baseDurationSeconds: z._default(
    seconds('Base session duration', limits.baseDuration, '15 min to 36 h'),
    limits.baseDuration.standard,
  ),
  colour: z._default(z.enum(colours, { error: `Colour must be one of ${colours.join(', ')}` }), 'slate'),
  protected: z._default(z.boolean({ error: 'Protected must be true or false' }), false),
  /** A port of its own on 127.0.0.1, which serves this profile whichever is active. */
  port: z.optional(port('Port')),
  /** Whether its session is renewed also while nobody asks for it. */
  pinned: z._default(z.boolean({ error: 'Pinned must be true or false' }), false),
  /**
   * Managed policies that its sessions have as session policies: they may do what the role and any one of these allow.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
   */
  sessionPolicyArns: z.optional(
    z
      .array(policyArnSchema, { error: policyArnMessage })
      .check(
        z.minLength(1, policyArnMessage),
        z.maxLength(limits.sessionPolicies, `Session policies must be ${limits.sessionPolicies} at most`),
      ),
  ),
  /** Whether its sessions may read only, see `readOnlyPolicyArn`. */
  readOnly: z._default(z.boolean({ error: 'Read-only must be true or false' }), false),
});

/** A profile as it is kept: every default filled in. */
export type Profile = z.output<typeof profileSchema>;
/** A profile as a person gives it: fields with a default may be left out. */
export type ProfileInput = z.input<typeof profileSchema>;

export interface RoleArn {
  readonly partition: string;
  readonly accountId: string;
  readonly roleName: string;
}

/** The parts of a role ARN that passed `roleArnSchema`; undefined for any other text. */
export function parseRoleArn(arn: string): RoleArn | undefined {
  const [, partition, accountId, , roleName] = roleArnPattern.exec(arn) ?? [];
  return partition && accountId && roleName ? { partition, accountId, roleName } : undefined;
}

/**
 * The session policy of a read-only session: the AWS managed policy that may read everything. AWS keeps it in each
 * partition, and a session can do what both its role and its session policies allow.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ReadOnlyAccess.html
 */
export function readOnlyPolicyArn(partition: string): string {
  return `arn:${partition}:iam::aws:policy/ReadOnlyAccess`;
}
