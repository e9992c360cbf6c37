import { AssumeRoleCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import type { AssumeRoleCommandOutput, GetSessionTokenCommandInput } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import {
  aliceKeys,
  aliceSeed,
  aliceSerial,
  bobKeys,
  keysOf,
  refusalOf,
  sampleWorld,
  stsClient,
} from './sample-world.ts';
import type { Keys } from './sample-world.ts';
import { totp } from './totp.ts';

let clockMs: number;
let sts: EmbeddedSts;
beforeEach(async () => {
  clockMs = Date.now();
  sts = await startEmbeddedSts(sampleWorld, { now: () => clockMs });
});
afterEach(() => sts.close());

const wrongCode = {
  code: 'AccessDenied',
  status: 403,
  message: 'MultiFactorAuthentication failed with invalid MFA one time pass code.',
};
const wrongDevice = {
  code: 'AccessDenied',
  status: 403,
  message:
    'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
};
const guardedArn = 'arn:aws:iam::444455556666:role/Guarded';
const recentArn = 'arn:aws:iam::444455556666:role/RecentlyConfirmed';

/** Device and code as Alice would type them, `steps` of 30 s from now. */
function aliceMfa(steps = 0): { SerialNumber: string; TokenCode: string } {
  return { SerialNumber: aliceSerial, TokenCode: totp(aliceSeed, clockMs + steps * 30_000) };
}

function getSessionToken(keys: Keys, input: GetSessionTokenCommandInput): Promise<AssumeRoleCommandOutput> {
  return stsClient(sts.url, keys).send(new GetSessionTokenCommand(input));
}

function assume(keys: Keys, RoleArn: string, mfa: object = {}): Promise<AssumeRoleCommandOutput> {
  return stsClient(sts.url, keys).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'work', ...mfa }));
}

/** A code that is right at none of the steps that count. */
function wrongCodeOf(now: number): string {
  const right = [-1, 0, 1].map((steps) => totp(aliceSeed, now + steps * 30_000));
  return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) ?? '';
}

describe('a code', () => {
  test('that is wrong is refused', async () => {
    const mfa = { SerialNumber: aliceSerial, TokenCode: wrongCodeOf(clockMs) };
    expect(await refusalOf(getSessionToken(aliceKeys, mfa))).toEqual(wrongCode);
    expect(await refusalOf(assume(aliceKeys, guardedArn, mfa))).toEqual(wrongCode);
  });

  test('is accepted once, whichever call used it, and older ones no more after it', async () => {
    await getSessionToken(aliceKeys, aliceMfa());
    expect(await refusalOf(getSessionToken(aliceKeys, aliceMfa()))).toEqual(wrongCode);
    expect(await refusalOf(assume(aliceKeys, guardedArn, aliceMfa()))).toEqual(wrongCode);
    expect(await refusalOf(assume(aliceKeys, guardedArn, aliceMfa(-1)))).toEqual(wrongCode);
    await assume(aliceKeys, guardedArn, aliceMfa(1));
  });

  test('that is refused for another reason than itself is not used up', async () => {
    const tooLong = { ...aliceMfa(), DurationSeconds: 129601 };
    expect(await refusalOf(getSessionToken(aliceKeys, tooLong))).toMatchObject({ code: 'ValidationError' });
    await getSessionToken(aliceKeys, aliceMfa());
  });

  test('is judged by the clock of STS', async () => {
    clockMs += 10 * 60_000;
    const mfa = { SerialNumber: aliceSerial, TokenCode: totp(aliceSeed, clockMs - 10 * 60_000) };
    expect(await refusalOf(getSessionToken(aliceKeys, mfa))).toEqual(wrongCode);
  });
});

describe('a device', () => {
  test("that is another's, or none where the user has none, is refused whatever the code", async () => {
    const other = { ...aliceMfa(), SerialNumber: 'arn:aws:iam::111122223333:mfa/bob' };
    expect(await refusalOf(getSessionToken(aliceKeys, other))).toEqual(wrongDevice);
    expect(await refusalOf(getSessionToken(bobKeys, aliceMfa()))).toEqual(wrongDevice);
  });

  test('without a code, or a code without a device, is refused', async () => {
    const { SerialNumber, TokenCode } = aliceMfa();
    for (const half of [{ SerialNumber }, { TokenCode }]) {
      expect(await refusalOf(getSessionToken(aliceKeys, half))).toEqual({
        code: 'AccessDenied',
        status: 403,
        message:
          'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
      });
    }
  });

  test('is none for a role session', async () => {
    const session = keysOf(await assume(aliceKeys, guardedArn, aliceMfa()));
    expect(await refusalOf(assume(session, guardedArn, aliceMfa(1)))).toEqual(wrongDevice);
  });
});

describe('a role that asks for MFA', () => {
  const notAuthorized = (arn: string, roleArn: string): object => ({
    code: 'AccessDenied',
    status: 403,
    message: `User: ${arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  });

  test('refuses the bare key, and a session that was made without MFA', async () => {
    const bare = await getSessionToken(aliceKeys, {});
    for (const keys of [aliceKeys, keysOf(bare)]) {
      expect(await refusalOf(assume(keys, guardedArn))).toEqual(
        notAuthorized('arn:aws:iam::111122223333:user/alice', guardedArn),
      );
    }
  });

  test('accepts a call with a code, and a session that was made with one', async () => {
    await assume(aliceKeys, guardedArn, aliceMfa());
    const session = await getSessionToken(aliceKeys, aliceMfa(1));
    await assume(keysOf(session), guardedArn);
    await assume(keysOf(session), guardedArn);
  });

  test('refuses a role session although that came from MFA', async () => {
    const session = keysOf(await assume(aliceKeys, guardedArn, aliceMfa()));
    expect(await refusalOf(assume(session, guardedArn))).toEqual(
      notAuthorized('arn:aws:sts::444455556666:assumed-role/Guarded/work', guardedArn),
    );
  });

  test('and limits its age accepts a younger one and refuses an older one', async () => {
    const session = keysOf(await getSessionToken(aliceKeys, aliceMfa()));
    clockMs += 599_000;
    await assume(session, recentArn);
    clockMs += 1_000;
    expect(await refusalOf(assume(session, recentArn))).toEqual(
      notAuthorized('arn:aws:iam::111122223333:user/alice', recentArn),
    );
    expect(await refusalOf(assume(aliceKeys, recentArn))).toMatchObject({ code: 'AccessDenied' });
    await assume(session, recentArn, aliceMfa());
  });
});
