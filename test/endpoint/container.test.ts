import { fromHttp } from '@aws-sdk/credential-providers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { totp } from '../sts/totp.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { ask, serveCore, type Reply, type ServedCore } from '../fixtures/endpoint.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { aliceSeed, aliceSerial } from '../sts/sample-world.ts';

let core: Core;
let endpoint: ServedCore;
/** A token for the profile `reader`. */
let token: string;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  endpoint = await serveCore(core, systemClock);
  token = (await endpoint.clients.containerTokens.create('tests', 'reader')).reveal();
});

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

function askFor(profile: string, authorization: string | undefined, method = 'GET'): Promise<Reply> {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  return ask(endpoint.url, `/container/${profile}`, headers, method);
}

const problemSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  Code: z.string(),
  Message: z.string(),
});

function problemOf({ headers, body }: Reply): { code: string; message: string } {
  // Exactly this: Go does not read an error of a type with parameters.
  expect(headers['content-type']).toBe('application/json');
  const { code, message, Code, Message } = problemSchema.parse(JSON.parse(body));
  expect([Code, Message]).toEqual([code, message]);
  return { code, message };
}

function reasons(): string[] {
  return endpoint.clients.refusals.list().map(({ reason }) => reason);
}

describe('credentials', () => {
  it('are those of the profile in the path, in the form that SDKs expect', async () => {
    const { status, headers, body } = await askFor('reader', token);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      AccessKeyId: expect.stringMatching(/^ASIA/),
      SecretAccessKey: expect.stringMatching(/.{20,}/),
      Token: expect.stringMatching(/.{20,}/),
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      AccountId: '444455556666',
      RoleArn: 'arn:aws:iam::444455556666:role/team/Reader',
    });
  });

  it('need no active profile, and are recorded as handed out', async () => {
    expect(core.active.name).toBeNull();
    await askFor('reader', token);
    expect(endpoint.clients.handedOut.holdings()).toMatchObject([{ profile: 'reader' }]);
  });

  it('are given for a bearer token in either form', async () => {
    expect((await askFor('reader', `Bearer ${token}`)).status).toBe(200);
    expect((await askFor('reader', `bearer ${token}`)).status).toBe(200);
    expect((await askFor('reader', `Basic ${token}`)).status).toBe(401);
  });

  it('are made a document of once for each session', async () => {
    const first = await askFor('reader', token);
    expect((await askFor('reader', token)).body).toBe(first.body);
    core.sessions.lock();
    core.sessions.unlock();
    expect((await askFor('reader', token)).body).not.toBe(first.body);
  });
});

describe('a token', () => {
  it('is needed: without one, or with one that is none of ours, it is 401', async () => {
    for (const authorization of [undefined, 'x', `${token}x`, `Bearer  `, `${token} ${token}`]) {
      const reply = await askFor('reader', authorization);
      expect(reply.status).toBe(401);
      expect(reply.headers['www-authenticate']).toBe('Bearer');
      expect(problemOf(reply)).toEqual({
        code: 'Refused',
        message: 'A valid token is needed in Authorization',
      });
    }
    expect(reasons()).toContain('A valid token is needed in Authorization');
  });

  it('of one profile does not open another, whether that exists or not', async () => {
    await core.addProfile({ name: 'writer' });
    for (const profile of ['writer', 'nobody', 'READER', '%72eader', '']) {
      const reply = await askFor(profile || '%20', token);
      expect(reply.status).toBe(403);
      expect(problemOf(reply).message).toBe('The token is for the profile "reader", not for this one');
    }
  });

  it('that is revoked opens nothing from then on', async () => {
    expect((await askFor('reader', token)).status).toBe(200);
    await endpoint.clients.containerTokens.revoke('tests');
    expect((await askFor('reader', token)).status).toBe(401);
  });

  it('that is revoked while its session is being acquired gets nothing', async () => {
    core.sts.faults.delayMs = 300;
    const asked = askFor('reader', token);
    await vi.waitFor(() => {
      expect(core.callsUnderWay).toBe(1);
    });
    await endpoint.clients.containerTokens.revoke('tests');
    expect((await asked).status).toBe(503);
    expect(endpoint.clients.handedOut.holdings()).toEqual([]);
  });

  it('of a launched program opens nothing once that has ended', async () => {
    const launched = endpoint.clients.containerTokens.launch('reader');
    expect((await askFor('reader', launched.token.reveal())).status).toBe(200);
    launched[Symbol.dispose]();
    expect((await askFor('reader', launched.token.reveal())).status).toBe(401);
  });

  it('of the container protocol is none for IMDS', async () => {
    const headers = { 'X-aws-ec2-metadata-token': token };
    expect((await ask(endpoint.url, '/latest/meta-data/iam/security-credentials/', headers)).status).toBe(
      401,
    );
  });

  it('is looked at behind the guard only', async () => {
    const headers = { Authorization: token, Origin: 'http://evil.example' };
    expect((await ask(endpoint.url, '/container/reader', headers)).status).toBe(403);
    const rebound = { Authorization: token, Host: 'evil.example' };
    expect((await ask(endpoint.url, '/container/reader', rebound)).status).toBe(403);
    expect((await ask(endpoint.url, '/container/reader', { Authorization: [token, token] })).status).toBe(
      403,
    );
  });
});

describe('other requests', () => {
  it('than GET are refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const reply = await askFor('reader', token, method);
      expect(reply.status).toBe(405);
      expect(reply.headers['allow']).toBe('GET');
    }
  });

  it('for paths below a profile find nothing', async () => {
    const reply = await askFor('reader/more', token);
    expect(reply.status).toBe(404);
    expect(problemOf(reply).code).toBe('NotFound');
  });
});

describe('where there are no credentials', () => {
  it('AWS’s reason is told with 403, and JS shows it', async () => {
    await core.addProfile({ name: 'forbidden', roleArn: 'arn:aws:iam::444455556666:role/Nobody' });
    const other = (await endpoint.clients.containerTokens.create('other', 'forbidden')).reveal();
    const reply = await askFor('forbidden', other);
    expect(reply.status).toBe(403);
    const { message } = problemOf(reply);
    expect(message).toMatch(/^STS refused \(AccessDenied\): /);
    const provider = fromHttp({
      awsContainerCredentialsFullUri: `${endpoint.url}container/forbidden`,
      awsContainerAuthorizationToken: other,
      maxRetries: 0,
    });
    await expect(provider()).rejects.toMatchObject({ Code: 'Refused', Message: message });
  });

  it('a lock is told with 403', async () => {
    await askFor('reader', token);
    core.sessions.lock();
    const reply = await askFor('reader', token);
    expect(reply.status).toBe(403);
    expect(problemOf(reply)).toMatchObject({ code: 'Locked' });
    expect(reasons()[0]).toMatch(/^Latchkey is locked/);
  });

  it('that is counted with its code, which a notification follows, but for one without a token', async () => {
    const refused = () => endpoint.clients.refusals.list()[0];
    core.sessions.lock();
    await askFor('reader', token);
    expect(refused()).toMatchObject({ code: 'Locked' });
    await askFor('reader', undefined);
    expect(refused()).toMatchObject({ reason: expect.stringContaining('token'), code: undefined });
  });

  it('a lock while the session is being acquired keeps it back', async () => {
    core.sts.faults.delayMs = 300;
    const asked = askFor('reader', token);
    await vi.waitFor(() => {
      expect(core.callsUnderWay).toBe(1);
    });
    core.sessions.lock();
    const reply = await asked;
    expect(reply.status).toBe(403);
    expect(problemOf(reply).code).toBe('Locked');
  });

  it('a fault of STS is told with 503, for those that ask again', async () => {
    core.sts.faults.drop = {};
    const reply = await askFor('reader', token);
    expect(reply.status).toBe(503);
    expect(problemOf(reply).code).toBe('Unreachable');
  });
});

describe('what is waited for', () => {
  it('is there for the same request where STS takes a second', async () => {
    core.sts.faults.delayMs = 1_000;
    expect((await askFor('reader', token)).status).toBe(200);
  });

  it('is told with 503 after 1.5 s where a code is wanted, and the request after the code has credentials', async () => {
    await core.addProfile({
      name: 'guarded',
      roleArn: 'arn:aws:iam::444455556666:role/Guarded',
      mfaSerial: aliceSerial,
    });
    const other = (await endpoint.clients.containerTokens.create('other', 'guarded')).reveal();
    const reply = await askFor('guarded', other);
    expect(reply.status).toBe(503);
    expect(problemOf(reply)).toMatchObject({
      code: 'MfaRequired',
      message:
        'An MFA code for guarded is wanted: give it in the Latchkey window, or with "latchkey mfa CODE"',
    });
    await core.sessions.desk.answer(aliceSerial, totp(aliceSeed, Date.now()));
    expect((await askFor('guarded', other)).status).toBe(200);
  });

  it('is told with 503 where a person must allow it, and is served once one has', async () => {
    await core.addProfile({ name: 'production', protected: true });
    const other = (await endpoint.clients.containerTokens.create('other', 'production')).reveal();
    const reply = await askFor('production', other);
    expect(reply.status).toBe(503);
    expect(problemOf(reply).code).toBe('ApprovalNeeded');
    const { approvals } = endpoint.clients;
    // Which program it is may still be looked at.
    await vi.waitFor(() => {
      expect(approvals.requests()).toHaveLength(1);
    }, 10_000);
    await approvals.allow(approvals.requests()[0]?.id ?? '', 'tree');
    expect((await askFor('production', other)).status).toBe(200);
  });

  it('is kept back where the approval is taken back while the session is being acquired', async () => {
    await core.addProfile({ name: 'production', protected: true });
    const other = (await endpoint.clients.containerTokens.create('other', 'production')).reveal();
    const { approvals, handedOut } = endpoint.clients;
    core.sts.faults.delayMs = 500;
    const asked = askFor('production', other);
    await vi.waitFor(() => {
      expect(approvals.requests()).toHaveLength(1);
    }, 10_000);
    await approvals.allow(approvals.requests()[0]?.id ?? '', 'tree');
    await approvals.revoke(approvals.approvals()[0]?.id ?? '');
    expect((await asked).status).toBe(503);
    await vi.waitFor(() => {
      expect(core.callsUnderWay).toBe(0);
    }, 10_000);
    expect(handedOut.holdings()).toEqual([]);
  });

  it('is answered in 1.5 s also where it takes longer', async () => {
    using clock = new FakeClock();
    await using served = await serveCore(core, clock);
    using launched = served.clients.containerTokens.launch('reader');
    core.sts.faults.delayMs = 600_000;
    let isAnswered = false;
    const asked = ask(served.url, '/container/reader', { Authorization: launched.token.reveal() });
    void asked.then(() => (isAnswered = true));
    await vi.waitFor(() => {
      expect(core.callsUnderWay).toBe(1);
    });
    clock.advance(1_499);
    await ask(served.url, '/container/nobody');
    expect(isAnswered).toBe(false);
    clock.advance(1);
    expect((await asked).status).toBe(503);
  });
});
