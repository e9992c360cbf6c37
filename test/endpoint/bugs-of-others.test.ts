/** Faults that brokers like this one have had, each ruled out at the whole endpoint. */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import type { ProfileInput } from '../../main/profiles/profile.ts';
import { Resources } from '../../main/resources.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import {
  ask,
  askWithToken,
  credentialsPath,
  serveCore,
  tokenHeader,
  tokenOf,
  ttlHeader,
  type Reply,
  type ServedCore,
} from '../fixtures/endpoint.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { roles } from '../sessions/engine.ts';
import { aliceSeed, aliceSerial, carolKeys, sampleWorld } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';

const minute = 60_000;
const tokenPath = '/latest/api/token';
const readerPath = `${credentialsPath}reader`;

let opened: Resources;
let clock: FakeClock;
let core: Core;
let endpoint: ServedCore;

beforeEach(async () => {
  opened = new Resources();
  clock = opened.use(new FakeClock());
  core = opened.use(await startCore(clock, world));
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.active.use('reader');
  await core.sessions.acquire({ cause: 'person', profile: 'reader' });
  core.sts.resetCalls();
  endpoint = opened.use(await serveCore(core, clock));
});
afterEach(() => opened[Symbol.asyncDispose]());

/** The sample world, and a user in another partition with a role below a path. */
const govKeys = {
  accessKeyId: 'AKIAGOVEXAMPLE000000',
  secretAccessKey: 'gov/secret/EXAMPLEKEY/gov/secret/EXAMPLE',
};
const world: typeof sampleWorld = {
  users: [
    ...sampleWorld.users,
    {
      accountId: '222233334444',
      userName: 'gwen',
      partition: 'aws-us-gov',
      accessKeys: [{ id: govKeys.accessKeyId, secret: govKeys.secretAccessKey }],
    },
  ],
  roles: [
    ...sampleWorld.roles,
    {
      arn: 'arn:aws-us-gov:iam::222233334444:role/a/longer/path/Auditor',
      trusts: [{ principal: 'arn:aws-us-gov:iam::222233334444:user/gwen' }],
    },
  ],
};

const documentSchema = z.looseObject({
  Code: z.optional(z.string()),
  AccessKeyId: z.optional(z.string()),
  Expiration: z.optional(z.string()),
});

function read(body: string): z.output<typeof documentSchema> {
  return documentSchema.parse(JSON.parse(body));
}

async function containerToken(): Promise<string> {
  return (await endpoint.clients.containerTokens.create('tests', 'reader')).reveal();
}

describe('a check of Host that no request reached', () => {
  it('is none here: each path has it, at each of the endpoint’s ports', async () => {
    const own = opened.use(await serveCore(core, clock, { ownProfile: 'reader' }));
    const authorization = await containerToken();
    for (const { url } of [endpoint, own]) {
      const { port } = new URL(url);
      const token = await tokenOf(url);
      const paths = [
        '/',
        credentialsPath,
        readerPath,
        '/latest/meta-data/placement/region',
        '/container/reader',
        '/none',
      ];
      for (const Host of ['rebound.example', `rebound.example:${port}`, `localhost:${port}`]) {
        for (const path of paths) {
          const rebound = await ask(url, path, { Host, [tokenHeader]: token, Authorization: authorization });
          expect(rebound).toMatchObject({ status: 403, body: expect.stringContaining('Host') as string });
        }
        expect((await ask(url, tokenPath, { Host, [ttlHeader]: '60' }, 'PUT')).status).toBe(400);
      }
      for (const path of paths) {
        const { status } = await ask(url, path, { [tokenHeader]: token, Authorization: authorization });
        expect(status, `${path} with the right Host`).not.toBe(403);
      }
    }
  });
});

describe('a proxy that hid who asks', () => {
  /** A reverse proxy as they are set up: it asks for its own user, and says for whom in a header. */
  async function startProxy(header: string, value: string): Promise<string> {
    const { host, hostname, port } = new URL(endpoint.url);
    const proxy: Server = createServer((incoming, outgoing) => {
      const { url: path, method, headers } = incoming;
      const passedOn = { ...headers, host, [header]: value };
      request({ hostname, port, path, method, headers: passedOn, agent: false }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0);
        answer.pipe(outgoing);
      }).end();
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    opened.use({ [Symbol.dispose]: () => proxy.close() });
    const bound = proxy.address();
    return `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}/`;
  }

  it.each([
    ['X-Forwarded-For', '192.0.2.1'],
    ['Forwarded', 'for=192.0.2.1'],
    ['Via', '1.1 proxy'],
    ['X-Real-IP', '192.0.2.1'],
  ])('gets nothing for those behind it: %s gives it away', async (header, value) => {
    const proxy = await startProxy(header, value);
    expect((await ask(proxy, tokenPath, { [ttlHeader]: '60' }, 'PUT')).status).toBe(400);
    const headers = { [tokenHeader]: await tokenOf(endpoint.url), Authorization: await containerToken() };
    for (const path of [readerPath, '/container/reader'])
      expect((await ask(proxy, path, headers)).status).toBe(403);
  });

  it('is what gives it away: one that says nothing of itself is a program like any other', async () => {
    const proxy = await startProxy('X-Harmless', 'yes');
    expect((await ask(proxy, readerPath, { [tokenHeader]: await tokenOf(endpoint.url) })).status).toBe(200);
  });
});

describe('a token', () => {
  it('that came without its life, for which Go went back to version 1, comes with it', async () => {
    const issued = await ask(endpoint.url, tokenPath, { [ttlHeader]: '60' }, 'PUT');
    expect(issued.headers['x-aws-ec2-metadata-token-ttl-seconds']).toBe('60');
    const used = await ask(endpoint.url, readerPath, { [tokenHeader]: issued.body });
    expect(used.headers['x-aws-ec2-metadata-token-ttl-seconds']).toBe('60');
  });

  it('that has ended is answered 401 and not 403, for which no SDK asked for another', async () => {
    const token = await tokenOf(endpoint.url, 60);
    clock.advance(minute - 1);
    expect((await ask(endpoint.url, readerPath, { [tokenHeader]: token })).status).toBe(200);
    clock.advance(1);
    for (const path of [readerPath, credentialsPath, '/latest/meta-data/placement/region', '/none'])
      expect((await ask(endpoint.url, path, { [tokenHeader]: token })).status).toBe(401);
    expect((await askWithToken(endpoint.url, readerPath)).status).toBe(200);
  });

  it('is pushed out by no number of others', async () => {
    const count = 1_100;
    const { host, port } = new URL(endpoint.url);
    /** Sends them all on one connection, as fast as it takes them. */
    async function sendAll(requests: readonly string[]): Promise<string> {
      const socket = connect(Number(port), '127.0.0.1');
      socket.end(requests.map((lines) => `${lines}\r\nHost: ${host}\r\n\r\n`).join(''));
      return text(socket);
    }
    const puts = Array.from(
      { length: count },
      (_, index) => `PUT ${tokenPath} HTTP/1.1\r\n${ttlHeader}: ${600 + index}`,
    );
    const tokens = (await sendAll(puts)).match(/(?<=\r\n\r\n)[\w-]{51}/g) ?? [];
    expect(new Set(tokens).size, 'tokens that differ').toBe(count);
    const gets = tokens.map((token) => `GET ${readerPath} HTTP/1.1\r\n${tokenHeader}: ${token}`);
    for (const round of ['first', 'second'])
      expect((await sendAll(gets)).match(/HTTP\/1\.1 200 /g), round).toHaveLength(count);
  });

  it('that was the same for all, or not looked at, is neither', async () => {
    const token = await tokenOf(endpoint.url, 60);
    clock.advance(1);
    expect(await tokenOf(endpoint.url, 60)).not.toBe(token);
    const other = opened.use(await serveCore(core, clock));
    const changed = `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`;
    for (const wrong of [await tokenOf(other.url), changed, 'A'.repeat(token.length), 'latchkey', ''])
      expect((await ask(endpoint.url, readerPath, { [tokenHeader]: wrong })).status).toBe(401);
    expect((await ask(endpoint.url, readerPath, { [tokenHeader]: token })).status).toBe(200);
  });
});

describe('a connection', () => {
  it('on which nothing comes is not kept for ever: before a request, within one, or after an answer', async () => {
    const { host, port } = new URL(endpoint.url);
    const whole = `PUT ${tokenPath} HTTP/1.1\r\nHost: ${host}\r\n${ttlHeader}: 60\r\n\r\n`;
    const ended = ['', whole.slice(0, 30), whole].map(async (sent) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.write(sent);
      // It is for the endpoint to hang up.
      await once(socket, 'close');
    });
    await Promise.all(ended);
  }, 60_000);
});

describe('a path', () => {
  it('of a role that is not there was answered 200, and is not', async () => {
    const headers = { Authorization: await containerToken() };
    expect((await askWithToken(endpoint.url, `${credentialsPath}none`)).status).toBe(404);
    expect((await ask(endpoint.url, '/container/none', headers)).status).toBe(403);
    await core.profiles.remove('reader');
    expect((await askWithToken(endpoint.url, readerPath)).status).toBe(404);
    expect((await ask(endpoint.url, '/container/reader', headers)).status).toBe(401);
  });

  it('without its slash was answered with a redirect, and is answered as with it', async () => {
    const folders = ['/latest', '/latest/meta-data', '/latest/meta-data/iam', '/latest/dynamic'];
    for (const path of [...folders, credentialsPath.slice(0, -1), readerPath]) {
      const without = await askWithToken(endpoint.url, path);
      const { status, body } = await askWithToken(endpoint.url, `${path}/`);
      expect(without).toMatchObject({ status: 200, body });
      expect(without.headers.location).toBeUndefined();
      expect(status).toBe(200);
    }
  });
});

describe('credentials that are not there', () => {
  const refusedBefore = () =>
    expect(core.sessions.acquire({ cause: 'person', profile: 'wanted' })).rejects.toMatchObject({
      code: 'Refused',
    });

  it.each<[string, Partial<ProfileInput>, () => unknown, { imds: number; container: number }]>([
    ['STS refuses the role', { roleArn: roles.refused }, refusedBefore, { imds: 200, container: 403 }],
    [
      'a code is needed',
      { mfaSerial: aliceSerial },
      () => untilPrompted('wanted'),
      { imds: 200, container: 503 },
    ],
    ['a person must allow it', { protected: true }, () => undefined, { imds: 200, container: 503 }],
    ['STS is not reached', {}, () => (core.sts.faults.drop = {}), { imds: 503, container: 503 }],
    ['STS is too busy', {}, () => (core.sts.faults.throttle = {}), { imds: 503, container: 503 }],
    ['STS takes its time', {}, () => (core.sts.faults.delayMs = 60_000), { imds: 503, container: 503 }],
    ['it is locked', {}, () => core.sessions.lock(), { imds: 404, container: 403 }],
    ['the profile is removed', {}, () => core.profiles.remove('wanted'), { imds: 404, container: 401 }],
  ])(
    'were sent as a Success of empty fields; where %s nothing is',
    async (_why, profile, bringAbout, status) => {
      await core.addProfile({ name: 'wanted', sessionName: 'wanted', ...profile });
      await core.active.use('wanted');
      const own = opened.use(await serveCore(core, clock, { ownProfile: 'wanted' }));
      const token = (await endpoint.clients.containerTokens.create('wanted', 'wanted')).reveal();
      const tokens = [await tokenOf(endpoint.url), await tokenOf(own.url)];
      await bringAbout();
      const asked = [
        ask(endpoint.url, `${credentialsPath}wanted`, { [tokenHeader]: tokens[0] ?? '' }),
        ask(own.url, `${credentialsPath}wanted`, { [tokenHeader]: tokens[1] ?? '' }),
        ask(endpoint.url, '/container/wanted', { Authorization: token }),
      ];
      // Which program asks is looked up in real time, which a busy machine takes more of.
      if (profile.protected === true)
        await vi.waitFor(() => {
          for (const { approvals } of [endpoint.clients, own.clients])
            expect(approvals.requests()).toHaveLength(1);
        });
      const [imds, ownPort, container] = await whileTimePasses(asked);
      expect([imds?.status, ownPort?.status, container?.status]).toEqual([
        status.imds,
        status.imds,
        status.container,
      ]);
      for (const body of [imds, ownPort, container].map((reply) => reply?.body ?? ''))
        expect(body).not.toMatch(/Success|AccessKeyId|SecretAccessKey|"Token"/);
      // A reason takes the place of the credentials, so that a 200 says something.
      if (status.imds === 200)
        expect(imds?.body).toMatch(/"Code":"(?:Refused|MfaRequired|ApprovalNeeded)","Message":"\w/);
    },
  );
});

describe('credentials', () => {
  it('that were served until they ended, and then kept everybody waiting, are renewed long before', async () => {
    // Whoever came to wait would be answered 503.
    core.sts.faults.delayMs = 20;
    const token = await tokenOf(endpoint.url);
    let renewed = 0;
    let last: string | undefined;
    for (let minutes = 0; minutes < 150; minutes++) {
      clock.advance(minute);
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => ask(endpoint.url, readerPath, { [tokenHeader]: token })),
      );
      for (const { status, body } of replies) {
        expect(status, `after ${minutes} minutes`).toBe(200);
        const { AccessKeyId, Expiration = '' } = read(body);
        expect(Date.parse(Expiration) - clock.now()).toBeGreaterThan(25 * minute);
        if (AccessKeyId !== last) renewed += 1;
        last = AccessKeyId;
      }
      while (core.callsUnderWay > 0) await setTimeout(5);
    }
    expect(renewed, 'sessions that were served').toBeGreaterThan(3);
  }, 60_000);

  it('of partitions whose ARNs were cut at fixed columns name the right account and role', async () => {
    await core.addKey('china', carolKeys, { region: 'cn-north-1' });
    await core.addKey('gov', govKeys, { region: 'us-gov-west-1' });
    for (const { account, role, ...profile } of [
      {
        name: 'beijing',
        base: { key: 'china' },
        region: 'cn-north-1',
        account: 'aws-cn:777788889999',
        role: 'Beijing',
      },
      {
        name: 'auditor',
        base: { key: 'gov' },
        region: 'us-gov-west-1',
        account: 'aws-us-gov:222233334444',
        role: 'a/longer/path/Auditor',
      },
    ]) {
      const [partition = '', accountId = ''] = account.split(':');
      await core.addProfile({ ...profile, roleArn: `arn:${partition}:iam::${accountId}:role/${role}` });
      await core.active.use(profile.name);
      await core.sessions.acquire({ cause: 'person', profile: profile.name });
      const credentials = await askWithToken(endpoint.url, `${credentialsPath}${profile.name}`);
      expect(read(credentials.body)).toMatchObject({ Code: 'Success', AccountId: accountId });
      const info = await askWithToken(endpoint.url, '/latest/meta-data/iam/info');
      const name = role.split('/').at(-1) ?? '';
      expect(read(info.body)['InstanceProfileArn']).toBe(
        `arn:${partition}:iam::${accountId}:instance-profile/${name}`,
      );
      const identity = await askWithToken(endpoint.url, '/latest/dynamic/instance-identity/document');
      expect(read(identity.body)).toMatchObject({ accountId, region: profile.region });
    }
  });
});

describe('programs that ask on and on', () => {
  const programs = 100;

  /** Each of them asks three times, and what the last one got is given. */
  async function askOnAndOn(name: string): Promise<string> {
    const headers = { [tokenHeader]: await tokenOf(endpoint.url) };
    let body = '';
    for (let time = 0; time < 3; time++) {
      const asked = Array.from({ length: programs }, () =>
        ask(endpoint.url, `${credentialsPath}${name}`, headers),
      );
      body = (await whileTimePasses(asked)).at(-1)?.body ?? '';
    }
    return body;
  }

  beforeEach(async () => {
    await core.addProfile({ name: 'guarded', roleArn: roles.guarded, mfaSerial: aliceSerial });
    await core.addProfile({ name: 'refused', roleArn: roles.refused });
  });

  it('had a person asked for a code again and again; one who has declined is left alone for a minute', async () => {
    await core.active.use('guarded');
    await untilPrompted('guarded');
    core.sessions.desk.cancel(aliceSerial);
    let prompts = 0;
    using _watched = core.sessions.onChange(() => {
      prompts += core.sessions.desk.prompts().length;
    });
    const keychain = vi.spyOn(core.secrets, 'read');
    const declinedAtMs = clock.now();
    expect(read(await askOnAndOn('guarded')).Code).toBe('MfaRequired');
    expect(clock.now() - declinedAtMs, 'the requests came within the quiet time').toBeLessThan(minute);
    expect(prompts).toBe(0);
    expect(keychain).not.toHaveBeenCalled();
    expect(core.sts.calls()).toEqual({});
  });

  it('had STS asked again and again; a role that it refuses is not asked for again in that minute', async () => {
    await core.active.use('refused');
    expect(read(await askOnAndOn('refused')).Code).toBe('Refused');
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
  });

  it('had a wrong code sent again and again; it is sent once, and the one prompt waits for another', async () => {
    await core.active.use('guarded');
    await untilPrompted('guarded');
    const wrong = totp(aliceSeed, clock.now() + 60 * minute);
    await expect(core.sessions.desk.answer(aliceSerial, wrong)).rejects.toMatchObject({
      code: 'MfaRejected',
    });
    expect(read(await askOnAndOn('guarded')).Code).toBe('MfaRequired');
    expect(core.sessions.desk.prompts()).toHaveLength(1);
    expect(core.sts.calls()).toEqual({ GetSessionToken: 1 });
  });
});

/** Lets the clock go on, a little at a time, until all is answered. */
async function whileTimePasses(asked: readonly Promise<Reply>[]): Promise<Reply[]> {
  const answered = Promise.all(asked);
  for (;;) {
    const replies = await Promise.race([answered, setTimeout(20)]);
    if (replies) return replies;
    clock.advance(50);
  }
}

/** Has a program ask for a session that takes a code, until the person is asked. */
async function untilPrompted(profile: string): Promise<void> {
  core.sessions.acquire({ cause: 'program', profile }).catch(() => undefined);
  await vi.waitFor(() => {
    expect(core.sessions.desk.prompts()).toHaveLength(1);
  });
}
