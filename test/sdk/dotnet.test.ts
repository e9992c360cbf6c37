/**
 * What the AWS SDK for .NET sends, request for request, as its source has it (Amazon.Util.EC2InstanceMetadata,
 * Amazon.Runtime.DefaultInstanceProfileAWSCredentials): it was not run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { ask, serveCore, tokenHeader, ttlHeader, type ServedCore } from '../fixtures/endpoint.ts';
import { aliceSerial } from '../sts/sample-world.ts';

let core: Core;
let endpoint: ServedCore;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  endpoint = await serveCore(core, systemClock);
});
afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

const userAgent = { 'User-Agent': 'aws-sdk-dotnet-coreclr/4.0.0.0 .NET_Core/8.0.11 OS/Linux' };
const mostTries = 3;
const shortestPauseMs = 250;

/** A PUT of no body, as .NET's HttpClient sends it: it says that the length is 0. */
async function fetchToken(): Promise<string> {
  const headers = { ...userAgent, [ttlHeader]: '21600', 'Content-Length': '0' };
  const { status, body } = await ask(endpoint.url, '//latest/api/token', headers, 'PUT');
  expect(status).toBe(200);
  return body.trim();
}

/**
 * What is at `path`, by one token that is fetched for it; undefined where there is nothing (404). Other failures are
 * tried again after 250 and 500 ms, and are then nothing, too.
 */
async function getData(path: string): Promise<string | undefined> {
  const headers = { ...userAgent, [tokenHeader]: await fetchToken() };
  for (let tries = 0; tries < mostTries; tries += 1) {
    if (tries > 0) await delay(shortestPauseMs * 2 ** (tries - 1));
    const { status, body } = await ask(endpoint.url, `//latest${path}`, headers);
    if (status === 200) return body;
    if (status === 404) return undefined;
    expect(status).not.toBe(401);
  }
  return undefined;
}

/** A date that .NET's JSON reader takes; it throws at any other. */
const dateSchema = z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/));

const metadataSchema = z.object({
  Code: z.string(),
  Message: z.optional(z.string()),
  LastUpdated: dateSchema,
  AccessKeyId: z.optional(z.string()),
  SecretAccessKey: z.optional(z.string()),
  Token: z.optional(z.string()),
  Expiration: z.optional(dateSchema),
});

/** The first listed role's document. The list is asked for without a slash at its end. */
async function securityCredentials(): Promise<z.output<typeof metadataSchema> | undefined> {
  const list = await getData('/meta-data/iam/security-credentials');
  const [role] = list?.split('\n').map((line) => line.trim()) ?? [];
  if (role === undefined) return undefined;
  const document = await getData(`/meta-data/iam/security-credentials/${role}`);
  return document === undefined ? undefined : metadataSchema.parse(JSON.parse(document));
}

test('.NET has the active profile’s credentials, with a token for each request', async () => {
  await core.active.use('reader');
  const credentials = await securityCredentials();
  const session = core.sessions.take('reader');
  expect(credentials).toMatchObject({
    Code: 'Success',
    AccessKeyId: session?.accessKeyId,
    SecretAccessKey: session?.secretAccessKey.reveal(),
    Token: session?.sessionToken.reveal(),
  });
  expect(Date.parse(credentials?.Expiration ?? '')).toBe(session?.expiresAtMs);
});

test('.NET has the region out of the identity document', async () => {
  await core.active.use('reader');
  const document = await getData('/dynamic/instance-identity/document');
  expect(JSON.parse(document ?? '')).toMatchObject({ region: 'eu-central-1' });
});

test('.NET has them at its second or third try where STS takes longer than a request may wait', async () => {
  await core.active.use('reader');
  core.sts.faults.delayMs = 350;
  expect(await securityCredentials()).toMatchObject({ Code: 'Success' });
  expect(core.sts.calls()).toMatchObject({ AssumeRole: 1 });
});

test('.NET has nothing where no profile is active', async () => {
  expect(await securityCredentials()).toBeUndefined();
});

test('.NET, which does not look at the Code, finds no key to sign with where an MFA code is needed', async () => {
  await core.addProfile({
    name: 'guarded',
    roleArn: 'arn:aws:iam::444455556666:role/Guarded',
    mfaSerial: aliceSerial,
  });
  await core.active.use('guarded');
  expect(await securityCredentials()).toEqual({
    Code: 'MfaRequired',
    Message: expect.stringContaining('An MFA code for guarded is wanted'),
    LastUpdated: expect.any(String),
  });
});
