/** A flood of what no SDK sends: the endpoint goes on serving, and its memory stays as it was. */
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import {
  askWithToken,
  credentialsPath,
  serveCore,
  tokenHeader,
  tokenOf,
  type ServedCore,
} from '../fixtures/endpoint.ts';

const requests = 100_000;
const atOnce = 64;
/** The refused requests of one connection are sent together, as a program that does not wait would. */
const pipelined = 20;
/** What the heap may have grown by, garbage being collected: far below a byte for each request. */
const mostGrowthBytes = 8 * 1024 * 1024;

let core: Core;
let endpoint: ServedCore;
let port: number;
let host: string;

beforeAll(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.active.use('reader');
  endpoint = await serveCore(core, systemClock);
  ({ host } = new URL(endpoint.url));
  port = Number(new URL(endpoint.url).port);
});
afterAll(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** The same numbers each time: a failure can be seen again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = randomNumbers(4711);
const pick = <Item>(items: readonly Item[]): Item => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};
const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));

/** Whole requests that the guard or the protocol refuses. Each leaves the connection open for the next. */
function refusedRequest(): string {
  const credentials = `${credentialsPath}reader`;
  const [line, headers] = pick<[string, string]>([
    [`GET ${credentials}`, `Host: ${host}`],
    [`GET ${credentials}`, 'Host: evil.example'],
    [`GET ${credentials}`, `Host: ${host}\r\nHost: ${host}`],
    [`GET ${credentials}`, `Host: ${host}\r\nOrigin: https://evil.example`],
    [`GET ${credentials}`, `Host: ${host}\r\nX-Forwarded-For: 10.0.0.1`],
    [`GET ${credentials}`, `Host: ${host}\r\nX-aws-ec2-metadata-token: ${bytes(24).toString('base64url')}`],
    [`GET /${bytes(20).toString('hex')}?${bytes(20).toString('hex')}`, `Host: ${host}`],
    [`PUT /latest/api/token`, `Host: ${host}`],
    [`PUT /latest/api/token`, `Host: ${host}\r\nX-aws-ec2-metadata-token-ttl-seconds: 99999999999999999999`],
    [`DELETE ${credentials}`, `Host: ${host}`],
    [`GET /container/reader`, `Host: ${host}\r\nAuthorization: ${bytes(24).toString('base64url')}`],
    [`GET //////`, `Host: ${host}`],
  ]);
  return `${line} HTTP/1.1\r\n${headers}\r\n\r\n`;
}

/** What is no request, or stops being one. */
function brokenRequest(): Buffer {
  const whole = Buffer.from(`GET ${credentialsPath}reader HTTP/1.1\r\nHost: ${host}\r\n`);
  switch (Math.floor(random() * 6)) {
    case 0: // cut anywhere
      return whole.subarray(0, Math.floor(random() * whole.length));
    case 1: // larger than all its headers may be
      return Buffer.concat([whole, Buffer.from(`X-Filler: ${'x'.repeat(9000)}\r\n\r\n`)]);
    case 2: // binary
      return bytes(Math.floor(random() * 200));
    case 3: // a body that is announced in two ways
      return Buffer.concat([
        whole,
        Buffer.from('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /'),
      ]);
    case 4: // a header that is none
      return Buffer.concat([whole, bytes(40), Buffer.from('\r\n\r\n')]);
    default: // another protocol
      return Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1');
  }
}

/** Sends it on a connection of its own, and waits until that is closed. */
function send(payload: Buffer | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => (received += part));
    // Nothing else is expected than that the endpoint hangs up in the middle.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(received);
    });
    socket.end(payload);
  });
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  for (let round = 0; round < 3; round++) runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

/** Sends so many, and gives how many were answered with credentials. */
async function flood(count: number): Promise<number> {
  let left = count;
  let leaked = 0;
  async function one() {
    while (left > 0) {
      const isWhole = random() < 0.5;
      const size = isWhole ? pipelined : 1;
      left -= size;
      const payload = isWhole ? Array.from({ length: size }, refusedRequest).join('') : brokenRequest();
      if ((await send(payload)).includes('SecretAccessKey')) leaked += 1;
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one));
  return leaked;
}

describe(`${requests.toLocaleString('en')} malformed requests`, () => {
  it('get nothing, leave the endpoint serving and its memory as it was', async () => {
    expect(await flood(requests / 5)).toBe(0);
    const before = heapBytes();
    expect(await flood((requests * 4) / 5)).toBe(0);
    expect(heapBytes() - before).toBeLessThan(mostGrowthBytes);
    const answer = await askWithToken(endpoint.url, `${credentialsPath}reader`);
    expect(JSON.parse(answer.body)).toMatchObject({ Code: 'Success' });
  }, 180_000);

  it('are counted by their reason, which repeats nothing of what was sent', () => {
    const reasons = endpoint.clients.refusals.list();
    expect(reasons.length).toBeGreaterThan(5);
    expect(JSON.stringify(reasons)).not.toContain('evil');
  });

  it('that are slow are hung up on', async () => {
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nHost: ');
    await closed;
  }, 30_000);

  it('that come on one connection faster than they can be answered end it', async () => {
    await core.addProfile({ name: 'slow', roleArn: 'arn:aws:iam::444455556666:role/LongReader' });
    await core.active.use('slow');
    core.sts.faults.delayMs = 5_000;
    const token = await tokenOf(endpoint.url);
    const request = `GET ${credentialsPath}slow HTTP/1.1\r\nHost: ${host}\r\n${tokenHeader}: ${token}\r\n\r\n`;
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1').on('data', (part: string) => (received += part));
    socket.on('error', () => undefined);
    socket.write(request.repeat(50));
    // Left open by this end: it is for the endpoint to hang up.
    await new Promise((resolve) => socket.once('close', resolve));
    expect(received).toBe('');
  });
});
