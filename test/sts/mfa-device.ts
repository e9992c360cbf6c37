/** A user's virtual MFA device, as STS sees it: codes are good once. */
import { timingSafeEqual } from 'node:crypto';
import { accessDenied } from './refusal.ts';
import { decodeBase32, hotp, totpStep } from './totp.ts';

/** How many 30-second steps a device's clock may be off, either way (RFC 6238 section 5.2). */
const toleratedSteps = 1;

export class MfaDevice {
  readonly serial: string;
  readonly #key: Buffer;
  #lastUsedStep = -1;

  /** @throws RangeError when the seed is not Base32. */
  constructor(serial: string, seedBase32: string) {
    this.serial = serial;
    this.#key = decodeBase32(seedBase32);
  }

  /** Accepts a code of about `nowMs` and uses it up: neither it nor an older one is accepted again. */
  accept(code: string, nowMs: number): boolean {
    const now = totpStep(nowMs);
    for (let step = now - toleratedSteps; step <= now + toleratedSteps; step += 1) {
      if (step > this.#lastUsedStep && equal(hotp(this.#key, step), code)) {
        this.#lastUsedStep = step;
        return true;
      }
    }
    return false;
  }
}

function equal(expected: string, given: string): boolean {
  const [expectedBytes, givenBytes] = [Buffer.from(expected), Buffer.from(given)];
  return expectedBytes.length === givenBytes.length && timingSafeEqual(expectedBytes, givenBytes);
}

/**
 * Checks the `SerialNumber` and `TokenCode` of a call against the caller's device.
 *
 * @param device the caller's; undefined if it has none, as role sessions never have.
 * @returns whether the call was confirmed by MFA: false when neither parameter is there.
 * @throws Refusal AccessDenied
 */
export function confirmByMfa(
  device: MfaDevice | undefined,
  given: { serialNumber: string | undefined; tokenCode: string | undefined },
  nowMs: number,
): boolean {
  const { serialNumber, tokenCode } = given;
  if (serialNumber === undefined && tokenCode === undefined) return false;
  if (serialNumber === undefined || tokenCode === undefined) {
    throw accessDenied(
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
    );
  }
  if (device?.serial !== serialNumber) {
    throw accessDenied(
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    );
  }
  if (!device.accept(tokenCode, nowMs)) {
    throw accessDenied('MultiFactorAuthentication failed with invalid MFA one time pass code.');
  }
  return true;
}
