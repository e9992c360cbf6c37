/** What a person needs to know of an MFA device and its codes, and the time window those live in. Pure. */
import type { SessionView } from '../../preload/contract.ts';

/** A virtual device's own name, from its ARN (`arn:PARTITION:iam::ACCOUNT:mfa/NAME`); a hardware device has just its serial number. */
export function deviceName(serial: string): string {
  const [, name] = /^arn:[^:]+:iam::\d{12}:mfa\/(?:.*\/)?([^/]+)$/.exec(serial) ?? [];
  return name ?? serial;
}

/** RFC 6238, section 5.2: the time step that AWS's virtual devices use. */
export const codeWindowSeconds = 30;

/** Seconds until the device shows its next code, from just above 0 to 30. */
export function secondsLeftInWindow(nowMs: number): number {
  return codeWindowSeconds - ((nowMs / 1000) % codeWindowSeconds);
}

/** Seconds until the device shows a code that has not been used, 0 where the present one has not; rounded up. */
export function secondsToNextCode(nextCodeAtMs: number | undefined, nowMs: number): number {
  return Math.max(0, Math.ceil(((nextCodeAtMs ?? nowMs) - nowMs) / 1000));
}

/** How old the code is now that STS refused a role with; undefined where its age may not be the reason. */
export function codeAgeSeconds(problem: SessionView['problem'], nowMs: number): number | undefined {
  if (problem?.mfaAgeSeconds === undefined) return undefined;
  return problem.mfaAgeSeconds + Math.max(0, (nowMs - problem.atMs) / 1000);
}
