/** What a person needs to know of an MFA device, and the time window its codes live in. Pure. */

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
