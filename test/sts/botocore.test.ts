import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import { limits } from './parameters.ts';
import { needPython, runPython } from './python.ts';
import { aliceArn, aliceKeys, aliceSeed, aliceSerial, sampleWorld } from './sample-world.ts';
import type { Keys } from './sample-world.ts';
import { totp } from './totp.ts';

needPython(['boto3']);

let sts: EmbeddedSts;
beforeEach(async () => {
  sts = await startEmbeddedSts(sampleWorld);
});
afterEach(() => sts.close());

interface PythonCall {
  keys: Keys;
  operation: 'get_caller_identity' | 'get_session_token' | 'assume_role';
  parameters?: Record<string, unknown>;
}

/** What boto3 makes of these calls, in their order, as botocore_calls.py describes it. */
async function callWithBoto3(...calls: PythonCall[]): Promise<unknown[]> {
  const prepared = calls.map((call) => ({ parameters: {}, ...call }));
  return z
    .array(z.unknown())
    .parse(await runPython('botocore_calls.py', { endpoint: sts.url, calls: prepared }));
}

/** Python's datetime of a whole second in UTC, near enough to what was asked for. */
const datetime = { datetime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/u) as unknown };
const credentials = {
  AccessKeyId: expect.stringMatching(/^ASIA\w{16}$/u) as unknown,
  SecretAccessKey: expect.stringMatching(/^\S{40}$/u) as unknown,
  SessionToken: expect.stringMatching(/^\S{100,}$/u) as unknown,
  Expiration: datetime,
};
const good = { problems: [], content_type: 'text/xml' };
const roleArn = 'arn:aws:iam::444455556666:role/Guarded';

describe('botocore parses every answer by its service model, without a member too many or too few', () => {
  test('of the three actions', async () => {
    const mfa = { SerialNumber: aliceSerial, TokenCode: totp(aliceSeed, Date.now()) };
    const [identity, session, role] = await callWithBoto3(
      { keys: aliceKeys, operation: 'get_caller_identity' },
      { keys: aliceKeys, operation: 'get_session_token' },
      {
        keys: aliceKeys,
        operation: 'assume_role',
        parameters: { RoleArn: roleArn, RoleSessionName: 'work', DurationSeconds: 900, ...mfa },
      },
    );
    const UserId = expect.stringMatching(/^AIDA\w{17}$/u) as unknown;
    expect(identity).toEqual({ ...good, answer: { UserId, Account: '111122223333', Arn: aliceArn } });
    expect(session).toEqual({ ...good, answer: { Credentials: credentials } });
    expect(role).toEqual({
      ...good,
      answer: {
        AssumedRoleUser: {
          AssumedRoleId: expect.stringMatching(/^AROA\w{17}:work$/u) as unknown,
          Arn: 'arn:aws:sts::444455556666:assumed-role/Guarded/work',
        },
        Credentials: credentials,
      },
    });
  });

  test('also where boto3 signs with issued session credentials', async () => {
    const Issued = z.object({
      answer: z.object({
        Credentials: z.object({
          AccessKeyId: z.string(),
          SecretAccessKey: z.string(),
          SessionToken: z.string(),
        }),
      }),
    });
    const [issued] = await callWithBoto3({ keys: aliceKeys, operation: 'get_session_token' });
    const { AccessKeyId, SecretAccessKey, SessionToken } = Issued.parse(issued).answer.Credentials;
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    const [named] = await callWithBoto3({ keys, operation: 'get_caller_identity' });
    expect(named).toMatchObject({ ...good, answer: { Arn: aliceArn } });
  });
});

test('botocore reads code, status, fault and words of every kind of refusal', async () => {
  const assume = (parameters: Record<string, unknown>): PythonCall => ({
    keys: aliceKeys,
    operation: 'assume_role',
    parameters: { RoleArn: roleArn, RoleSessionName: 'work', ...parameters },
  });
  const outcomes = await callWithBoto3(
    { keys: { ...aliceKeys, accessKeyId: 'AKIAUNKNOWNEXAMPLE00' }, operation: 'get_caller_identity' },
    { keys: { ...aliceKeys, secretAccessKey: 'wrong' }, operation: 'get_caller_identity' },
    assume({}),
    assume({ DurationSeconds: 100 }),
    assume({ SerialNumber: aliceSerial, TokenCode: '00000' }),
    {
      keys: aliceKeys,
      operation: 'get_session_token',
      parameters: { SerialNumber: 'GAHT12345678', TokenCode: '123456' },
    },
  );
  const refusal = (code: string, status: number, message: string): object => ({
    error: {
      // None of these is among the errors of the service model, so botocore has no class of its own for them.
      class: 'ClientError',
      code,
      type: 'Sender',
      message,
      status,
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/u) as unknown,
    },
  });
  expect(outcomes).toEqual([
    refusal('InvalidClientTokenId', 403, 'The security token included in the request is invalid.'),
    refusal(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    ),
    refusal(
      'AccessDenied',
      403,
      `User: ${aliceArn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    ),
    refusal(
      'ValidationError',
      400,
      "1 validation error detected: Value '100' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ),
    refusal(
      'ValidationError',
      400,
      "1 validation error detected: Value '00000' at 'tokenCode' failed to satisfy constraint: Member must have length greater than or equal to 6",
    ),
    refusal(
      'AccessDenied',
      403,
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    ),
  ]);
});

test("faults of the server are the receiver's, and throttling is what botocore would retry", async () => {
  const call: PythonCall = { keys: aliceKeys, operation: 'get_caller_identity' };
  sts.faults.fail = { status: 503, calls: 1 };
  sts.faults.throttle = { calls: 1 };
  expect(await callWithBoto3(call, call, call)).toMatchObject([
    { error: { code: 'ServiceUnavailable', status: 503, type: 'Receiver' } },
    { error: { code: 'Throttling', status: 400, type: 'Sender' } },
    { answer: { Arn: aliceArn } },
  ]);
});

test('the limits that are kept are those of the service model, to the letter of its patterns', async () => {
  const ours = [
    ['AssumeRole', 'RoleArn', limits.RoleArn, true],
    ['AssumeRole', 'RoleSessionName', limits.RoleSessionName, true],
    ['AssumeRole', 'ExternalId', limits.ExternalId, false],
    ['AssumeRole', 'SerialNumber', limits.SerialNumber, false],
    ['AssumeRole', 'TokenCode', limits.TokenCode, false],
    ['AssumeRole', 'DurationSeconds', limits.AssumeRoleDurationSeconds, false],
    ['GetSessionToken', 'SerialNumber', limits.SerialNumber, false],
    ['GetSessionToken', 'TokenCode', limits.TokenCode, false],
    ['GetSessionToken', 'DurationSeconds', limits.GetSessionTokenDurationSeconds, false],
  ] as const;
  const theirs = await runPython(
    'botocore_limits.py',
    ours.map(([action, name]) => [action, name]),
  );
  expect(theirs).toEqual(ours.map(([, , limit, required]) => ({ ...limit, required })));
});
