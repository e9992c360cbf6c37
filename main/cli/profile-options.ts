/** The fields of a profile as options. */
import { colours, limits } from '../profiles/profile.ts';
import { Failure } from '../failure.ts';
import type { OptionTable } from '../options.ts';
import { fieldOf } from './given-fields.ts';

const hours = (seconds: number) => `${seconds / 3600} h`;

/** All but the name, which is an operand. Each is the field that `fieldOf` says, but for the two of the base. */
export const profileOptions = {
  'role-arn': {
    type: 'string',
    value: 'ARN',
    summary: 'the role, like arn:aws:iam::123456789012:role/Name',
  },
  'base-key': {
    type: 'string',
    value: 'LABEL',
    kind: 'access key',
    summary: 'the access key that the role is assumed with',
  },
  'base-profile': {
    type: 'string',
    value: 'PROFILE',
    kind: 'profile',
    summary: 'in its place, another profile whose session the role is assumed with',
  },
  region: { type: 'string', value: 'REGION', summary: 'whose STS it is had from, and what SDKs are told' },
  'external-id': { type: 'string', value: 'ID', summary: 'what the role’s trust policy may ask for' },
  'mfa-serial': {
    type: 'string',
    value: 'SERIAL',
    summary: 'the MFA device, unless it is that of the access key',
  },
  'mfa-mode': {
    type: 'string',
    value: 'MODE',
    kind: ['session', 'direct'],
    summary: 'where the code goes: into one session that all roles share, or to this role alone',
  },
  'mfa-maximum-age-seconds': {
    type: 'string',
    value: 'SECONDS',
    summary: 'how old an MFA code the role accepts (aws:MultiFactorAuthAge)',
  },
  'session-name': {
    type: 'string',
    value: 'NAME',
    summary: 'the role session’s name, which CloudTrail shows',
  },
  'session-policy-arns': {
    type: 'string',
    value: 'ARN',
    multiple: true,
    summary: 'a managed policy that its sessions have as session policy; up to ten times',
  },
  'duration-seconds': {
    type: 'string',
    value: 'SECONDS',
    summary: `how long a session lasts, ${hours(limits.duration.standard)} unless said`,
  },
  'base-duration-seconds': {
    type: 'string',
    value: 'SECONDS',
    summary: `how long the session with the MFA code lasts, ${hours(limits.baseDuration.standard)} unless said`,
  },
  colour: { type: 'string', value: 'COLOUR', kind: colours, summary: 'how the window and the tray mark it' },
  protected: { type: 'boolean', summary: 'serves a program only after a person has allowed it' },
  'read-only': { type: 'boolean', summary: 'has sessions that can read only, of 15 minutes' },
  port: { type: 'string', value: 'PORT', summary: 'a port of its own, which serves it whichever is active' },
  pinned: { type: 'boolean', summary: 'renews its session also while nobody asks for it' },
} as const satisfies OptionTable;

type OptionName = keyof typeof profileOptions;

/** What has a value of its own where it is not set. */
const unsettable: readonly Exclude<OptionName, 'role-arn' | 'base-key' | 'base-profile' | 'region'>[] = [
  ...(['external-id', 'mfa-serial', 'mfa-mode', 'mfa-maximum-age-seconds', 'session-name'] as const),
  ...([
    'session-policy-arns',
    'duration-seconds',
    'base-duration-seconds',
    'colour',
    'protected',
    'read-only',
    'port',
    'pinned',
  ] as const),
];

export const changeOptions = {
  name: { type: 'string', value: 'NEW', summary: 'another name' },
  ...profileOptions,
  unset: {
    type: 'string',
    value: 'OPTION',
    kind: unsettable,
    multiple: true,
    summary: 'takes back what this option has set; may be given several times',
  },
} as const satisfies OptionTable;

/** What was given, by the options' names. */
export type GivenProfile = {
  readonly [Name in keyof typeof changeOptions]?: string | boolean | string[] | undefined;
};

/** Those whose field is a number. */
const numbers: ReadonlySet<string> = new Set<OptionName>([
  ...(['mfa-maximum-age-seconds', 'duration-seconds', 'base-duration-seconds', 'port'] as const),
]);

/**
 * A profile's fields with what was given in place of what was there. Whether they are right is for `profileSchema`.
 * @throws Failure InvalidInput for options that do not go together
 */
export function changed(before: object, given: GivenProfile): Record<string, unknown> {
  const after: Record<string, unknown> = { ...before };
  const { unset = [], 'base-key': key, 'base-profile': base, ...fields } = given;
  for (const name of Array.isArray(unset) ? unset : []) {
    if (!unsettable.some((other) => other === name))
      throw new Failure(
        'InvalidInput',
        `--unset takes ${unsettable.join(', ')}, not ${JSON.stringify(name)}`,
      );
    if (Object.hasOwn(fields, name))
      throw new Failure('InvalidInput', `--${name} and --unset ${name} do not go together`);
    Reflect.deleteProperty(after, fieldOf(name));
  }
  for (const [name, value] of Object.entries(fields))
    after[fieldOf(name)] = numbers.has(name) ? numberOf(value) : value;
  if (key !== undefined && base !== undefined)
    throw new Failure('InvalidInput', '--base-key and --base-profile do not go together');
  if (key !== undefined) after['base'] = { key };
  if (base !== undefined) after['base'] = { profile: base };
  return after;
}

/** What is no number stays as it is, for the schema to say what would be right. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}
