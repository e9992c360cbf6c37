/** One-time codes of virtual MFA devices: RFC 6238 with the parameters AWS uses (SHA-1, 6 digits, 30 s). */
import { createHmac } from 'node:crypto';

export const totpStepSeconds = 30;
const digits = 6;
const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The bytes of a Base32 text (RFC 4648 section 6). Lower case, spaces and missing padding are accepted, as
 * authenticator apps do, because people type seeds.
 *
 * @throws RangeError when a character is not of the alphabet or the length is impossible; the message does
 *   not repeat the text, which is a seed.
 */
export function decodeBase32(text: string): Buffer {
  const letters = text.replaceAll(' ', '').replace(/=+$/u, '').toUpperCase();
  const bytes: number[] = [];
  let buffered = 0;
  let bufferedBits = 0;
  for (const letter of letters) {
    const value = base32Alphabet.indexOf(letter);
    if (value === -1) throw new RangeError('a Base32 text has only the letters A to Z and the digits 2 to 7');
    buffered = (buffered << 5) | value;
    bufferedBits += 5;
    if (bufferedBits >= 8) {
      bufferedBits -= 8;
      bytes.push(buffered >> bufferedBits);
      buffered &= (1 << bufferedBits) - 1;
    }
  }
  // 5 bits or more left over are a letter that adds nothing to any byte, so one was lost.
  if (bytes.length === 0 || bufferedBits >= 5) throw new RangeError('a Base32 text was cut off');
  return Buffer.from(bytes);
}

/** Base32 of bytes with its padding (RFC 4648 section 6), the form in which AWS hands out seeds. */
export function encodeBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{1,5}/gu) ?? []).map((group) => {
    return base32Alphabet.charAt(Number.parseInt(group.padEnd(5, '0'), 2));
  });
  return letters.join('').padEnd(Math.ceil(letters.length / 8) * 8, '=');
}

/** Which 30-second step since 1970 a time in milliseconds falls in: the counter of RFC 6238 section 4.2. */
export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / 1000 / totpStepSeconds);
}

/** The code of one counter value (RFC 4226 section 5.3), `length` digits long. */
export function hotp(key: Uint8Array, counter: number, length: number = digits): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', key).update(message).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const truncated = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** length).padStart(length, '0');
}

/** The code that a device with this Base32 seed shows at `nowMs` (milliseconds since 1970). */
export function totp(seedBase32: string, nowMs: number): string {
  return hotp(decodeBase32(seedBase32), totpStep(nowMs));
}

/**
 * The URL behind the QR code of a virtual MFA device, as AWS's console makes it and authenticator apps read
 * it: https://github.com/google/google-authenticator/wiki/Key-Uri-Format. It holds the seed: a secret.
 */
export function otpauthUrl(device: { seed: string; issuer: string; account: string }): string {
  const label = `${encodeURIComponent(device.issuer)}:${encodeURIComponent(device.account)}`;
  const seed = encodeBase32(decodeBase32(device.seed)).replace(/=+$/u, '');
  return `otpauth://totp/${label}?secret=${seed}&issuer=${encodeURIComponent(device.issuer)}`;
}
