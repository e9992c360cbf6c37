/** What the contract shows of the broker's parts. No view has a place for a secret. */
import type { KeyView, Problem, ProfileView, Prompt, SessionView } from '../../preload/contract.ts';
import type { Failure } from '../failure.ts';
import type { AccessKey } from '../keys/access-key.ts';
import { parseRoleArn, type Profile } from '../profiles/profile.ts';
import type { MfaPrompt } from '../sessions/mfa-desk.ts';
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
  effectiveDurationSeconds: number,
  standing: SessionStanding,
): ProfileView {
  const { accountId = '', roleName = '' } = parseRoleArn(profile.roleArn) ?? {};
  return { profile, accountId, roleName, effectiveDurationSeconds, session: sessionView(standing) };
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
