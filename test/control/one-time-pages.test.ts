import { request, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OneTimePages, pageLifeMs } from '../../main/control/one-time-pages.ts';
import { Secret } from '../../main/secret.ts';
import { composePeer } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const target = new Secret('https://signin.aws.amazon.com/federation?Action=login&SigninToken=EXAMPLE');

const always = () => true;

let clock: FakeClock;
let pages: OneTimePages;
beforeEach(() => {
  clock = new FakeClock();
  pages = new OneTimePages({ clock, peer: composePeer() });
});
afterEach(async () => {
  await pages[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
});

interface Visit {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks for an address as a browser does whose user typed it. */
function visit(address: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const visited = request(address, { method, headers, agent: false }, (response) => {
      const { statusCode: status, headers } = response;
      text(response).then((body) => resolve({ status, headers, body }), reject);
    });
    visited.on('error', reject).end();
  });
}

describe('an address that leads on once', () => {
  it('holds nothing of where it leads', async () => {
    expect(await pages.leadTo(target, always)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/once\/[\w-]{43}$/);
  });

  it('leads a browser there, which keeps nothing of it and tells nobody where it came from', async () => {
    const { status, headers, body } = await visit(await pages.leadTo(target, always), {
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'none',
    });
    expect({ status, body }).toEqual({ status: 302, body: '' });
    expect(headers).toMatchObject({
      location: target.reveal(),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
  });

  it('leads nowhere where it may not be gone to any more, also when it may again', async () => {
    let isStill = false;
    const address = await pages.leadTo(target, () => isStill);
    expect(await visit(address)).toMatchObject({ status: 404 });
    isStill = true;
    expect(await visit(address)).toMatchObject({ status: 404 });
  });

  it('leads nowhere the second time', async () => {
    const address = await pages.leadTo(target, always);
    await visit(address);
    const { status, headers, body } = await visit(address);
    expect(status).toBe(404);
    expect(JSON.stringify(headers) + body).not.toContain('EXAMPLE');
  });

  it('leads nowhere once its time is over', async () => {
    const address = await pages.leadTo(target, always);
    clock.advance(pageLifeMs);
    expect((await visit(address)).status).toBe(404);
  });

  it('gives way to newer ones where many wait', async () => {
    const oldest = await pages.leadTo(target, always);
    for (let count = 0; count < 16; count += 1) await pages.leadTo(target, always);
    expect((await visit(oldest)).status).toBe(404);
  });

  it.each([
    ['with another Host', { host: 'rebound.example:80' }, 'GET'],
    ['through a proxy', { via: '1.1 proxy' }, 'GET'],
    ['as an image of another page', { 'sec-fetch-dest': 'image' }, 'GET'],
    ['as a frame of another page', { 'sec-fetch-dest': 'iframe' }, 'GET'],
    ['by a form', {}, 'POST'],
    ['by HEAD', {}, 'HEAD'],
  ])('leads nowhere %s, and is not used up by that', async (_how, headers, method) => {
    const address = await pages.leadTo(target, always);
    expect((await visit(address, headers, method)).status).toBe(404);
    expect((await visit(address)).status).toBe(302);
  });

  it('answers no other user', async () => {
    await using others = new OneTimePages({ clock, peer: composePeer({ isOwnUser: () => false }) });
    await expect(visit(await others.leadTo(target, always))).rejects.toThrow(/socket hang up|ECONNRESET/);
  });
});
