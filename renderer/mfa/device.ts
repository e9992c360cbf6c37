/** What a person needs to know of an MFA device, and the time window its codes live in. Pure. */

/** A virtual device's name and account from its ARN (`arn:PARTITION:iam::ACCOUNT:mfa/NAME`); a hardware device has a bare serial number. */
export function describeDevice(serial: string): { readonly name: string; readonly accountId?: string } {
  const [, accountId, name] = /^arn:[^:]+:iam::(\d{12}):(?:mfa|u2f)\/(?:.*\/)?([^/]+)$/.exec(serial) ?? [];
  return accountId && name ? { name, accountId } : { name: serial };
}

/** RFC 6238, section 5.2: the time step that AWS's virtual devices use. */
export const codeWindowSeconds = 30;

/** Seconds until the device shows its next code, from just above 0 to 30. */
export function secondsLeftInWindow(nowMs: number): number {
  return codeWindowSeconds - ((nowMs / 1000) % codeWindowSeconds);
}
