import { AssumeRoleCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import {
  aliceArn,
  aliceKeys,
  bobArn,
  bobKeys,
  keysOf,
  refusalOf,
  sampleWorld,
  stsClient,
} from './sample-world.ts';
import type { Keys } from './sample-world.ts';

let clockMs: number;
let sts: EmbeddedSts;
beforeEach(async () => {
  clockMs = Math.floor(Date.now() / 1000) * 1000;
  sts = await startEmbeddedSts(sampleWorld, { now: () => clockMs });
});
afterEach(() => sts.close());

const abroad = 'arn:aws:iam::444455556666:role';
const home = 'arn:aws:iam::111122223333:role';

function assume(
  keys: Keys,
  RoleArn: string,
  input: Partial<AssumeRoleCommandInput> = {},
): Promise<AssumeRoleCommandOutput> {
  return stsClient(sts.url, keys).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'work', ...input }));
}

function notAuthorized(callerArn: string, roleArn: string, because = ''): object {
  return {
    code: 'AccessDenied',
    status: 403,
    message: `User: ${callerArn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}${because}`,
  };
}

describe('trust', () => {
  test('a role that does not exist is refused like one that trusts others', async () => {
    for (const roleArn of [`${abroad}/Nobody`, `${abroad}/Chained`]) {
      expect(await refusalOf(assume(aliceKeys, roleArn))).toEqual(notAuthorized(aliceArn, roleArn));
    }
  });

  test('an external ID must be the very one that the role asks for', async () => {
    const roleArn = `${abroad}/Vendor`;
    for (const input of [{}, { ExternalId: 'Unique:Assigned/By-Example.corp' }]) {
      expect(await refusalOf(assume(aliceKeys, roleArn, input))).toEqual(notAuthorized(aliceArn, roleArn));
    }
    await assume(aliceKeys, roleArn, { ExternalId: 'Unique:Assigned/By-Example.Corp' });
  });

  test('an external ID that no role asks for does no harm', async () => {
    await assume(aliceKeys, `${abroad}/team/Reader`, { ExternalId: 'anything' });
  });

  test('a role that trusts a role accepts its sessions only', async () => {
    const reader = keysOf(await assume(aliceKeys, `${abroad}/team/Reader`));
    expect(await refusalOf(assume(reader, `${abroad}/Chained`))).toEqual(
      notAuthorized('arn:aws:sts::444455556666:assumed-role/Reader/work', `${abroad}/Chained`),
    );
    const longReader = keysOf(await assume(aliceKeys, `${abroad}/LongReader`));
    await assume(longReader, `${abroad}/Chained`);
  });

  test('a role in another account that trusts a user does not help one whose own policies do not allow it', async () => {
    const roleArn = `${abroad}/NamesBobAbroad`;
    expect(await refusalOf(assume(bobKeys, roleArn))).toEqual(notAuthorized(bobArn, roleArn));
  });

  test('a role in the same account that names the user does help, one that trusts the account does not', async () => {
    await assume(bobKeys, `${home}/NamesBob`);
    const roleArn = `${home}/TrustsTheAccount`;
    expect(await refusalOf(assume(bobKeys, roleArn))).toEqual(
      notAuthorized(bobArn, roleArn, ' because no identity-based policy allows the sts:AssumeRole action'),
    );
    await assume(aliceKeys, roleArn);
  });

  test.each(['arn:aws:iam:444455556666:role/Reader', `${abroad}/`, 'arn:aws:iam::444455556666:user/Reader'])(
    '%s is not the ARN of a role',
    async (roleArn) => {
      expect(await refusalOf(assume(aliceKeys, roleArn))).toEqual({
        code: 'ValidationError',
        status: 400,
        message: 'Request ARN is invalid',
      });
    },
  );
});

describe('durations', () => {
  test('a role session lasts an hour if nothing is asked, and as long as is asked up to the maximum of the role', async () => {
    const roleArn = `${abroad}/team/Reader`;
    for (const [input, seconds] of [
      [{}, 3600],
      [{ DurationSeconds: 900 }, 900],
      [{ DurationSeconds: 7200 }, 7200],
    ] as const) {
      const assumed = await assume(aliceKeys, roleArn, input);
      expect(assumed.Credentials?.Expiration).toEqual(new Date(clockMs + seconds * 1000));
    }
    expect(await refusalOf(assume(aliceKeys, roleArn, { DurationSeconds: 7201 }))).toEqual({
      code: 'ValidationError',
      status: 400,
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
    await assume(aliceKeys, `${abroad}/LongReader`, { DurationSeconds: 43200 });
  });

  test('a chained session lasts an hour at most, also where the chain starts at GetSessionToken', async () => {
    const role = keysOf(await assume(aliceKeys, `${abroad}/LongReader`));
    const user = keysOf(await stsClient(sts.url, aliceKeys).send(new GetSessionTokenCommand({})));
    for (const [keys, roleArn] of [
      [role, `${abroad}/Chained`],
      [user, `${abroad}/LongReader`],
    ] as const) {
      await assume(keys, roleArn, { DurationSeconds: 3600 });
      expect(await refusalOf(assume(keys, roleArn, { DurationSeconds: 3601 }))).toEqual({
        code: 'ValidationError',
        status: 400,
        message:
          'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
      });
    }
  });

  test('a session from GetSessionToken lasts twelve hours if nothing is asked, up to 36', async () => {
    const alice = stsClient(sts.url, aliceKeys);
    for (const [input, seconds] of [
      [{}, 43200],
      [{ DurationSeconds: 900 }, 900],
      [{ DurationSeconds: 129600 }, 129600],
    ] as const) {
      const session = await alice.send(new GetSessionTokenCommand(input));
      expect(session.Credentials?.Expiration).toEqual(new Date(clockMs + seconds * 1000));
    }
  });

  test('GetSessionToken is refused to every session', async () => {
    const role = keysOf(await assume(aliceKeys, `${abroad}/LongReader`));
    const user = keysOf(await stsClient(sts.url, aliceKeys).send(new GetSessionTokenCommand({})));
    for (const keys of [role, user]) {
      expect(await refusalOf(stsClient(sts.url, keys).send(new GetSessionTokenCommand({})))).toEqual({
        code: 'AccessDenied',
        status: 403,
        message: 'Cannot call GetSessionToken with session credentials',
      });
    }
  });
});

describe('a session policy', () => {
  const readOnly = { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }] };

  test('limits the session to what it allows: ReadOnlyAccess assumes no role', async () => {
    const limited = keysOf(await assume(aliceKeys, `${abroad}/LongReader`, readOnly));
    expect(await refusalOf(assume(limited, `${abroad}/Chained`))).toEqual(
      notAuthorized(
        'arn:aws:sts::444455556666:assumed-role/LongReader/work',
        `${abroad}/Chained`,
        ' because no session policy allows the sts:AssumeRole action',
      ),
    );
  });

  test.each([
    [{ arn: 'arn:aws-cn:iam::aws:policy/ReadOnlyAccess' }],
    [{ arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
    [...readOnly.PolicyArns, { arn: 'arn:aws:iam::aws:policy/job-function/Billing' }],
  ])('that it does not know is refused: %j', async (...PolicyArns) => {
    expect(await refusalOf(assume(aliceKeys, `${abroad}/LongReader`, { PolicyArns }))).toMatchObject({
      code: 'NotImplemented',
    });
  });
});

test.each([{ Policy: '{}' }, { Tags: [{ Key: 'team', Value: 'red' }] }, { SourceIdentity: 'alice' }])(
  '%j is refused rather than ignored, since this STS cannot do it',
  async (input) => {
    expect(await refusalOf(assume(aliceKeys, `${abroad}/team/Reader`, input))).toMatchObject({
      code: 'NotImplemented',
      status: 501,
    });
  },
);
