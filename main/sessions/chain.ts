import { createHash } from 'node:crypto';
import { lineageOf, type Configuration } from '../configuration/configuration.ts';
import type { AccessKey } from '../keys/access-key.ts';
import { limits, parseRoleArn, readOnlyPolicyArn, type Profile } from '../profiles/profile.ts';

/** Where every chain begins. */
export interface KeySource {
  readonly operation: 'key';
  readonly id: string;
  readonly key: AccessKey;
}

/** A session of the key's user that carries an MFA code, for the steps above it to share. */
export interface GetSessionTokenStep {
  readonly operation: 'GetSessionToken';
  readonly id: string;
  readonly source: KeySource;
  readonly region: string;
  readonly mfaSerial: string;
  readonly durationSeconds: number;
}

export interface AssumeRoleStep {
  readonly operation: 'AssumeRole';
  readonly id: string;
  readonly source: KeySource | GetSessionTokenStep | AssumeRoleStep;
  readonly region: string;
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  readonly durationSeconds: number;
  /** Set where the session is to be read-only. */
  readonly sessionPolicyArns: readonly string[] | undefined;
  /** Set where the code goes into `AssumeRole` itself, since the role is wanted for longer than a chain allows. */
  readonly mfaSerial: string | undefined;
  /** The greatest age of the code behind the session that it is walked with, where the role accepts no older one. */
  readonly mfaMaximumAgeSeconds: number | undefined;
}

/** A step has its identity from its inputs (`id`), so that profiles with the same inputs share it and its session. */
export type Step = GetSessionTokenStep | AssumeRoleStep;

/**
 * The chain of a profile, given by its last step.
 *
 * MFA: a device named by the profile that is based on the key, else by the key, else by a profile further up.
 * The code goes into one `GetSessionToken` that all share, unless the first role's mode is `direct`, or unset and the
 * role wanted for more than the hour that STS allows a role assumed with a session: then into its `AssumeRole`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
 *
 * Read-only is the last step alone: a read-only session could assume no further role.
 *
 * @throws Failure InvalidInput where a base is missing
 */
export function chainOf(configuration: Configuration, profile: Profile): AssumeRoleStep {
  const { profiles, key } = lineageOf(configuration, profile);
  const fromKey = profiles
    .toReversed()
    .map((each) => (each.readOnly && each !== profile ? { ...each, readOnly: false } : each));
  const [first = profile, ...further] = fromKey;
  const mfaSerial =
    first.mfaSerial ?? key.mfaSerial ?? further.find((above) => above.mfaSerial !== undefined)?.mfaSerial;
  const source = keySource(key);
  const mode = first.mfaMode ?? (wantedSeconds(first) > limits.chainedDuration ? 'direct' : 'session');
  let step =
    mfaSerial === undefined || mode === 'direct'
      ? assumeRoleStep(source, first, mfaSerial)
      : assumeRoleStep(getSessionTokenStep(source, mfaSerial, first.baseDurationSeconds), first, undefined);
  for (const above of further) step = assumeRoleStep(step, above, undefined);
  return step;
}

/** The steps of a chain in the order in which they are walked. */
export function stepsOf(last: AssumeRoleStep): readonly Step[] {
  const steps: Step[] = [];
  for (let step: Step | KeySource = last; step.operation !== 'key'; step = step.source) steps.unshift(step);
  return steps;
}

/** The key at the bottom of a step's chain. */
export function keyOf(step: Step): AccessKey {
  let source: Step | KeySource = step;
  while (source.operation !== 'key') source = source.source;
  return source.key;
}

/**
 * A step that a code of an MFA device can be confirmed with: one of the chain of `preferred`, else of any profile, else
 * made for the purpose. Undefined where no profile and no key names the device, or any device if `serial` is undefined.
 */
export function stepForCode(
  configuration: Configuration,
  serial: string | undefined,
  preferred: string | null,
): { readonly step: GetSessionTokenStep; readonly profile: string | undefined } | undefined {
  const isWanted = (named: string | undefined) =>
    named !== undefined && (serial === undefined || named === serial);
  const { profiles, keys } = configuration;
  const direct: GetSessionTokenStep[] = [];
  for (const profile of profiles.toSorted((one) => (one.name === preferred ? -1 : 0))) {
    const [first] = stepsOf(chainOf(configuration, profile));
    if (first === undefined || !isWanted(first.mfaSerial)) continue;
    if (first.operation === 'GetSessionToken') return { step: first, profile: profile.name };
    const { source, mfaSerial } = first;
    if (source.operation === 'key' && mfaSerial !== undefined) direct.push(confirmingStep(source, mfaSerial));
  }
  for (const key of keys) {
    if (key.mfaSerial === undefined || !isWanted(key.mfaSerial)) continue;
    direct.push(confirmingStep(keySource(key), key.mfaSerial));
  }
  const [step] = direct;
  return step && { step, profile: undefined };
}

function confirmingStep(source: KeySource, mfaSerial: string): GetSessionTokenStep {
  return getSessionTokenStep(source, mfaSerial, limits.baseDuration.minimum);
}

/**
 * Its ID and when it was added say which key it is. Its label is in no session, and its region and MFA device are inputs
 * of the steps that they matter to: a changed key keeps the sessions that would be the same.
 */
function keySource(key: AccessKey): KeySource {
  return { operation: 'key', id: identify('key', key.accessKeyId, key.addedAtMs), key };
}

/** What is asked for, before STS's own limits. */
function wantedSeconds(profile: Profile): number {
  if (profile.readOnly) return limits.readOnlyDuration;
  return profile.protected ? limits.protectedDuration : profile.durationSeconds;
}

function getSessionTokenStep(
  source: KeySource,
  mfaSerial: string,
  durationSeconds: number,
): GetSessionTokenStep {
  const inputs = { region: source.key.region, mfaSerial, durationSeconds };
  return {
    operation: 'GetSessionToken',
    id: identify('GetSessionToken', source.id, inputs),
    source,
    ...inputs,
  };
}

function assumeRoleStep(
  source: AssumeRoleStep['source'],
  profile: Profile,
  mfaSerial: string | undefined,
): AssumeRoleStep {
  const inputs = {
    region: profile.region,
    roleArn: profile.roleArn,
    sessionName:
      profile.sessionName ?? sessionNameOf(source.operation === 'key' ? source.key : keyOf(source)),
    externalId: profile.externalId,
    durationSeconds:
      source.operation === 'key'
        ? wantedSeconds(profile)
        : Math.min(wantedSeconds(profile), limits.chainedDuration),
    sessionPolicyArns: profile.readOnly
      ? [readOnlyPolicyArn(parseRoleArn(profile.roleArn)?.partition ?? '')]
      : profile.sessionPolicyArns,
    mfaSerial,
    // STS sees the age of a code in a GetSessionToken session only.
    mfaMaximumAgeSeconds: source.operation === 'GetSessionToken' ? profile.mfaMaximumAgeSeconds : undefined,
  };
  return { operation: 'AssumeRole', id: identify('AssumeRole', source.id, inputs), source, ...inputs };
}

/** Hashed, since each step's identity has that of the step below in it. */
function identify(...inputs: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

/**
 * The IAM user's name, so that CloudTrail shows in the role's account whose session it is.
 * Root has none, and names shorter than STS allows get a prefix.
 */
function sessionNameOf(key: AccessKey): string {
  const userName = key.userArn.split('/').at(-1) ?? '';
  const name = key.userArn.endsWith(':root') ? 'root' : userName.replaceAll(/[^\w+=,.@-]/g, '-');
  return name.length >= limits.sessionName.minimum
    ? name.slice(0, limits.sessionName.maximum)
    : `latchkey-${name}`;
}
