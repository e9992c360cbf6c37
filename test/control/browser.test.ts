import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { serveBrowser, type BrowserServer } from '../../main/control/browser.ts';
import { idleTokenLifeMs, secretLifeMs } from '../../main/control/sign-in.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import type { PeerIdentity } from '../../main/platform/ports.ts';
import { Resources } from '../../main/resources.ts';
import { composePeer } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { needs } from '../platform/needs.ts';
import { openRequest, rawRequest, type RawAnswer } from './raw-request.ts';
import { ServiceStandIn } from './service-stand-in.ts';

const asRoot = needs(process.getuid?.() === 0, 'a program of another user can be started by root only');

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

let opened: Resources;
let clock: FakeClock;
let service: ServiceStandIn;
let folder: string;
let server: BrowserServer;

beforeEach(async () => {
  opened = new Resources();
  folder = await mkdtemp(join(tmpdir(), 'latchkey-browser-'));
  opened.use({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Latchkey</title>');
  await writeFile(join(folder, 'assets/main.js'), 'export {};');
  await writeFile(join(folder, 'assets/main.js.map'), '{}');
  clock = opened.use(new FakeClock());
  service = new ServiceStandIn();
  server = await serve();
});
afterEach(() => opened[Symbol.asyncDispose]());

async function serve(peer: PeerIdentity = peerIdentity()): Promise<BrowserServer> {
  return opened.use(await serveBrowser({ service, peer, clock, folder }));
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly at?: BrowserServer;
}

/** Asks as the interface's own page does, but for what the test gives. */
function ask({ method = 'POST', path, headers = {}, body = '{}', at = server }: Asked): Promise<RawAnswer> {
  const { host, hostname, port, origin } = new URL(at.origin);
  const ofPage = method === 'POST' ? { origin, 'content-type': 'application/json' } : {};
  const all = { host, 'sec-fetch-site': 'same-origin', ...ofPage, ...headers };
  return rawRequest({ hostname, port, method, path, headers: all }, method === 'POST' ? body : '');
}

function secretOf(link: string): string {
  return new URLSearchParams(new URL(link).hash.slice(1)).get('key') ?? '';
}

function exchange(secret: string, at = server, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return ask({ path: '/exchange', body: JSON.stringify({ secret }), at, headers });
}

async function signIn(at = server): Promise<{ authorization: string }> {
  const { value } = JSON.parse((await exchange(secretOf(at.link()), at)).body) as {
    value: { token: string };
  };
  return { authorization: `Bearer ${value.token}` };
}

const signInNeeded = {
  status: 401,
  body: '{"problem":{"code":"SignInNeeded","message":"Open a new link with: latchkey open"}}',
};

describe('the interface for a browser', () => {
  test('is served file by file, with a strict policy and no leave for any other origin', async () => {
    const page = await ask({ method: 'GET', path: '/', headers: { 'sec-fetch-site': 'none' } });
    expect(page).toMatchObject({ status: 200, body: '<!doctype html><title>Latchkey</title>' });
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(String(page.headers['content-security-policy']).split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    const script = await ask({ method: 'GET', path: '/assets/main.js' });
    expect(script).toMatchObject({ status: 200, body: 'export {};' });
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  test('sends no cookie and no CORS header, whatever is asked', async () => {
    const authorization = await signIn();
    const answers = await Promise.all([
      ask({ method: 'GET', path: '/' }),
      ask({ path: '/call/state.read', headers: authorization }),
      ask({ path: '/call/state.read', headers: { origin: 'https://example.com' } }),
      ask({ method: 'OPTIONS', path: '/call/state.read', headers: { origin: 'https://example.com' } }),
      exchange(secretOf(server.link())),
    ]);
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => /cookie|access-control/.test(name))).toEqual([]);
  });

  test('has exactly the paths of its files', async () => {
    for (const path of [
      '/assets',
      '/assets/',
      '/assets/../index.html',
      '/assets/%6dain.js',
      '/../package.json',
      '/..%2fpackage.json',
      '//index.html',
      '/index.html?x',
      '/assets/main.js.map',
      `${folder}/index.html`,
      '/__proto__',
    ])
      expect([path, (await ask({ method: 'GET', path })).status]).toEqual([path, 404]);
    expect((await ask({ method: 'HEAD', path: '/index.html' })).status).toBe(200);
    expect((await ask({ method: 'PUT', path: '/index.html' })).status).not.toBe(200);
  });

  test('must have been built', async () => {
    await rm(join(folder, 'index.html'));
    await expect(serve()).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('is on loopback alone', () => {
    expect(server.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});

describe('the link', () => {
  test('is exchanged once for a token that the contract takes', async () => {
    const secret = secretOf(server.link());
    expect(secret).toMatch(/^[\w-]{43}$/);
    const answer = await exchange(secret);
    expect(answer.status).toBe(200);
    const { value } = JSON.parse(answer.body) as { value: { token: string } };
    expect(await exchange(secret)).toMatchObject(signInNeeded);
    const headers = { authorization: `Bearer ${value.token}` };
    expect((await ask({ path: '/call/state.read', headers })).status).toBe(200);
  });

  test('works for five minutes and not a moment longer', async () => {
    const [early, late] = [server.link(), server.link()].map(secretOf);
    clock.advance(secretLifeMs - 1);
    expect((await exchange(early ?? '')).status).toBe(200);
    clock.advance(1);
    expect(await exchange(late ?? '')).toMatchObject(signInNeeded);
  });

  test('stops working when the clock is set back', async () => {
    const secret = secretOf(server.link());
    clock.sleep(-1000);
    expect(await exchange(secret)).toMatchObject(signInNeeded);
  });

  test('may be one of several, of which the oldest give way', async () => {
    const secrets = Array.from({ length: 17 }, () => secretOf(server.link()));
    expect(await exchange(secrets[0] ?? '')).toMatchObject(signInNeeded);
    expect((await exchange(secrets[1] ?? '')).status).toBe(200);
    expect((await exchange(secrets[16] ?? '')).status).toBe(200);
  });

  test('cannot be guessed at', async () => {
    const secret = secretOf(server.link());
    for (const wrong of ['', 'x', `${secret}x`, secret.slice(1), secret.toLowerCase()])
      expect(await exchange(wrong)).toMatchObject(signInNeeded);
    for (const body of ['null', '{}', '[]', '{"secret":1}', `{"secret":["${secret}"]}`, '{'])
      expect(await ask({ path: '/exchange', body })).toMatchObject(signInNeeded);
    expect((await exchange(secret)).status).toBe(200);
  });
});

describe('the contract for a browser', () => {
  test('is carried by a token to the service', async () => {
    const headers = await signIn();
    service.answer = () => Promise.resolve({ value: { link: null } });
    const answer = await ask({ path: '/call/interface.open', headers });
    expect(answer).toMatchObject({ status: 200, body: '{"value":{"link":null}}' });
    expect(service.received).toEqual([{ name: 'interface.open', input: {} }]);
  });

  test('needs a token of this run', async () => {
    const other = await serve();
    const { authorization } = await signIn();
    const token = authorization.slice('Bearer '.length);
    const wrong = [
      undefined,
      '',
      token,
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer x`,
    ];
    for (const header of wrong) {
      const headers: Record<string, string> = header === undefined ? {} : { authorization: header };
      expect(await ask({ path: '/call/state.read', headers })).toMatchObject(signInNeeded);
      expect(await ask({ method: 'GET', path: '/events', headers })).toMatchObject(signInNeeded);
    }
    expect(await ask({ path: '/call/state.read', headers: { authorization }, at: other })).toMatchObject(
      signInNeeded,
    );
    expect(service.received).toEqual([]);
    expect((await ask({ path: '/call/state.read', headers: { authorization } })).status).toBe(200);
  });

  test('streams the events to a token, and ends with the server', async () => {
    const headers = { host: new URL(server.origin).host, ...(await signIn()) };
    const { hostname, port } = new URL(server.origin);
    const response = await openRequest({ hostname, port, path: '/events', headers });
    expect(response.headers['content-type']).toBe('application/x-ndjson');
    const [first] = (await once(response.setEncoding('utf8'), 'data')) as [string];
    expect(JSON.parse(first)).toEqual({ type: 'state', state: service.state });
    const closed = once(response, 'close');
    response.on('error', () => undefined);
    await server[Symbol.asyncDispose]();
    await closed;
    expect(service.subscribers).toBe(0);
  });

  test('is refused under any other Host, so that no name turned to this address gets in', async () => {
    const headers = await signIn();
    const { port } = new URL(server.origin);
    for (const host of [
      '127.0.0.1',
      `localhost:${port}`,
      `evil.example:${port}`,
      'evil.example',
      `127.0.0.1:${Number(port) + 1}`,
      `127.0.0.1.:${port}`,
      `[::1]:${port}`,
    ]) {
      for (const asked of [
        { path: '/call/state.read', headers: { ...headers, host } },
        { path: '/call/state.read', headers: { ...headers, host, origin: `http://${host}` } },
        { path: '/exchange', headers: { host }, body: JSON.stringify({ secret: secretOf(server.link()) }) },
        { method: 'GET', path: '/events', headers: { ...headers, host } },
        { method: 'GET', path: '/', headers: { host } },
      ])
        expect([host, (await ask(asked)).status]).toEqual([host, 403]);
    }
    expect(service.received).toEqual([]);
  });

  test('is refused with two Hosts, an empty one or none', async () => {
    const { host, hostname, port } = new URL(server.origin);
    for (const head of [
      `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${host}`,
      'GET / HTTP/1.1\r\nHost:',
      'GET / HTTP/1.0',
      `GET ${server.origin}/ HTTP/1.0`,
    ]) {
      const socket = connect(Number(port), hostname);
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 403/);
    }
  });

  test('is refused to any other origin, also with a token and a fresh link', async () => {
    const headers = await signIn();
    const secret = secretOf(server.link());
    const { port } = new URL(server.origin);
    for (const origin of [
      'https://example.com',
      'null',
      '',
      'http://127.0.0.1',
      `http://localhost:${port}`,
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${Number(port) + 1}`,
      `${server.origin}/`,
    ]) {
      const refusals = [
        await ask({ path: '/call/state.read', headers: { ...headers, origin } }),
        await ask({ method: 'GET', path: '/events', headers: { ...headers, origin } }),
        await exchange(secret, server, { origin }),
      ].map(({ status }) => status);
      expect([origin, ...refusals]).toEqual([origin, 403, 403, 403]);
    }
    expect(service.received).toEqual([]);
    expect((await exchange(secret)).status).toBe(200);
  });

  test('ends for who has not used it for twelve hours, and lasts for who does', async () => {
    const idle = await signIn();
    const busy = await signIn();
    for (let part = 0; part < 3; part++) {
      clock.advance(idleTokenLifeMs / 2);
      expect((await ask({ path: '/call/state.read', headers: busy })).status).toBe(200);
    }
    expect(await ask({ path: '/call/state.read', headers: idle })).toMatchObject(signInNeeded);
  });

  test('is refused to a POST without Origin', async () => {
    const { host, hostname, port } = new URL(server.origin);
    const headers = { host, 'content-type': 'application/json', ...(await signIn()) };
    const answer = await rawRequest(
      { hostname, port, method: 'POST', path: '/call/state.read', headers },
      '{}',
    );
    expect(answer.status).toBe(403);
  });

  test('is refused to pages of other sites, of other ports and to navigations', async () => {
    const headers = await signIn();
    for (const site of ['cross-site', 'same-site', 'none', 'x']) {
      const fetched = { ...headers, 'sec-fetch-site': site };
      const refusals = [
        await ask({ path: '/call/state.read', headers: fetched }),
        await ask({ method: 'GET', path: '/events', headers: fetched }),
        await exchange(secretOf(server.link()), server, fetched),
      ].map(({ status }) => status);
      expect([site, ...refusals]).toEqual([site, 403, 403, 403]);
    }
    expect(service.received).toEqual([]);
  });

  test('lets no other page load its files, and lets links on other pages lead here', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const script = { ...headers, 'sec-fetch-dest': 'script' };
    const frame = { ...headers, 'sec-fetch-dest': 'iframe' };
    const link = { ...headers, 'sec-fetch-dest': 'document' };
    expect((await ask({ method: 'GET', path: '/assets/main.js', headers: script })).status).toBe(403);
    expect((await ask({ method: 'GET', path: '/', headers: frame })).status).toBe(403);
    expect((await ask({ method: 'GET', path: '/', headers: link })).status).toBe(200);
  });

  test('is refused also where 1,500 other headers come before the one that says why', async () => {
    const { host, hostname, port } = new URL(server.origin);
    const padding = Array.from({ length: 1500 }, () => ['a', '']).flat();
    const { authorization } = await signIn();
    const shown = ['host', host, 'authorization', authorization, ...padding, 'sec-fetch-site', 'cross-site'];
    const answer = await rawRequest({ hostname, port, method: 'GET', path: '/events', headers: shown });
    expect(answer.status).toBe(403);
  });

  test('is refused through a proxy, which hides who asks', async () => {
    const headers = await signIn();
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])
      expect((await ask({ path: '/call/state.read', headers: { ...headers, [name]: 'x' } })).status).toBe(
        403,
      );
  });
});

describe('the peer of a browser’s connection', () => {
  const request = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

  /** Takes as long as two requests, by which what a client sent has come in. */
  async function aWhile(): Promise<void> {
    await ask({ method: 'GET', path: '/' });
    await ask({ method: 'GET', path: '/' });
  }

  test.each<[string, PeerIdentity['isOwnUser']]>([
    ['is another user', () => false],
    ['is found to be another user after a while', () => aWhile().then(() => false)],
    ['cannot be found out', () => aWhile().then(() => Promise.reject(new Error('no such row')))],
    [
      'cannot even be asked for',
      () => {
        throw new Error('no netlink');
      },
    ],
  ])('gets not a byte where it %s', async (_case, isOwnUser) => {
    const { host, hostname, port } = new URL((await serve(composePeer({ isOwnUser }))).origin);
    for (const sent of [
      request(host),
      'GET / HTTP/1.1\r\n\r\n',
      'nonsense\r\n\r\n',
      `POST /exchange HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
    ]) {
      const socket = connect(Number(port), hostname);
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', () => undefined);
      socket.write(sent);
      await once(socket, 'close');
      expect(received).toBe('');
    }
  });

  test('is waited for before anything is answered, and nothing that was sent meanwhile is lost', async () => {
    const seen: unknown[] = [];
    let decide: (isOwn: boolean) => void = () => undefined;
    const decided = new Promise<boolean>((resolve) => (decide = resolve));
    const { host, hostname, port } = new URL(
      (await serve(composePeer({ isOwnUser: (connection) => (seen.push(connection), decided) }))).origin,
    );
    const socket = connect(Number(port), hostname);
    const answer = text(socket);
    socket.write(request(host).replace('Connection: close\r\n', ''));
    await once(socket, 'connect');
    await aWhile();
    expect(seen).toEqual([
      {
        localAddress: '127.0.0.1',
        localPort: Number(port),
        remoteAddress: '127.0.0.1',
        remotePort: socket.localPort,
      },
    ]);
    expect(socket.bytesRead).toBe(0);
    socket.write(request(host));
    decide(true);
    expect((await answer).match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  test('that goes while it is being found out harms nobody', async () => {
    let decide: (isOwn: boolean) => void = () => undefined;
    const decided = new Promise<boolean>((resolve) => (decide = resolve));
    const patient = await serve(composePeer({ isOwnUser: () => decided }));
    const { hostname, port } = new URL(patient.origin);
    const accepted = new Promise<Socket>((resolve) => {
      const take = (message: unknown) => {
        unsubscribe('net.server.socket', take);
        resolve((message as { socket: Socket }).socket);
      };
      subscribe('net.server.socket', take);
    });
    const socket = connect(Number(port), hostname);
    const serverSide = await accepted;
    // Nobody but the server listens for its errors: one without a listener would end this process.
    const closed = new Promise((resolve) => serverSide.once('close', resolve));
    socket.resetAndDestroy();
    await closed;
    decide(true);
    expect((await ask({ method: 'GET', path: '/', at: patient })).status).toBe(200);
  });

  test.skipIf(asRoot.missing)(`gets nothing where it really is another user${asRoot.note}`, async () => {
    const { host, hostname, port } = new URL(server.origin);
    const program = `const s = require('node:net').connect(${port}, '${hostname}');
      let got = ''; s.on('data', (c) => (got += c)); s.on('error', () => {});
      s.on('close', () => console.log(JSON.stringify(got)));
      s.write(${JSON.stringify(request(host))})`;
    const ask = async (uid: number) => {
      const child = spawn(process.execPath, ['-e', program], {
        cwd: '/',
        uid,
        gid: uid,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return await text(child.stdout);
    };
    expect(await ask(0)).toContain('200 OK');
    expect((await ask(65534)).trim()).toBe('""');
  });
});
