import { credentialsElement } from './call.ts';
import type { Call } from './call.ts';
import { callerArn, callerUserId } from './credentials.ts';
import type { Caller } from './credentials.ts';
import { confirmByMfa } from './mfa-device.ts';
import { limits, ParameterReader } from './parameters.ts';
import type { XmlContent } from './query-protocol.ts';
import { mayNotAssume, Refusal, validationError } from './refusal.ts';
import { mayAssume } from './trust.ts';
import { parseRoleArn } from './world.ts';

const defaultSeconds = 3600;
const chainedMaxSeconds = 3600;

/** Parameters that would change what the session may do or says. To ignore one would be a wrong answer. */
const unsupported = ['Policy', 'Tags', 'TransitiveTagKeys', 'SourceIdentity', 'ProvidedContexts'];

/**
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * @throws Refusal
 */
export function assumeRole({ caller, parameters, nowMs, world, issue }: Call): XmlContent {
  refuseUnsupported(parameters);
  const reader = new ParameterReader(parameters);
  const roleArn = reader.requiredText('RoleArn', limits.RoleArn);
  const sessionName = reader.requiredText('RoleSessionName', limits.RoleSessionName);
  const durationSeconds =
    reader.seconds('DurationSeconds', limits.AssumeRoleDurationSeconds) ?? defaultSeconds;
  const externalId = reader.text('ExternalId', limits.ExternalId);
  const serialNumber = reader.text('SerialNumber', limits.SerialNumber);
  const tokenCode = reader.text('TokenCode', limits.TokenCode);
  const sessionPolicyArns = policyPlaces
    .map((place) => reader.text(place, limits.PolicyArn))
    .filter((arn) => arn !== undefined);
  reader.refuseIfInvalid();
  if (parseRoleArn(roleArn) === undefined) throw validationError('Request ARN is invalid');

  const device = caller.kind === 'role session' ? undefined : caller.user.mfa;
  const confirmed = confirmByMfa(device, { serialNumber, tokenCode }, nowMs);
  const mfaAtMs = confirmed ? nowMs : carriedMfa(caller);
  const mfaAgeSeconds = mfaAtMs === undefined ? undefined : Math.floor((nowMs - mfaAtMs) / 1000);
  const role = world.rolesByArn.get(roleArn);
  if (role === undefined) throw mayNotAssume(callerArn(caller), roleArn);
  mayAssume(caller, role, { externalId, mfaAgeSeconds });
  for (const arn of sessionPolicyArns) demandKnownPolicy(arn, role.partition);

  // A session that comes from a session is chained, GetSessionToken's included.
  if (caller.kind !== 'user' && durationSeconds > chainedMaxSeconds) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (durationSeconds > role.maxSessionSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const isChained = caller.kind !== 'user';
  const assumed: Caller = { kind: 'role session', role, sessionName, isChained, sessionPolicyArns };
  return [
    [
      'AssumedRoleUser',
      [
        ['AssumedRoleId', callerUserId(assumed)],
        ['Arn', callerArn(assumed)],
      ],
    ],
    credentialsElement(issue(assumed, durationSeconds)),
  ];
}

/** When the caller's own credentials were confirmed by MFA. Role sessions do not hand that on. */
function carriedMfa(caller: Caller): number | undefined {
  return caller.kind === 'user session' ? caller.mfaAtMs : undefined;
}

function refuseUnsupported(parameters: ReadonlyMap<string, string>): void {
  const name = [...parameters.keys()].find(
    (key) =>
      unsupported.includes(key.split('.')[0] ?? key) ||
      (key.startsWith('PolicyArns.') && !policyPlaces.includes(key)),
  );
  if (name === undefined) return;
  throw new Refusal(501, 'NotImplemented', `The embedded STS does not know the parameter ${name}.`);
}

const policyPlaces = Array.from({ length: 10 }, (_, index) => `PolicyArns.member.${index + 1}.arn`);

/** The managed policies that are known here, in the role's own partition: neither allows `sts:AssumeRole`. */
function demandKnownPolicy(policyArn: string, partition: string): void {
  const known = ['ReadOnlyAccess', 'SecurityAudit'].map((name) => `arn:${partition}:iam::aws:policy/${name}`);
  if (known.includes(policyArn)) return;
  throw new Refusal(501, 'NotImplemented', `The embedded STS does not know the policy ${policyArn}.`);
}
