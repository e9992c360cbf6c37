import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { startEmbeddedSts, type EmbeddedSts } from './embedded-sts.ts';
import { aliceKeys, keysOf, sampleWorld, stsClient, type Keys } from './sample-world.ts';

let nowMs: number;
let sts: EmbeddedSts;
beforeEach(async () => {
  nowMs = Date.now();
  sts = await startEmbeddedSts(sampleWorld, { now: () => nowMs });
});
afterEach(() => sts.close());

async function assume(from: Keys, role: string): Promise<Keys> {
  const client = stsClient(sts.url, from);
  return keysOf(
    await client.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::444455556666:role/${role}`,
        RoleSessionName: 'alice',
      }),
    ),
  );
}

async function federation(parameters: Record<string, string>): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${sts.url}/federation?${new URLSearchParams(parameters).toString()}`);
  return { status: answer.status, body: await answer.text() };
}

function getSigninToken({ accessKeyId, secretAccessKey, sessionToken }: Keys, duration?: number) {
  const session = { sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken };
  return federation({
    Action: 'getSigninToken',
    ...(duration === undefined ? {} : { SessionDuration: String(duration) }),
    Session: JSON.stringify(session),
  });
}

async function login(keys: Keys, destination: string): Promise<{ status: number; body: string }> {
  const { body } = await getSigninToken(keys);
  const { SigninToken } = JSON.parse(body) as { SigninToken: string };
  return federation({ Action: 'login', Destination: destination, SigninToken });
}

describe('the federation endpoint', () => {
  test('takes a role’s session, for up to the role’s maximum', async () => {
    const reader = await assume(aliceKeys, 'team/Reader');
    expect((await getSigninToken(reader, 7200)).status).toBe(200);
    expect((await getSigninToken(reader, 7201)).status).toBe(400);
    expect((await getSigninToken(reader, 899)).status).toBe(400);
  });

  test('takes a chained one only where no duration is asked for', async () => {
    const chained = await assume(await assume(aliceKeys, 'LongReader'), 'Chained');
    expect((await getSigninToken(chained)).status).toBe(200);
    expect((await getSigninToken(chained, 900)).status).toBe(400);
  });

  test('takes neither a user’s key, nor what is not whole, nor what has ended', async () => {
    const reader = await assume(aliceKeys, 'team/Reader');
    expect((await getSigninToken(aliceKeys)).status).toBe(400);
    for (const part of ['secretAccessKey', 'sessionToken'] as const)
      expect((await getSigninToken({ ...reader, [part]: 'EXAMPLE' })).status).toBe(400);
    expect((await federation({ Action: 'getSigninToken', Session: '{' })).status).toBe(400);
    nowMs += 3_600_000;
    expect((await getSigninToken(reader)).status).toBe(400);
  });

  test('shows a page to whoever has the token, for 15 minutes, in the console of the partition', async () => {
    const reader = await assume(aliceKeys, 'team/Reader');
    const console = 'https://console.aws.amazon.com/s3/home?region=eu-central-1';
    const { status, body } = await login(reader, console);
    expect(status).toBe(200);
    expect(body).toContain(`<p>at ${console}</p>`);
    expect((await login(reader, 'https://console.amazonaws.cn/')).status).toBe(400);
    expect((await login(reader, 'https://attacker.example/')).status).toBe(400);
    const { SigninToken } = JSON.parse((await getSigninToken(reader)).body) as { SigninToken: string };
    nowMs += 15 * 60_000;
    expect((await federation({ Action: 'login', Destination: console, SigninToken })).status).toBe(400);
  });
});
