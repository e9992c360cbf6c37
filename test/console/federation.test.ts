import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consolePage, federationEndpoint } from '../../main/console/destination.ts';
import { signInLink, type SignIn } from '../../main/console/federation.ts';
import { Failure } from '../../main/failure.ts';
import { closeServer, listenOnLoopback } from '../../main/platform/loopback.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Resources } from '../../main/resources.ts';
import { Secret } from '../../main/secret.ts';
import type { Session, SigningCredentials } from '../../main/sts/session.ts';
import { openSts } from '../../main/sts/sts.ts';
import { endpointUrlSts } from '../fixtures/core.ts';
import { startEmbeddedSts, type EmbeddedSts } from '../sts/embedded-sts.ts';
import { aliceKeys, carolKeys, sampleWorld } from '../sts/sample-world.ts';

const account = 'arn:aws:iam::444455556666:role';
const toReader: SignIn = {
  partition: 'aws',
  region: 'eu-central-1',
  service: undefined,
  durationSeconds: undefined,
};

let opened: Resources;
beforeEach(() => {
  opened = new Resources();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened[Symbol.asyncDispose]();
});

async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  if (error instanceof Failure) return error;
  throw new Error(`expected a Failure, not ${String(error)}`);
}

describe('where a sign-in goes', () => {
  it.each([
    [
      'aws',
      'eu-central-1',
      'https://signin.aws.amazon.com/federation',
      'https://console.aws.amazon.com/s3/home?region=eu-central-1',
    ],
    [
      'aws-cn',
      'cn-north-1',
      'https://signin.amazonaws.cn/federation',
      'https://console.amazonaws.cn/s3/home?region=cn-north-1',
    ],
    [
      'aws-us-gov',
      'us-gov-west-1',
      'https://signin.amazonaws-us-gov.com/federation',
      'https://console.amazonaws-us-gov.com/s3/home?region=us-gov-west-1',
    ],
  ])('is that of the partition %s', (partition, region, endpoint, page) => {
    vi.stubEnv('AWS_ENDPOINT_URL_SIGNIN', undefined);
    expect(federationEndpoint(partition).href).toBe(endpoint);
    expect(consolePage(partition, region, 's3').href).toBe(page);
  });

  it('is the console’s first page where no service is named', () => {
    expect(consolePage('aws', 'us-east-1').href).toBe(
      'https://console.aws.amazon.com/console/home?region=us-east-1',
    );
  });

  it('is refused in a partition whose console is not known, before the session is sent anywhere', async () => {
    const failure = await failureOf(signInLink(session, { ...toReader, partition: 'aws-iso' }));
    expect(failure).toMatchObject({ code: 'Refused' });
    expect(failure.message).toMatch(/partition aws-iso; it knows aws, aws-cn, aws-us-gov$/);
  });
});

describe('a link', () => {
  let server: EmbeddedSts;
  beforeEach(async () => {
    server = opened.use(await startEmbeddedSts(sampleWorld));
    opened.use(endpointUrlSts(server.url));
    vi.stubEnv('AWS_ENDPOINT_URL_SIGNIN', server.url);
  });

  /** A session of a role at the embedded STS. */
  function assume(from: SigningCredentials, roleArn: string, region = 'eu-central-1'): Promise<Session> {
    const sts = opened.use(openSts(systemClock));
    const wish = {
      region,
      roleArn,
      sessionName: 'alice',
      externalId: undefined,
      sessionPolicyArns: undefined,
      mfa: undefined,
    };
    return sts.assumeRole(from, { ...wish, durationSeconds: 3600 });
  }

  const signing = ({ accessKeyId, secretAccessKey }: typeof aliceKeys): SigningCredentials => ({
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
  });

  /** What a browser with the link is shown. */
  async function shown(link: Secret): Promise<string> {
    const response = await fetch(link.reveal());
    expect(response.status).toBe(200);
    return (await response.text()).replaceAll('&amp;', '&');
  }

  it('signs in as the role, for as long as asked, at the page of the service', async () => {
    const link = await signInLink(await assume(signing(aliceKeys), `${account}/team/Reader`), {
      ...toReader,
      service: 's3',
      durationSeconds: 1800,
    });
    const page = await shown(link);
    expect(page).toContain('arn:aws:sts::444455556666:assumed-role/Reader/alice');
    expect(page).toContain('for 1800 s');
    expect(page).toContain('at https://console.aws.amazon.com/s3/home?region=eu-central-1');
  });

  it('signs a chained session in where no duration is asked for, for as long as that lasts', async () => {
    const first = await assume(signing(aliceKeys), `${account}/LongReader`);
    const chained = await assume(first, `${account}/Chained`);
    expect(await shown(await signInLink(chained, toReader))).toMatch(/Chained\/alice.*for 3(600|59\d) s/s);
    const failure = await failureOf(signInLink(chained, { ...toReader, durationSeconds: 900 }));
    expect(failure).toMatchObject({ code: 'Refused' });
  });

  it('leads into the console of its own partition', async () => {
    const arn = 'arn:aws-cn:iam::777788889999:role/Beijing';
    const link = await signInLink(await assume(signing(carolKeys), arn, 'cn-north-1'), {
      ...toReader,
      partition: 'aws-cn',
      region: 'cn-north-1',
    });
    expect(await shown(link)).toContain('at https://console.amazonaws.cn/console/home?region=cn-north-1');
  });

  it('is a secret', async () => {
    const link = await signInLink(await assume(signing(aliceKeys), `${account}/team/Reader`), toReader);
    expect(`${String(link)} ${JSON.stringify(link)} ${inspect(link)}`).not.toMatch(/http/);
  });
});

const session: Session = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
  sessionToken: new Secret('AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT'),
  issuedAtMs: 0,
  expiresAtMs: 3_600_000,
};

describe('a refusal', () => {
  /** Everything that an error has in it, its causes too. */
  const all = (failure: Failure) => inspect(failure, { depth: 10 });

  /** A server that answers each request so, and repeats in the body what it was sent. */
  async function answering(status: number, headers: Record<string, string> = {}): Promise<void> {
    const server = createServer((request, response) => {
      response.writeHead(status, headers);
      response.end(`<p>${decodeURIComponent(request.url ?? '')}</p>`);
    });
    const port = await listenOnLoopback(server, 0);
    opened.use({ [Symbol.asyncDispose]: () => closeServer(server) });
    vi.stubEnv('AWS_ENDPOINT_URL_SIGNIN', `http://127.0.0.1:${port}`);
  }

  it.each([
    [400, 'Refused', /does not take this session \(status 400\)/],
    [403, 'Refused', /does not take this session \(status 403\)/],
    [429, 'Throttled', /asks to slow down/],
    [500, 'Unreachable', /has a fault of its own \(status 500\)/],
    [200, 'Unreachable', /did not answer as AWS’s sign-in does/],
  ])('by status %i is %s, and repeats nothing of the answer', async (status, code, message) => {
    await answering(status);
    const failure = await failureOf(signInLink(session, toReader));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toMatch(message);
    expect(all(failure)).not.toMatch(/EXAMPLEKEY|AQoEXAMPLE/);
  });

  it('of a server that cannot be reached says so, without the session', async () => {
    const server = createServer();
    const port = await listenOnLoopback(server, 0);
    await closeServer(server);
    vi.stubEnv('AWS_ENDPOINT_URL_SIGNIN', `http://127.0.0.1:${port}`);
    const failure = await failureOf(signInLink(session, toReader));
    expect(failure).toMatchObject({ code: 'Unreachable' });
    expect(failure.message).toBe(`AWS’s sign-in cannot be reached at 127.0.0.1:${port} (ECONNREFUSED)`);
    expect(all(failure)).not.toMatch(/EXAMPLEKEY|AQoEXAMPLE/);
  });

  it('follows no redirect: nobody else gets the session', async () => {
    let hasBeenAsked = false;
    const other = createServer((_request, response) => {
      hasBeenAsked = true;
      response.end();
    });
    const port = await listenOnLoopback(other, 0);
    opened.use({ [Symbol.asyncDispose]: () => closeServer(other) });
    await answering(307, { location: `http://127.0.0.1:${port}/` });
    expect(await failureOf(signInLink(session, toReader))).toMatchObject({ code: 'Unreachable' });
    expect(hasBeenAsked).toBe(false);
  });

  it('of an answer that is cut off says so', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
      setImmediate(() => response.destroy());
    });
    const port = await listenOnLoopback(server, 0);
    opened.use({ [Symbol.asyncDispose]: () => closeServer(server) });
    vi.stubEnv('AWS_ENDPOINT_URL_SIGNIN', `http://127.0.0.1:${port}`);
    expect(await failureOf(signInLink(session, toReader))).toMatchObject({ code: 'Unreachable' });
  });
});
