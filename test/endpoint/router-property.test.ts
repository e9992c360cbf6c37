/** Whatever path is asked for, however it is spelled: the answer is one that docs/endpoint.md has. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { credentialsPath, serveCore, tokenHeader, tokenOf, ttlHeader } from '../fixtures/endpoint.ts';
import type { ServedCore } from '../fixtures/endpoint.ts';
import { sendBytes } from '../sts/raw-http.ts';
import { aliceSerial } from '../sts/sample-world.ts';

/** Three of them have a session, so that another one's could be served. */
const profiles = ['reader', 'other', 'third', 'guarded'] as const;
const unknown = 'none';

let core: Core;
let endpoint: ServedCore;
let host: string;
/** What a program may have got before: a token of IMDS, and one of the container endpoint for `reader`. */
let token: string;
let containerToken: string;

beforeAll(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'other', sessionName: 'other' });
  await core.addProfile({ name: 'third', sessionName: 'third' });
  await core.addProfile({ name: 'guarded', mfaSerial: aliceSerial });
  await core.active.use('reader');
  endpoint = await serveCore(core, systemClock);
  ({ host } = new URL(endpoint.url));
  token = await tokenOf(endpoint.url);
  containerToken = (await endpoint.clients.containerTokens.create('tests', 'reader')).reveal();
  await acquireAll();
});
afterAll(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

async function acquireAll(): Promise<void> {
  for (const profile of ['reader', 'other', 'third'])
    await core.sessions.acquire({ cause: 'person', profile });
}

interface Request {
  readonly method: string;
  readonly target: string;
  readonly token: 'none' | 'good' | 'made up';
  readonly life: 'none' | '60' | '0';
  readonly authorization: 'none' | 'good' | 'made up';
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Sends exactly these bytes on a connection of its own. */
async function send(request: Request): Promise<Answer> {
  const lines = [`${request.method} ${request.target} HTTP/1.1`, `Host: ${host}`];
  if (request.token !== 'none')
    lines.push(`${tokenHeader}: ${request.token === 'good' ? token : 'A'.repeat(51)}`);
  if (request.life !== 'none') lines.push(`${ttlHeader}: ${request.life}`);
  if (request.authorization !== 'none')
    lines.push(`Authorization: ${request.authorization === 'good' ? containerToken : 'A'.repeat(43)}`);
  const { status, head, body } = await sendBytes(endpoint.url, Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
  const headers = new Map(
    head
      .split('\r\n')
      .slice(1)
      .map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );
  return { status, body, headers };
}

function get(target: string): Request {
  return { method: 'GET', target, token: 'good', life: 'none', authorization: 'good' };
}

const documents = [
  '',
  '/latest',
  '/latest/meta-data',
  '/latest/meta-data/iam',
  '/latest/meta-data/iam/security-credentials',
  '/latest/meta-data/iam/info',
  '/latest/meta-data/instance-id',
  '/latest/meta-data/placement',
  '/latest/meta-data/placement/region',
  '/latest/meta-data/placement/availability-zone',
  '/latest/dynamic',
  '/latest/dynamic/instance-identity',
  '/latest/dynamic/instance-identity/document',
];
const known = [
  ...documents,
  '/latest/api/token',
  ...[...profiles, unknown].flatMap((name) => [`${credentialsPath}${name}`, `/container/${name}`]),
];

const segment = fc.oneof(
  fc.constantFrom(...new Set(known.flatMap((path) => path.split('/')).filter((part) => part !== ''))),
  fc.constantFrom('.', '..', '...', '%2e%2e', '%2F', '%72eader', 'reader%00', 'reader;v=1', 'reader.'),
  fc.constantFrom('READER', 'Latest', 'user-data', 'constructor', '__proto__', '*', '~', 'reader@', 'a:b'),
);
const slashes = fc.constantFrom('/', '/', '/', '//', '///');
const query = fc.constantFrom('', '', '', '?', '?/', '?recursive=true', `?${credentialsPath}other`, '?a?b//');

/** A path that is there, one that is off in a segment, or any. */
const segments = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...known).map((path) => path.split('/').slice(1)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...known), fc.nat(6), fc.array(segment, { maxLength: 2 }), fc.nat(1))
      .map(([path, at, put, cut]) => {
        const parts = path.split('/').slice(1);
        parts.splice(at, cut, ...put);
        return parts;
      }),
  },
  { weight: 2, arbitrary: fc.array(segment, { maxLength: 7 }) },
);

const spelled = (parts: readonly string[]) =>
  fc
    .tuple(
      fc.array(slashes, { minLength: parts.length, maxLength: parts.length }),
      fc.constantFrom('', '', '/', '//'),
      query,
    )
    .map(([between, end, asked]) => {
      const path = parts.map((part, index) => `${between[index] ?? '/'}${part}`).join('') + end;
      return `${path === '' ? '/' : path}${asked}`;
    });

const request: fc.Arbitrary<Request> = fc.record({
  method: fc.oneof(
    { weight: 6, arbitrary: fc.constant('GET') },
    { weight: 2, arbitrary: fc.constant('PUT') },
    { weight: 2, arbitrary: fc.constantFrom('HEAD', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'MOVE') },
  ),
  target: segments.chain(spelled),
  token: fc.constantFrom('good', 'good', 'good', 'good', 'none', 'made up'),
  life: fc.constantFrom('none', '60', '60', '0'),
  authorization: fc.constantFrom('good', 'good', 'good', 'none', 'made up'),
});

/** How things stand with the broker. */
interface Standing {
  /** The active profile; undefined where none is, or where it is locked. */
  readonly active: (typeof profiles)[number] | undefined;
  readonly isLocked?: boolean;
  readonly isV1On?: boolean;
}

/** The parts of the path, read by another way than the router's. */
function partsOf(target: string): string[] {
  return (target.split('?')[0] ?? '').split('/').filter((part) => part !== '');
}

/** Whose credentials a path is for; undefined for any other path. */
function nameAskedFor(target: string): string | undefined {
  const path = partsOf(target).join('/');
  return /^(?:latest\/meta-data\/iam\/security-credentials|container)\/([^/]+)$/.exec(path)?.[1];
}

/** The status that docs/endpoint.md has for a request. */
function documented({ method, target, ...sent }: Request, standing: Standing): number {
  const { active, isLocked = false, isV1On = false } = standing;
  const parts = partsOf(target);
  const path = parts.map((part) => `/${part}`).join('');
  if (parts[0] === 'container' && parts.length > 1) {
    if (method !== 'GET') return 405;
    if (sent.authorization !== 'good') return 401;
    if (parts.length > 2) return 404;
    return parts[1] === 'reader' && !isLocked ? 200 : 403;
  }
  if (path === '/latest/api/token') {
    if (method !== 'PUT') return 405;
    return sent.life === '60' ? 200 : 400;
  }
  if (method !== 'GET') return 405;
  if (sent.token === 'made up' || (sent.token === 'none' && !isV1On)) return 401;
  if (active === undefined) return 404;
  return documents.includes(path) || path === `${credentialsPath}${active}` ? 200 : 404;
}

const credentialsSchema = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string().check(z.minLength(20)),
  Token: z.string().check(z.minLength(20)),
});
const reasonSchema = z.strictObject({
  Code: z.literal('MfaRequired'),
  Message: z.string().check(z.minLength(10)),
  LastUpdated: z.string(),
});

/** What holds for every answer, whatever was asked. */
function checkAnswer({ method, target }: Request, { status, body, headers }: Answer): void {
  expect([...headers.keys()].filter((name) => /^(?:access-control|location|set-cookie)/.test(name))).toEqual(
    [],
  );
  if (method !== 'HEAD') expect(headers.get('content-length')).toBe(String(body.length));
  const name = nameAskedFor(target);
  if (status !== 200 || name === undefined) {
    expect(body).not.toMatch(/ASIA|AccessKeyId|SecretAccessKey/);
    if (status === 200) expect(body).not.toBe('');
  } else if (name === 'guarded') {
    reasonSchema.parse(JSON.parse(body));
  } else {
    const { AccessKeyId } = credentialsSchema.parse(JSON.parse(body));
    expect(AccessKeyId).toBe(core.sessions.take(name)?.accessKeyId);
  }
}

/** So that no property passes for want of the requests that matter. */
const examples: [Request][] = known.map((path) => [get(path === '' ? '/' : path)]);

async function checkAll(standing: Standing, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const answer = await send(asked);
      expect(answer.status).toBe(documented(asked, standing));
      checkAnswer(asked, answer);
    }),
    { numRuns: runs, examples },
  );
}

describe('every answer is one that is documented, and none is a redirect, empty or of another profile,', () => {
  it('while a profile is served', async () => {
    await checkAll({ active: 'reader' }, 300);
  });

  it('while the profile needs a code that nobody gives', async () => {
    await core.active.use('guarded');
    await send(get(`${credentialsPath}guarded`));
    core.sessions.desk.cancel(aliceSerial);
    await checkAll({ active: 'guarded' }, 150);
  });

  it('while version 1 is on', async () => {
    await core.active.use('other');
    await setV1(true);
    await checkAll({ active: 'other', isV1On: true }, 150);
    await setV1(false);
  });

  it('while no profile is active', async () => {
    await core.addProfile({ name: 'removed' });
    await core.active.use('removed');
    await core.profiles.remove('removed');
    await checkAll({ active: undefined }, 150);
  });

  it('while it is locked', async () => {
    await core.active.use('reader');
    core.sessions.lock();
    await checkAll({ active: undefined, isLocked: true }, 150);
    core.sessions.unlock();
    await acquireAll();
  });
});

async function setV1(imdsV1: boolean): Promise<void> {
  await core.configuration.update((now) => ({ ...now, settings: { ...now.settings, imdsV1 } }));
}

describe('a path', () => {
  it('is answered alike with one slash or several, with or without one at its end or a query', async () => {
    await core.active.use('reader');
    const twice = segments.chain((parts) => fc.tuple(spelled(parts), spelled(parts)));
    await fc.assert(
      fc.asyncProperty(twice, async ([one, other]) => {
        const [first, second] = [await send(get(one)), await send(get(other))];
        expect(second.status).toBe(first.status);
        expect(second.body).toBe(first.body);
        expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
      }),
      { numRuns: 150, examples: known.map((path) => [[`${path}/`, `/${path}//?/`]]) },
    );
  });
});

describe('a name', () => {
  it('has credentials exactly while it is the one that is listed, and then its own', async () => {
    const switches = fc.array(fc.constantFrom<(typeof profiles)[number]>('reader', 'other', 'third'), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(switches, async (order) => {
        for (const active of order) {
          await core.active.use(active);
          const listed = (await send(get(credentialsPath))).body;
          expect(listed).toBe(active);
          for (const name of ['reader', 'other', 'third']) {
            const asked = get(`${credentialsPath}${name}`);
            const answer = await send(asked);
            expect(answer.status).toBe(name === listed ? 200 : 404);
            checkAnswer(asked, answer);
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});
