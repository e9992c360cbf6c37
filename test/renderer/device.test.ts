import { describe, expect, test } from 'vitest';
import {
  codeAgeSeconds,
  deviceName,
  secondsLeftInWindow,
  secondsToNextCode,
} from '../../renderer/mfa/device.ts';
import { endpointLine } from '../../renderer/profiles/environment-lines.ts';

describe('an MFA device', () => {
  test.each([
    ['arn:aws:iam::111122223333:mfa/alice', 'alice'],
    ['arn:aws-us-gov:iam::111122223333:mfa/team/alice@example', 'alice@example'],
    ['GAHT12345678', 'GAHT12345678'],
  ])('is called by its own name: %s', (serial, name) => {
    expect(deviceName(serial)).toBe(name);
  });

  test('shows a new code every 30 seconds of the clock', () => {
    expect(secondsLeftInWindow(0)).toBe(30);
    expect(secondsLeftInWindow(29_500)).toBe(0.5);
    expect(secondsLeftInWindow(30_000)).toBe(30);
  });

  test('is waited for until it shows a code that has not been used', () => {
    expect(secondsToNextCode(30_000, 17_500)).toBe(13);
    expect(secondsToNextCode(30_000, 29_999)).toBe(1);
    expect(secondsToNextCode(30_000, 30_000)).toBe(0);
    expect(secondsToNextCode(30_000, 95_000)).toBe(0);
    expect(secondsToNextCode(undefined, 95_000)).toBe(0);
  });
});

describe('the code behind a refused session', () => {
  const problem = { code: 'Refused', message: 'STS refused', atMs: 60_000 };

  test('has grown older since it was refused', () => {
    expect(codeAgeSeconds({ ...problem, mfaAgeSeconds: 3600 }, 60_000)).toBe(3600);
    expect(codeAgeSeconds({ ...problem, mfaAgeSeconds: 3600 }, 180_000)).toBe(3720);
  });

  test('is no younger when the clock was set back', () => {
    expect(codeAgeSeconds({ ...problem, mfaAgeSeconds: 3600 }, 0)).toBe(3600);
  });

  test('is not spoken of where there is none, or its age is no reason', () => {
    expect(codeAgeSeconds(problem, 60_000)).toBeUndefined();
    expect(codeAgeSeconds(undefined, 60_000)).toBeUndefined();
  });
});

describe('the line for a shell', () => {
  test('is right for a POSIX shell and for PowerShell', () => {
    const endpoint = 'http://127.0.0.1:9254/';
    expect(endpointLine(endpoint, false)).toBe(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=${endpoint}`);
    expect(endpointLine(endpoint, true)).toBe(`$env:AWS_EC2_METADATA_SERVICE_ENDPOINT = "${endpoint}"`);
  });
});
