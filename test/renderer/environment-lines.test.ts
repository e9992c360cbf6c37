import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { needs } from '../platform/needs.ts';
import { environmentLines, isOwn, tokenLines } from '../../renderer/profiles/environment-lines.ts';

const place = {
  name: 'reader',
  region: 'eu-central-1',
  endpoint: 'http://127.0.0.1:9254/',
  ownUrl: undefined,
};
const withPort = { ...place, ownUrl: 'http://127.0.0.1:9300/' };

const withSh = needs(process.platform !== 'win32', 'Windows has no POSIX shell');

/** The AWS variables that a shell has after the lines, with `latchkey` as a function that tells what it was called with. */
function after(lines: string): string[] {
  const env = {
    AWS_PROFILE: 'other',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9254/container/other',
    AWS_EC2_METADATA_DISABLED: 'true',
    PATH: process.env['PATH'],
  };
  const script = `latchkey() { echo "latchkey $*"; }\n${lines}env | grep ^AWS_`;
  return execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).trim().split('\n').sort();
}

describe('the lines for a shell that is to have a profile', () => {
  test.skipIf(withSh.missing)(`lead to the profile’s own port, where it has one${withSh.note}`, () => {
    expect(after(environmentLines(withPort, false))).toEqual([
      'AWS_DEFAULT_REGION=eu-central-1',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9300/',
      'AWS_REGION=eu-central-1',
    ]);
  });

  test.skipIf(withSh.missing)(`give the terminal the profile, where it has none${withSh.note}`, () => {
    expect(after(environmentLines(place, false))).toEqual([
      'AWS_DEFAULT_REGION=eu-central-1',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9254/',
      'AWS_REGION=eu-central-1',
      'latchkey use reader --here',
    ]);
  });

  test('are PowerShell’s on Windows, where the command is not to be had', () => {
    expect(environmentLines(place, true)).toBe(
      [
        'Remove-Item -ErrorAction Ignore Env:AWS_PROFILE, Env:AWS_ACCESS_KEY_ID, Env:AWS_SECRET_ACCESS_KEY, Env:AWS_SESSION_TOKEN, Env:AWS_WEB_IDENTITY_TOKEN_FILE, Env:AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, Env:AWS_CONTAINER_CREDENTIALS_FULL_URI, Env:AWS_EC2_METADATA_DISABLED',
        '$env:AWS_EC2_METADATA_SERVICE_ENDPOINT = "http://127.0.0.1:9254/"',
        '$env:AWS_REGION = "eu-central-1"',
        '$env:AWS_DEFAULT_REGION = "eu-central-1"',
        '',
      ].join('\n'),
    );
  });

  test('lead to the active profile, and not to this one, only on Windows without a port of its own', () => {
    expect([isOwn(place, false), isOwn(withPort, false), isOwn(place, true), isOwn(withPort, true)]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});

describe('the lines for programs with a token', () => {
  test.skipIf(withSh.missing)(
    `lead a shell to the token’s address and file, and away from IMDS${withSh.note}`,
    () => {
      const script = `HOME=/home/alice\n${tokenLines('http://127.0.0.1:9254/container/reader', 'ci', false)}\nenv`;
      const set = execFileSync('sh', ['-c', script], { env: {}, encoding: 'utf8' }).split('\n');
      expect(set).toEqual(
        expect.arrayContaining([
          'AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9254/container/reader',
          'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/home/alice/.aws/ci.token',
          'AWS_EC2_METADATA_DISABLED=true',
        ]),
      );
    },
  );

  test('are PowerShell’s on Windows', () => {
    expect(tokenLines('http://127.0.0.1:9254/container/reader', 'ci', true)).toContain(
      '$env:AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "$HOME/.aws/ci.token"',
    );
  });
});
