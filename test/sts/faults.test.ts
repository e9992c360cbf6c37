import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import { aliceArn, aliceKeys, keysOf, refusalOf, sampleWorld, stsClient } from './sample-world.ts';

let clockMs: number;
let sts: EmbeddedSts;
beforeEach(async () => {
  clockMs = Math.floor(Date.now() / 1000) * 1000;
  sts = await startEmbeddedSts(sampleWorld, { now: () => clockMs });
});
afterEach(() => sts.close());

function whoAmI(maxAttempts = 1): Promise<{ Arn?: string | undefined }> {
  return stsClient(sts.url, aliceKeys, { maxAttempts }).send(new GetCallerIdentityCommand({}));
}

test('sessions can be issued shorter than asked, and never longer', async () => {
  const alice = stsClient(sts.url, aliceKeys);
  sts.faults.sessionSeconds = 2;
  const short = await alice.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
  expect(short.Credentials?.Expiration).toEqual(new Date(clockMs + 2000));
  clockMs += 2000;
  const expired = stsClient(sts.url, keysOf(short)).send(new GetCallerIdentityCommand({}));
  expect(await refusalOf(expired)).toMatchObject({ code: 'ExpiredToken' });
  sts.faults.sessionSeconds = 100_000;
  const asked = await alice.send(
    new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::444455556666:role/team/Reader', RoleSessionName: 'work' }),
  );
  expect(asked.Credentials?.Expiration).toEqual(new Date(clockMs + 3_600_000));
});

test('an answer can be delayed, and later calls that are not delayed overtake it', async () => {
  const answered: string[] = [];
  sts.faults.delayMs = 500;
  const slow = whoAmI().then(() => answered.push('slow'));
  await expect.poll(() => sts.calls()['GetCallerIdentity']).toBe(1);
  sts.faults.delayMs = 0;
  await Promise.all([slow, whoAmI().then(() => answered.push('quick'))]);
  expect(answered).toEqual(['quick', 'slow']);
});

test('a client that gives up while its answer is delayed does no harm', async () => {
  sts.faults.delayMs = 50;
  const impatient = stsClient(sts.url, aliceKeys);
  const giveUp = new AbortController();
  const call = impatient.send(new GetCallerIdentityCommand({}), { abortSignal: giveUp.signal });
  const ended = expect(call).rejects.toThrow(/abort/iu);
  await expect.poll(() => sts.calls()['GetCallerIdentity']).toBe(1);
  giveUp.abort();
  await ended;
  // This answer comes after the one that nobody waits for.
  expect((await whoAmI()).Arn).toBe(aliceArn);
});

describe('a fault', () => {
  test.each<[keyof typeof refusals, object]>([
    ['throttle', {}],
    ['fail500', {}],
    ['fail503', {}],
  ])('%s answers as AWS does', async (name) => {
    const { set, refusal } = refusals[name];
    set();
    expect(await refusalOf(whoAmI())).toMatchObject(refusal);
  });

  const refusals = {
    throttle: {
      set: () => (sts.faults.throttle = {}),
      refusal: { code: 'Throttling', status: 400, message: 'Rate exceeded' },
    },
    fail500: {
      set: () => (sts.faults.fail = { status: 500 }),
      refusal: { code: 'InternalFailure', status: 500 },
    },
    fail503: {
      set: () => (sts.faults.fail = { status: 503 }),
      refusal: { code: 'ServiceUnavailable', status: 503 },
    },
  };

  test('that drops connections gives no answer at all', async () => {
    sts.faults.drop = {};
    await expect(whoAmI()).rejects.toThrow(/socket hang up|ECONNRESET/u);
    expect(sts.calls()).toEqual({ GetCallerIdentity: 1 });
  });

  test.each(['drop', 'throttle'] as const)(
    '%s hits as many calls as it says, and the SDK gets over them',
    async (kind) => {
      sts.faults[kind] = { calls: 2 };
      expect((await whoAmI(3)).Arn).toBe(aliceArn);
      expect(sts.calls()).toEqual({ GetCallerIdentity: 3 });
      expect(sts.faults[kind]).toBeUndefined();
    },
  );

  test('of one action leaves the others alone', async () => {
    sts.faults.fail = { action: 'GetSessionToken', status: 503 };
    await whoAmI();
    const failing = stsClient(sts.url, aliceKeys).send(new GetSessionTokenCommand({}));
    expect(await refusalOf(failing)).toMatchObject({ status: 503 });
  });

  test('is over when the faults are cleared', async () => {
    sts.faults.drop = {};
    sts.faults.clockOffsetMs = 3_600_000;
    sts.faults.clear();
    await whoAmI();
  });
});
