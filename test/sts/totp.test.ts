import { expect, test } from 'vitest';
import { MfaDevice } from './mfa-device.ts';
import { decodeBase32, encodeBase32, hotp, otpauthUrl, totp, totpStep } from './totp.ts';

const rfcSecret = Buffer.from('12345678901234567890');
const rfcSeed = encodeBase32(rfcSecret);

// RFC 6238 appendix B, the rows for SHA1, with their eight digits.
test.each([
  [59, '94287082'],
  [1111111109, '07081804'],
  [1111111111, '14050471'],
  [1234567890, '89005924'],
  [2000000000, '69279037'],
  [20000000000, '65353130'],
])('at %i seconds the code is that of RFC 6238 appendix B', (seconds, code) => {
  expect(hotp(rfcSecret, totpStep(seconds * 1000), 8)).toBe(code);
  expect(totp(rfcSeed, seconds * 1000)).toBe(code.slice(2));
});

// RFC 4648 section 10.
test.each([
  ['f', 'MY======'],
  ['fo', 'MZXQ===='],
  ['foo', 'MZXW6==='],
  ['foob', 'MZXW6YQ='],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI======'],
])('Base32 of %s is that of RFC 4648', (text, base32) => {
  expect(encodeBase32(Buffer.from(text))).toBe(base32);
  expect(decodeBase32(base32).toString()).toBe(text);
});

test('a seed may be typed in small letters, in groups and without padding', () => {
  expect(decodeBase32('mzxw 6ytb oi').toString()).toBe('foobar');
});

test.each(['MZXW6YT1', 'M', 'MZX', '', '===='])('%j is no seed', (text) => {
  expect(() => decodeBase32(text)).toThrow(RangeError);
});

test('the otpauth URL holds the seed without padding and names issuer and account', () => {
  expect(otpauthUrl({ seed: 'MZXW6YQ=', issuer: 'Amazon Web Services', account: 'alice@111122223333' })).toBe(
    'otpauth://totp/Amazon%20Web%20Services:alice%40111122223333?secret=MZXW6YQ&issuer=Amazon%20Web%20Services',
  );
});

const nowMs = 1_800_000_000_000;
const stepMs = 30_000;

test('a device accepts the codes of the step before, this and the next one, and none beyond', () => {
  const accepted = [-2, -1, 0, 1, 2].map((steps) =>
    new MfaDevice('serial', rfcSeed).accept(totp(rfcSeed, nowMs + steps * stepMs), nowMs),
  );
  expect(accepted).toEqual([false, true, true, true, false]);
});

test('a device accepts a code once, and none that is older than a used one', () => {
  const device = new MfaDevice('serial', rfcSeed);
  const [older, used, newer] = [-1, 0, 1].map((steps) => totp(rfcSeed, nowMs + steps * stepMs));
  expect([used, used, older, newer].map((code) => device.accept(code ?? '', nowMs))).toEqual([
    true,
    false,
    false,
    true,
  ]);
});
