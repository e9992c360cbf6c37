/** What the contract shows of the broker's parts. No view has a place for a secret. */
import type {
  ActivityRecord,
  KeyView,
  Problem,
  ProfileView,
  Prompt,
  SessionView,
} from '../../preload/contract.ts';
import type { RecentRecord } from '../audit/recent-records.ts';
import type { AuditClient } from '../audit/record.ts';
import type { Failure } from '../failure.ts';
import type { AccessKey } from '../keys/access-key.ts';
import { parseRoleArn, type Profile } from '../profiles/profile.ts';
import type { MfaPrompt } from '../sessions/mfa-desk.ts';
import type { AssumeRoleStep } from '../sessions/chain.ts';
import type { SessionStanding } from '../sessions/sessions.ts';

export function problemView({ code, message, field, awsCode, requestId }: Failure): Problem {
  return { code, message, field, awsCode, requestId };
}

export function keyView(key: AccessKey): KeyView {
  const { label, accessKeyId, accountId, userArn, mfaSerial, region, addedAtMs } = key;
  return { label, accessKeyId, accountId, userArn, mfaSerial, region, addedAtMs };
}

export function promptView({ demand, ...prompt }: MfaPrompt, profile: Profile | undefined): Prompt {
  const { accountId = '' } = (profile && parseRoleArn(profile.roleArn)) ?? {};
  return { ...prompt, profile: demand.profile, accountId, cause: demand.cause };
}

export function profileView(
  profile: Profile,
  { durationSeconds, sessionName }: Pick<AssumeRoleStep, 'durationSeconds' | 'sessionName'>,
  standing: SessionStanding,
): ProfileView {
  const { accountId = '', roleName = '' } = parseRoleArn(profile.roleArn) ?? {};
  return {
    profile,
    accountId,
    roleName,
    sessionArn: sessionArn(profile, sessionName),
    effectiveDurationSeconds: durationSeconds,
    session: sessionView(standing),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns: without the role's path. */
export function sessionArn({ roleArn }: Profile, sessionName: string): string {
  const { partition = '', accountId = '', roleName = '' } = parseRoleArn(roleArn) ?? {};
  return `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
}

export function sessionView({ state, expiresAtMs, problem }: SessionStanding): SessionView {
  return {
    state,
    expiresAtMs,
    problem: problem && {
      ...problemView(problem.failure),
      atMs: problem.atMs,
      retryAtMs: problem.retryAtMs,
      mfaAgeSeconds: problem.codeAgeMs === undefined ? undefined : Math.floor(problem.codeAgeMs / 1000),
    },
  };
}

export function activityView({ id, content }: RecentRecord): ActivityRecord {
  const { time, event, profile, detail, count, expiresAt, client } = content;
  return {
    id,
    atMs: Date.parse(time),
    event,
    profile,
    detail,
    count,
    expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt),
    program: client && programView(client),
  };
}

function programView({ startedAt, ...program }: AuditClient): ActivityRecord['program'] {
  return { ...program, startedAtMs: Date.parse(startedAt) };
}
