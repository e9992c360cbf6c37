import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { fromInstanceMetadata } from '@aws-sdk/credential-providers';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import {
  ask,
  askWithToken,
  credentialsPath,
  serveCore,
  tokenHeader,
  tokenOf,
  ttlHeader,
  type ServedCore,
} from '../fixtures/endpoint.ts';
import { needs } from '../platform/needs.ts';
import { aliceSerial } from '../sts/sample-world.ts';

let core: Core;
let endpoint: ServedCore;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.active.use('reader');
  core.sts.resetCalls();
  endpoint = await serveCore(core, systemClock);
});

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** Sends bytes as they are, and gives all that comes back. */
async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  return text(socket);
}

interface Document {
  Code: string;
  Message?: string;
  AccessKeyId?: string;
  Expiration?: string;
  LastUpdated: string;
  AccountId?: string;
}

function read(body: string): Document {
  return JSON.parse(body) as Document;
}

describe('credentials', () => {
  it('are those of the active profile, in the form that SDKs expect', async () => {
    expect((await askWithToken(endpoint.url, credentialsPath)).body).toBe('reader');
    const { status, headers, body } = await askWithToken(endpoint.url, `${credentialsPath}reader`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain');
    expect(headers['server']).toBe('EC2ws');
    expect(Number(headers['x-aws-ec2-metadata-token-ttl-seconds'])).toBeGreaterThan(0);
    expect(read(body)).toMatchObject({
      Code: 'Success',
      Type: 'AWS-HMAC',
      AccessKeyId: expect.stringMatching(/^ASIA/) as string,
      SecretAccessKey: expect.stringMatching(/.{20,}/) as string,
      Token: expect.stringMatching(/.{20,}/) as string,
      AccountId: '444455556666',
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      LastUpdated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
  });

  it('reach an unmodified JS SDK, which never falls back to version 1', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'false');
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', endpoint.url);
    const client = new STSClient({
      region: 'eu-central-1',
      credentials: fromInstanceMetadata({ ec2MetadataV1Disabled: true }),
    });
    const identity = await client.send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe('arn:aws:sts::444455556666:assumed-role/Reader/alice');
    vi.unstubAllEnvs();
  });

  it('follow a switch, and the profile that was active before is not served any more', async () => {
    await core.addProfile({ name: 'long', roleArn: 'arn:aws:iam::444455556666:role/LongReader' });
    await askWithToken(endpoint.url, `${credentialsPath}reader`);
    await core.active.use('long');
    expect((await askWithToken(endpoint.url, credentialsPath)).body).toBe('long');
    expect((await askWithToken(endpoint.url, `${credentialsPath}long`)).status).toBe(200);
    expect((await askWithToken(endpoint.url, `${credentialsPath}reader`)).status).toBe(404);
  });

  it('are found with doubled and trailing slashes, without a redirect', async () => {
    expect((await askWithToken(endpoint.url, `/${credentialsPath}reader`)).status).toBe(200);
    expect((await askWithToken(endpoint.url, `${credentialsPath}reader/`)).status).toBe(200);
    expect((await askWithToken(endpoint.url, credentialsPath.slice(0, -1))).body).toBe('reader');
  });
});

describe('200 first requests at once for a profile without a session', () => {
  async function askAtOnce() {
    const token = await tokenOf(endpoint.url);
    return Promise.all(
      Array.from({ length: 200 }, () =>
        ask(endpoint.url, `${credentialsPath}reader`, { [tokenHeader]: token }),
      ),
    );
  }

  it('cause one AssumeRole, and all get its credentials where STS takes 100 ms', async () => {
    core.sts.faults.delayMs = 100;
    const replies = await askAtOnce();
    expect(replies.filter(({ body }) => read(body).Code === 'Success')).toHaveLength(200);
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
  });

  it('cause one AssumeRole, and all get 503 with the reason where STS takes 5 s; one after that gets credentials', async () => {
    core.sts.faults.delayMs = 5_000;
    const replies = await askAtOnce();
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
    expect(read(replies[0]?.body ?? '')).toMatchObject({
      Code: 'Unreachable',
      Message: expect.stringContaining('still being acquired') as string,
    });
    await core.sessions.acquire({ cause: 'program', profile: 'reader' });
    expect(read((await askWithToken(endpoint.url, `${credentialsPath}reader`)).body).Code).toBe('Success');
    expect(core.sts.calls()).toEqual({ AssumeRole: 1 });
  }, 15_000);
});

describe('where there is nothing to serve, nothing like credentials is sent', () => {
  it('with no active profile: 404 for everything', async () => {
    await core.profiles.remove('reader');
    expect((await askWithToken(endpoint.url, credentialsPath)).status).toBe(404);
    expect((await askWithToken(endpoint.url, `${credentialsPath}reader`)).status).toBe(404);
  });

  it('locked: 404 for everything', async () => {
    await askWithToken(endpoint.url, `${credentialsPath}reader`);
    core.sessions.lock();
    expect((await askWithToken(endpoint.url, credentialsPath)).status).toBe(404);
    expect((await askWithToken(endpoint.url, `${credentialsPath}reader`)).status).toBe(404);
  });

  it('refused by STS: 200 with a Code that is not Success, and the reason', async () => {
    await core.addProfile({ name: 'refused', roleArn: 'arn:aws:iam::444455556666:role/NamesBobAbroad' });
    await core.active.use('refused');
    const { status, body } = await askWithToken(endpoint.url, `${credentialsPath}refused`);
    expect(status).toBe(200);
    expect(read(body)).toEqual({
      Code: 'Refused',
      Message: expect.stringContaining('AccessDenied') as string,
      LastUpdated: expect.any(String) as string,
    });
  });

  it('a code is needed: 200 with the reason while the person is asked, and when none was given', async () => {
    await core.addProfile({ name: 'guarded', mfaSerial: aliceSerial });
    await core.active.use('guarded');
    const asked = await askWithToken(endpoint.url, `${credentialsPath}guarded`);
    expect(asked.status).toBe(200);
    expect(read(asked.body).Code).toBe('MfaRequired');
    expect(core.sessions.desk.prompts()).toMatchObject([
      { serial: aliceSerial, demand: { cause: 'program' } },
    ]);
    core.sessions.desk.cancel(aliceSerial);
    const { status, body } = await askWithToken(endpoint.url, `${credentialsPath}guarded`);
    expect(status).toBe(200);
    expect(read(body).Code).toBe('MfaRequired');
  });

  it('STS is not reached: 503', async () => {
    core.sts.faults.drop = {};
    const { status, body } = await askWithToken(endpoint.url, `${credentialsPath}reader`);
    expect(status).toBe(503);
    expect(read(body).Code).toBe('Unreachable');
  });

  it('it is counted with its code, which a notification follows; what is not to be met has none', async () => {
    const refused = () => endpoint.clients.refusals.list()[0];
    core.sts.faults.drop = {};
    await askWithToken(endpoint.url, `${credentialsPath}reader`);
    expect(refused()).toMatchObject({ code: 'Unreachable' });
    await ask(endpoint.url, credentialsPath);
    expect(refused()).toMatchObject({ reason: expect.stringContaining('IMDSv2'), code: undefined });
    core.sessions.lock();
    await askWithToken(endpoint.url, credentialsPath);
    expect(refused()).toMatchObject({ code: 'Locked' });
    core.sessions.unlock();
    await core.profiles.remove('reader');
    await askWithToken(endpoint.url, credentialsPath);
    expect(refused()).toMatchObject({ reason: 'No profile is active', code: 'NotFound' });
  });
});

describe('what else SDKs read', () => {
  it.each([
    ['/latest/meta-data/placement/region', 'eu-central-1'],
    ['/latest/meta-data/placement/availability-zone', 'eu-central-1a'],
    ['/latest/meta-data/placement/', 'availability-zone\nregion'],
    ['/latest/meta-data/iam/', 'info\nsecurity-credentials/'],
  ])('%s', async (path, body) => {
    expect((await askWithToken(endpoint.url, path)).body).toBe(body);
  });

  it('the account, where Go and Terraform look for it', async () => {
    const document = await askWithToken(endpoint.url, '/latest/dynamic/instance-identity/document');
    expect(JSON.parse(document.body)).toMatchObject({ region: 'eu-central-1', accountId: '444455556666' });
    const info = await askWithToken(endpoint.url, '/latest/meta-data/iam/info');
    expect(JSON.parse(info.body)).toMatchObject({
      InstanceProfileArn: 'arn:aws:iam::444455556666:instance-profile/Reader',
    });
  });

  it('and 404 for what is not there', async () => {
    expect((await askWithToken(endpoint.url, '/latest/user-data')).status).toBe(404);
    expect((await askWithToken(endpoint.url, `${credentialsPath}other`)).status).toBe(404);
  });
});

describe('the token', () => {
  it('has its life echoed, which Go and Rust need', async () => {
    const { status, headers } = await ask(endpoint.url, '/latest/api/token', { [ttlHeader]: '60' }, 'PUT');
    expect(status).toBe(200);
    expect(headers['x-aws-ec2-metadata-token-ttl-seconds']).toBe('60');
  });

  it.each(['0', '21601', '', '-1', '1e3', ' 60', '60s', '99999999999'])(
    'is refused for a life of "%s" with 400',
    async (life) => {
      const { status } = await ask(endpoint.url, '/latest/api/token', { [ttlHeader]: life }, 'PUT');
      expect(status).toBe(life === ' 60' ? 200 : 400); // HTTP has no leading space in a value
    },
  );

  it('is missed with 401, so that an SDK asks for one instead of trying version 1', async () => {
    expect((await ask(endpoint.url, credentialsPath)).status).toBe(401);
    expect((await ask(endpoint.url, credentialsPath, { [tokenHeader]: 'made-up' })).status).toBe(401);
  });

  it('of another listener is none here', async () => {
    await using other = await serveCore(core, systemClock);
    const token = await tokenOf(other.url);
    expect((await ask(endpoint.url, credentialsPath, { [tokenHeader]: token })).status).toBe(401);
  });

  it('is had by PUT only', async () => {
    const { status, headers } = await ask(endpoint.url, '/latest/api/token', { [ttlHeader]: '60' }, 'POST');
    expect(status).toBe(405);
    expect(headers.allow).toBe('OPTIONS, PUT');
    expect(
      (await ask(endpoint.url, credentialsPath, { [tokenHeader]: await tokenOf(endpoint.url) }, 'POST'))
        .status,
    ).toBe(405);
  });
});

describe('the guard', () => {
  it.each([
    ['another name for loopback (DNS rebinding)', { Host: 'evil.example' }],
    ['localhost', { Host: 'localhost:PORT' }],
    ['the right address without its port', { Host: '127.0.0.1' }],
    ['a page’s Origin', { Origin: 'http://evil.example' }],
    ['an Origin of its own', { Origin: 'http://127.0.0.1:PORT' }],
    ['Referer', { Referer: 'http://evil.example/' }],
    ['Sec-Fetch-Site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['Sec-Fetch-Mode', { 'sec-fetch-mode': 'no-cors' }],
    ['X-Forwarded-For', { 'X-Forwarded-For': '192.0.2.1' }],
    ['Forwarded', { Forwarded: 'for=192.0.2.1' }],
    ['Via', { Via: '1.1 proxy' }],
    ['a browser’s User-Agent', { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)' }],
    ['a body', { 'Content-Length': '5' }],
  ])('refuses %s, with a token or asking for one', async (_what, given) => {
    const { port } = new URL(endpoint.url);
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('PORT', port)]),
    );
    const token = await tokenOf(endpoint.url);
    const path = `${credentialsPath}reader`;
    const get = await ask(endpoint.url, path, { ...headers, [tokenHeader]: token });
    expect(get.status).toBe(403);
    expect(get.body).not.toContain('ASIA');
    const put = await ask(endpoint.url, '/latest/api/token', { ...headers, [ttlHeader]: '60' }, 'PUT');
    expect(put.status).toBe(400);
    expect(Object.keys(get.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each([
    ['Origin', 'http://evil.example'],
    ['Host', 'evil.example'],
    ['X-Forwarded-For', '192.0.2.1'],
  ])('finds %s also behind 1,500 other headers', async (name, value) => {
    const { port } = new URL(endpoint.url);
    const padding = 'a:\r\n'.repeat(1500);
    const reply = await sendRaw(
      Number(port),
      `GET ${credentialsPath}reader HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${tokenHeader}: ${await tokenOf(endpoint.url)}\r\n${padding}${name}: ${value}\r\nConnection: close\r\n\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 403 /);
    expect(reply).not.toContain('ASIA');
  });

  it('is asked before anything is answered, also where Expect is sent', async () => {
    const { port } = new URL(endpoint.url);
    const request = `GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nExpect: `;
    for (const expectation of ['100-continue', 'nothing']) {
      expect(await sendRaw(Number(port), `${request}${expectation}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 /);
    }
  });

  it('refuses the real service’s address on a port of its own: it leads to the main port alone', async () => {
    const linkLocalIsOn = () => true;
    const headers = { Host: '169.254.169.254', [ttlHeader]: '60' };
    await using main = await serveCore(core, systemClock, { linkLocalIsOn });
    expect((await ask(main.url, '/latest/api/token', headers, 'PUT')).status).toBe(200);
    await using own = await serveCore(core, systemClock, { linkLocalIsOn, ownProfile: 'reader' });
    expect((await ask(own.url, '/latest/api/token', headers, 'PUT')).status).toBe(400);
  });

  it('serves no program of another user', async ({ skip }) => {
    const root = needs(process.getuid?.() === 0, 'only root can start a program as another user');
    if (root.missing) skip(root.note);
    const { port } = new URL(endpoint.url);
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'PUT /latest/api/token HTTP/1.1\\r\\nHost: 127.0.0.1:${port}\\r\\n${ttlHeader}: 60\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3`;
    async function sent(uid: number) {
      return promisify(execFile)('/bin/bash', ['-c', script], { uid, cwd: '/' }).then(
        ({ stdout }) => stdout,
        () => '',
      );
    }
    expect(await sent(0)).toContain('200 OK');
    expect(await sent(65_533)).toBe('');
  });

  it('serves nobody whose user cannot be told', async () => {
    await using strict = await serveCore(core, systemClock, {
      peer: composePeer({
        isOwnUser: () => {
          throw new Error('no answer of the kernel');
        },
      }),
    });
    await expect(ask(strict.url, '/latest/api/token', { [ttlHeader]: '60' }, 'PUT')).rejects.toThrow();
    await using slow = await serveCore(core, systemClock, {
      peer: composePeer({ isOwnUser: () => Promise.resolve(false) }),
    });
    await expect(ask(slow.url, '/latest/api/token', { [ttlHeader]: '60' }, 'PUT')).rejects.toThrow();
  });
});

describe('a request without a token', () => {
  it('is refused, unless a person has switched version 1 on', async () => {
    expect((await ask(endpoint.url, `${credentialsPath}reader`)).status).toBe(401);
    await core.configuration.update((now) => ({ ...now, settings: { ...now.settings, imdsV1: true } }));
    const { status, body } = await ask(endpoint.url, `${credentialsPath}reader`);
    expect(status).toBe(200);
    expect(read(body).Code).toBe('Success');
    expect((await ask(endpoint.url, `${credentialsPath}reader`, { [tokenHeader]: 'wrong' })).status).toBe(
      401,
    );
    expect((await ask(endpoint.url, `${credentialsPath}reader`, { Origin: 'http://a.example' })).status).toBe(
      403,
    );
  });
});

describe('a protected profile', () => {
  it('serves nobody until a person has allowed it, and nobody again once that was taken back', async () => {
    await core.addProfile({ name: 'vault', protected: true });
    await core.active.use('vault');
    await using served = await serveCore(core, systemClock, {
      peer: composePeer({ clientAt: () => Promise.resolve(composeClient()) }),
    });
    const code = async () => read((await askWithToken(served.url, `${credentialsPath}vault`)).body).Code;
    expect(await code()).toBe('ApprovalNeeded');
    const { approvals } = served.clients;
    await approvals.allow(approvals.requests()[0]?.id ?? '', 'tree');
    expect(await code()).toBe('Success');
    await approvals.revoke(approvals.approvals()[0]?.id ?? '');
    expect(await code()).toBe('ApprovalNeeded');
  });

  it('serves no program that has lent its connection to another one, which may be allowed', async ({
    skip,
  }) => {
    const onLinux = needs(process.platform === 'linux', 'who holds a connection is looked up in /proc here');
    if (onLinux.missing) skip(onLinux.note);
    await core.addProfile({ name: 'vault', protected: true });
    await core.active.use('vault');
    const { host, port } = new URL(endpoint.url);
    const token = await tokenOf(endpoint.url);
    const request = `GET ${credentialsPath}vault HTTP/1.1\\r\\nHost: ${host}\\r\\n${tokenHeader}: ${token}\\r\\nConnection: close\\r\\n\\r\\n`;
    const codeWhile = async (started: string): Promise<string> => {
      const print = 'while read -r line <&3 || [ "$line" ]; do echo "$line"; done';
      const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; ${started} printf '${request}' >&3; ${print}; kill $!`;
      const { stdout } = await promisify(execFile)('/bin/bash', ['-c', `{ ${script}; } 2>/dev/null; true`]);
      const { Code: code } = read(stdout.slice(stdout.indexOf('{')));
      // On a machine that is busy it may not be known in time who asks.
      return code === 'Unreachable' ? codeWhile(started) : code;
    };
    expect(await codeWhile('')).toBe('ApprovalNeeded');
    expect(await codeWhile('sleep 60 > /dev/null & sleep 0.2;')).toBe('Refused');
  });

  it('serves no program that cannot be told', async () => {
    await core.addProfile({ name: 'vault', protected: true });
    await core.active.use('vault');
    await using served = await serveCore(core, systemClock, { peer: composePeer() });
    const { body } = await askWithToken(served.url, `${credentialsPath}vault`);
    expect(read(body)).toMatchObject({ Code: 'Refused' });
    expect(body).not.toContain('AccessKeyId');
  });
});

describe('the port', () => {
  it('that is taken is an error that names it, and no other port is tried', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const bound = other.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    await expect(serveCore(core, systemClock, { port })).rejects.toMatchObject({
      code: 'PortTaken',
      message: `Port ${port} on 127.0.0.1 is taken by another program`,
    });
    await new Promise((resolve) => other.close(resolve));
  });
});
