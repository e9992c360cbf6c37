import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddedSts } from './embedded-sts.ts';
import type { EmbeddedSts } from './embedded-sts.ts';
import { recordRequest, sendBytes } from './raw-http.ts';
import { aliceArn, aliceKeys, bobKeys, keysOf, refusalOf, sampleWorld, stsClient } from './sample-world.ts';

let clockMs: number;
let sts: EmbeddedSts;
beforeEach(async () => {
  clockMs = Date.now();
  sts = await startEmbeddedSts(sampleWorld, { now: () => clockMs });
});
afterEach(() => sts.close());

const minuteMs = 60_000;
const roleArn = 'arn:aws:iam::444455556666:role/team/Reader';

function whoIs(keys: Parameters<typeof stsClient>[1]): Promise<unknown> {
  return stsClient(sts.url, keys).send(new GetCallerIdentityCommand({}));
}

describe('keys', () => {
  test('a key that STS does not know is refused', async () => {
    expect(await refusalOf(whoIs({ ...aliceKeys, accessKeyId: 'AKIAUNKNOWNEXAMPLE00' }))).toEqual({
      code: 'InvalidClientTokenId',
      status: 403,
      message: 'The security token included in the request is invalid.',
    });
  });

  test("another key's secret is refused", async () => {
    expect(await refusalOf(whoIs({ ...aliceKeys, secretAccessKey: bobKeys.secretAccessKey }))).toEqual({
      code: 'SignatureDoesNotMatch',
      status: 403,
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    });
  });

  test("a session without its token, with another's token, or a long-term key with a token, is unknown", async () => {
    const alice = stsClient(sts.url, aliceKeys);
    const [one, other] = [
      keysOf(await alice.send(new GetSessionTokenCommand({}))),
      keysOf(await alice.send(new GetSessionTokenCommand({}))),
    ];
    const { accessKeyId, secretAccessKey, sessionToken } = one;
    for (const keys of [
      { accessKeyId, secretAccessKey },
      { ...one, sessionToken: other.sessionToken },
      { ...one, sessionToken: sessionToken.slice(0, -1) },
      { ...aliceKeys, sessionToken },
    ]) {
      expect(await refusalOf(whoIs(keys))).toMatchObject({ code: 'InvalidClientTokenId', status: 403 });
    }
  });

  test('a session is good to its last second and expired after it', async () => {
    clockMs = Math.floor(clockMs / 1000) * 1000;
    const assumed = await stsClient(sts.url, aliceKeys).send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'work', DurationSeconds: 900 }),
    );
    expect(assumed.Credentials?.Expiration).toEqual(new Date(clockMs + 900_000));
    clockMs += 899_999;
    await whoIs(keysOf(assumed));
    clockMs += 1;
    expect(await refusalOf(whoIs(keysOf(assumed)))).toEqual({
      code: 'ExpiredToken',
      status: 403,
      message: 'The security token included in the request is expired',
    });
  });

  test('a revoked session and a revoked key are unknown', async () => {
    const session = keysOf(await stsClient(sts.url, aliceKeys).send(new GetSessionTokenCommand({})));
    for (const keys of [session, aliceKeys]) {
      sts.revoke(keys.accessKeyId);
      expect(await refusalOf(whoIs(keys))).toMatchObject({ code: 'InvalidClientTokenId' });
    }
    expect(() => {
      sts.revoke(aliceKeys.accessKeyId);
    }).toThrow(RangeError);
  });
});

describe('clocks', () => {
  test.each([
    [-15 * minuteMs, 'accepted'],
    [15 * minuteMs, 'accepted'],
    [
      -15 * minuteMs - 1000,
      /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 15 min\.\)$/u,
    ],
    [
      16 * minuteMs,
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$/u,
    ],
  ])('a request signed when the clock of STS is off by %i ms is %s', async (offsetMs, outcome) => {
    // The request is recorded, so that its date is known to the second and the SDK does not correct it.
    const recorded = await recordRequest((url) =>
      stsClient(url, aliceKeys).send(new GetCallerIdentityCommand({})),
    );
    clockMs = signedAtMs(recorded) + offsetMs;
    const answer = await sendBytes(sts.url, recorded);
    if (outcome === 'accepted') {
      expect(answer.status).toBe(200);
    } else {
      expect(answer.status).toBe(403);
      expect(answer.body).toContain('<Code>SignatureDoesNotMatch</Code>');
      expect(/<Message>(.*)<\/Message>/u.exec(answer.body)?.[1]).toMatch(outcome);
    }
  });

  test.each([-60 * minuteMs, 60 * minuteMs])(
    'the SDK learns from the Date header that STS is %i ms off, and its second try succeeds',
    async (offsetMs) => {
      sts.faults.clockOffsetMs = offsetMs;
      const patient = stsClient(sts.url, aliceKeys, { maxAttempts: 2 });
      const answer = await patient.send(new GetCallerIdentityCommand({}));
      expect(answer.Arn).toBe(aliceArn);
      expect(answer.$metadata.attempts).toBe(2);
      expect(sts.calls()).toEqual({ GetCallerIdentity: 2 });
      const session = await patient.send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
      const expectedMs = clockMs + offsetMs + 900_000;
      expect(session.Credentials?.Expiration).toEqual(new Date(Math.floor(expectedMs / 1000) * 1000));
    },
  );
});

describe('requests that are not signed as they should be', () => {
  const target = '/?Action=GetCallerIdentity&Version=2011-06-15';
  const date = (): string => new Date(clockMs).toISOString().replaceAll(/[-:]|\.\d+/gu, '');
  const good = (): Record<string, string> => ({
    Authorization: `AWS4-HMAC-SHA256 Credential=${aliceKeys.accessKeyId}/${date().slice(0, 8)}/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
    'X-Amz-Date': date(),
  });
  const altered = (header: string, from: RegExp | string, to: string): Record<string, string> => {
    const headers = good();
    return { ...headers, [header]: (headers[header] ?? '').replace(from, to) };
  };

  test.each<[string, () => Record<string, string>, number, string, RegExp]>([
    [
      'no signature at all',
      () => ({}),
      403,
      'MissingAuthenticationToken',
      /^Request is missing Authentication Token$/u,
    ],
    [
      'a signature of zeros',
      good,
      403,
      'SignatureDoesNotMatch',
      /does not match the signature you provided/u,
    ],
    ['another scheme', () => ({ Authorization: 'Basic QTpC' }), 400, 'IncompleteSignature', /'Basic'/u],
    [
      'no SignedHeaders',
      () => altered('Authorization', /SignedHeaders=[^,]*,/u, ''),
      400,
      'IncompleteSignature',
      /requires 'SignedHeaders' parameter/u,
    ],
    [
      'no Signature',
      () => altered('Authorization', /, Signature=.*/u, ''),
      400,
      'IncompleteSignature',
      /requires 'Signature' parameter/u,
    ],
    [
      'a part without an equals sign',
      () => altered('Authorization', 'Signature=', 'Signature'),
      400,
      'IncompleteSignature',
      /missing equal-sign/u,
    ],
    [
      'a part given twice',
      () => altered('Authorization', 'Signature=', 'Signature=0, Signature='),
      400,
      'IncompleteSignature',
      /'Signature' is given twice/u,
    ],
    [
      'a scope that is too short',
      () => altered('Authorization', '/sts/', '/'),
      400,
      'IncompleteSignature',
      /exactly 5 slash-delimited elements/u,
    ],
    ['no date', () => altered('X-Amz-Date', /.*/u, ''), 400, 'IncompleteSignature', /X-Amz-Date/u],
    [
      'an impossible date',
      () => altered('X-Amz-Date', /^\d{8}/u, '20261399'),
      400,
      'IncompleteSignature',
      /X-Amz-Date/u,
    ],
    [
      'a scope of another day',
      () => altered('Authorization', /\/\d{8}\//u, '/20150830/'),
      403,
      'SignatureDoesNotMatch',
      /Date in Credential scope does not match/u,
    ],
    [
      'a scope of another service',
      () => altered('Authorization', '/sts/', '/iam/'),
      403,
      'SignatureDoesNotMatch',
      /scoped to correct service: 'sts'/u,
    ],
    [
      'a scope of no region',
      () => altered('Authorization', '/us-east-1/', '/everywhere/'),
      403,
      'SignatureDoesNotMatch',
      /valid region, not 'everywhere'/u,
    ],
    [
      'an unsigned Host',
      () => altered('Authorization', 'host;', ''),
      403,
      'SignatureDoesNotMatch',
      /'host' must be a 'SignedHeader'/u,
    ],
    [
      'an unsigned header of AWS',
      () => ({ ...good(), 'X-Amz-Target': 'x' }),
      403,
      'SignatureDoesNotMatch',
      /'x-amz-target' must be a 'SignedHeader'/u,
    ],
    [
      'a signed header that is not there',
      () => altered('Authorization', 'host;', 'accept-charset;host;'),
      403,
      'SignatureDoesNotMatch',
      /'accept-charset' is not in the request/u,
    ],
  ])('%s', async (_, headers, status, code, message) => {
    const answer = await fetch(`${sts.url}${target}`, { headers: headers() });
    const body = await answer.text();
    expect({ status: answer.status, code: /<Code>(.*)<\/Code>/u.exec(body)?.[1] }).toEqual({ status, code });
    expect(unescapeXml(/<Message>(.*)<\/Message>/u.exec(body)?.[1] ?? '')).toMatch(message);
  });

  test.each([
    ['/?Action=GetFederationToken&Version=2011-06-15', 400, 'InvalidAction'],
    ['/?Action=GetCallerIdentity&Version=2010-05-08', 400, 'InvalidAction'],
    ['/?Action=GetCallerIdentity', 400, 'InvalidAction'],
    ['/', 400, 'MissingAction'],
    ['/?Action=GetCallerIdentity&Action=AssumeRole&Version=2011-06-15', 404, 'MalformedQueryString'],
    ['/?Action=%', 404, 'MalformedQueryString'],
  ])('GET %s is answered with %i %s', async (bad, status, code) => {
    const answer = await fetch(sts.url + bad);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(`<Code>${code}</Code>`);
  });

  test('a method other than GET and POST, and a body of two megabytes, are refused', async () => {
    expect((await fetch(sts.url, { method: 'PUT', body: 'x' })).status).toBe(405);
    expect((await fetch(sts.url, { method: 'POST', body: 'x'.repeat(2_000_000) })).status).toBe(413);
  });
});

describe('a request recorded from the SDK', () => {
  async function record(): Promise<Buffer> {
    const session = keysOf(await stsClient(sts.url, aliceKeys).send(new GetSessionTokenCommand({})));
    return recordRequest((url) =>
      stsClient(url, session).send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: 'work',
          ExternalId: 'a/b c'.replace(' ', '+'),
        }),
      ),
    );
  }

  test('is accepted when it is sent as it was', async () => {
    const answer = await sendBytes(sts.url, await record());
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<AssumeRoleResult>');
  });

  test('is refused when any one byte of its first line, its signed headers, its signature or its body differs', async () => {
    const recorded = await record();
    const positions = signedPositions(recorded);
    expect(positions.length).toBeGreaterThan(1000);
    const accepted: string[] = [];
    const tryPosition = async (position: number): Promise<void> => {
      const tampered = Buffer.from(recorded);
      // The lowest bit: a digit becomes another digit, a letter another letter.
      tampered.writeUInt8(tampered.readUInt8(position) ^ 1, position);
      const { status } = await sendBytes(sts.url, tampered);
      if (status === 200)
        accepted.push(
          recorded
            .subarray(0, position + 1)
            .toString('latin1')
            .slice(-40),
        );
    };
    for (let at = 0; at < positions.length; at += 16) {
      await Promise.all(positions.slice(at, at + 16).map(tryPosition));
    }
    expect(accepted).toEqual([]);
  });

  test.each<[string, (text: string) => string]>([
    ['a longer path', (text) => text.replace('POST / ', 'POST /x ')],
    ['a second slash', (text) => text.replace('POST / ', 'POST // ')],
    ['a query', (text) => text.replace('POST / ', 'POST /?DurationSeconds=900 ')],
    ['another method', (text) => text.replace('POST', 'GET ').replace('GET  /', 'GET /')],
    ['a second date', (text) => text.replace(/^x-amz-date: .*\r\n/imu, (line) => line + line)],
    ['a second Authorization', (text) => text.replace(/^authorization: .*\r\n/imu, (line) => line + line)],
    ['no date', (text) => text.replace(/^x-amz-date: .*\r\n/imu, '')],
    ['no session token', (text) => text.replace(/^x-amz-security-token: .*\r\n/imu, '')],
    ['a header of AWS put in', (text) => text.replace('\r\n', '\r\nX-Amz-Extra: 1\r\n')],
    [
      'another role in the body, with the right length',
      (text) => text.replace('team%2FReader', 'team%2FWriter'),
    ],
  ])('is refused with %s', async (_, alter) => {
    const recorded = (await record()).toString('latin1');
    const altered = alter(recorded);
    expect(altered).not.toBe(recorded);
    const answer = await sendBytes(sts.url, Buffer.from(altered, 'latin1'));
    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.body).toContain('<ErrorResponse');
  });
});

/** Where the bytes stand on which the answer depends; names of headers have no case, so only values count. */
function signedPositions(request: Buffer): number[] {
  const text = request.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const signedHeaders = /SignedHeaders=([^,]*)/u.exec(text)?.[1]?.split(';') ?? [];
  const positions = range(text.indexOf('/'), text.indexOf(' HTTP/1.1'));
  let lineStart = text.indexOf('\r\n') + 2;
  while (lineStart < headEnd) {
    const lineEnd = text.indexOf('\r\n', lineStart);
    const colon = text.indexOf(':', lineStart);
    const name = text.slice(lineStart, colon).toLowerCase();
    if (name === 'authorization' || signedHeaders.includes(name))
      positions.push(...range(colon + 2, lineEnd));
    lineStart = lineEnd + 2;
  }
  return [...positions, ...range(headEnd + 4, request.length)];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function signedAtMs(request: Buffer): number {
  const match = /^x-amz-date: (\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\r$/imu.exec(request.toString('latin1'));
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1);
  return Date.parse(
    `${String(year)}-${String(month)}-${String(day)}T${String(hour)}:${String(minute)}:${String(second)}Z`,
  );
}

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
