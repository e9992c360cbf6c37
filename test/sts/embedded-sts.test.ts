import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import { aliceArn, aliceKeys, carolKeys, keysOf, refusalOf, sampleWorld, stsClient } from './sample-world.ts';

let sts: EmbeddedSts;
beforeEach(async () => {
  sts = await startEmbeddedSts(sampleWorld);
});
afterEach(() => sts.close());

const readerArn = 'arn:aws:iam::444455556666:role/team/Reader';

describe('what the SDK reads in successful answers', () => {
  test('GetCallerIdentity names a user', async () => {
    const answer = await stsClient(sts.url, aliceKeys).send(new GetCallerIdentityCommand({}));
    expect(answer).toMatchObject({ Account: '111122223333', Arn: aliceArn });
    expect(answer.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/u);
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/u);
  });

  test('AssumeRole gives a role session, which GetCallerIdentity names without the role path', async () => {
    const assumed = await stsClient(sts.url, aliceKeys).send(
      new AssumeRoleCommand({ RoleArn: readerArn, RoleSessionName: 'work' }),
    );
    const sessionArn = 'arn:aws:sts::444455556666:assumed-role/Reader/work';
    expect(assumed.AssumedRoleUser?.Arn).toBe(sessionArn);
    expect(assumed.AssumedRoleUser?.AssumedRoleId).toMatch(/^AROA[A-Z2-7]{17}:work$/u);
    expect(keysOf(assumed).accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/u);

    const named = await stsClient(sts.url, keysOf(assumed)).send(new GetCallerIdentityCommand({}));
    expect(named).toMatchObject({
      Account: '444455556666',
      Arn: sessionArn,
      UserId: assumed.AssumedRoleUser?.AssumedRoleId,
    });
  });

  test('GetSessionToken gives a session that is still the user', async () => {
    const session = await stsClient(sts.url, aliceKeys).send(new GetSessionTokenCommand({}));
    const named = await stsClient(sts.url, keysOf(session)).send(new GetCallerIdentityCommand({}));
    expect(named.Arn).toBe(aliceArn);
  });

  test('every partition has its own ARNs, and endpoints that know only its own keys', async () => {
    const inChina = stsClient(sts.url, carolKeys, { region: 'cn-north-1' });
    const assumed = await inChina.send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws-cn:iam::777788889999:role/Beijing',
        RoleSessionName: 'work',
      }),
    );
    expect(assumed.AssumedRoleUser?.Arn).toBe('arn:aws-cn:sts::777788889999:assumed-role/Beijing/work');
    const fromVirginia = stsClient(sts.url, carolKeys).send(new GetCallerIdentityCommand({}));
    expect(await refusalOf(fromVirginia)).toMatchObject({ code: 'InvalidClientTokenId', status: 403 });
  });
});

describe('counting', () => {
  test('each arriving call counts under its action, also when it is refused', async () => {
    const alice = stsClient(sts.url, aliceKeys);
    await alice.send(new GetCallerIdentityCommand({}));
    await alice.send(new GetCallerIdentityCommand({}));
    await refusalOf(alice.send(new AssumeRoleCommand({ RoleArn: readerArn, RoleSessionName: '?' })));
    await fetch(`${sts.url}/?Action=DecodeAuthorizationMessage&Version=2011-06-15`);
    const expected = { GetCallerIdentity: 2, AssumeRole: 1, DecodeAuthorizationMessage: 1 };
    expect(sts.calls()).toEqual(expected);

    const served = await fetch(`${sts.url}/calls`);
    expect(served.headers.get('content-type')).toBe('application/json');
    expect(await served.json()).toEqual(expected);
    sts.resetCalls();
    expect(sts.calls()).toEqual({});
  });
});

test('the server leaves no connection open when it is closed, and can be closed twice', async () => {
  await stsClient(sts.url, aliceKeys).send(new GetCallerIdentityCommand({}));
  sts.faults.delayMs = 60_000;
  const waiting = stsClient(sts.url, aliceKeys).send(new GetCallerIdentityCommand({}));
  const ended = expect(waiting).rejects.toThrow();
  await expect.poll(() => sts.calls()['GetCallerIdentity']).toBe(2);
  await sts.close();
  await sts.close();
  await ended;
  await expect(fetch(`${sts.url}/calls`)).rejects.toThrow();
});

test('a port that is taken is an error', async () => {
  const port = Number(new URL(sts.url).port);
  await expect(startEmbeddedSts(sampleWorld, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test.each([
  [
    'a key twice',
    { users: [...sampleWorld.users, ...sampleWorld.users], roles: [] },
    /AKIAIOSFODNN7EXAMPLE is there twice/u,
  ],
  [
    'a role that is none',
    { users: [], roles: [{ arn: 'arn:aws:iam::1:role/x', trusts: [] }] },
    /not the ARN of a role/u,
  ],
  [
    'trust across partitions',
    { users: [], roles: [{ arn: readerArn, trusts: [{ principal: 'arn:aws-cn:iam::777788889999:root' }] }] },
    /no account root, user or role of its partition/u,
  ],
  [
    'a session of ten minutes at most',
    { users: [], roles: [{ arn: readerArn, trusts: [], maxSessionSeconds: 600 }] },
    /not in 3600 to 43200/u,
  ],
])('a world with %s does not start', async (_, world, message) => {
  await expect(startEmbeddedSts(world)).rejects.toThrow(message);
});
