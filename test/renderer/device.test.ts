import { describe, expect, test } from 'vitest';
import { deviceName, secondsLeftInWindow } from '../../renderer/mfa/device.ts';
import { shellLine } from '../../renderer/profiles/shell-line.ts';

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
});

describe('the line for a shell', () => {
  test('is right for a POSIX shell and for PowerShell', () => {
    const endpoint = 'http://127.0.0.1:9254/';
    expect(shellLine(endpoint, false)).toBe(`export AWS_EC2_METADATA_SERVICE_ENDPOINT=${endpoint}`);
    expect(shellLine(endpoint, true)).toBe(`$env:AWS_EC2_METADATA_SERVICE_ENDPOINT = "${endpoint}"`);
  });
});
