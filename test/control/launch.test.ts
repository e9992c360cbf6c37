import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { brokerAddress } from '../../main/control/address.ts';
import { CredentialSource } from '../../main/clients/credential-source.ts';
import { serveLocalSocket } from '../../main/control/local-socket.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { Resources } from '../../main/resources.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import { currentCode, startTestBroker, untilPrompted, type TestBroker } from '../cli/test-broker.ts';
import { ask } from '../fixtures/endpoint.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { ServiceStandIn } from './service-stand-in.ts';
import { socketOptions } from './socket-options.ts';

let opened: Resources;
let broker: TestBroker;

beforeEach(async () => {
  opened = new Resources();
  broker = opened.use(await startTestBroker());
});
afterEach(() => opened[Symbol.asyncDispose]());

/** A launch as a program asks for it that starts another. */
interface Launch {
  readonly status: number | undefined;
  next(): Promise<unknown>;
  end(): void;
}

async function launch(profile: string): Promise<Launch> {
  const socketPath = brokerAddress(broker.broker.home);
  const sent = request({ socketPath, path: `/launch/${profile}`, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const lines = createInterface(response)[Symbol.asyncIterator]();
  return {
    status: response.statusCode,
    next: async () => JSON.parse((await lines.next()).value as string) as unknown,
    end: () => response.destroy(),
  };
}

interface Access {
  token: string;
  url: string;
}

async function accessOf(begun: Launch): Promise<Access> {
  let said = await begun.next();
  if (isWaiting(said)) said = await begun.next();
  return said as Access;
}

function isWaiting(said: unknown): boolean {
  return typeof said === 'object' && said !== null && 'waiting' in said;
}

function credentialsWith({ token, url }: Access) {
  return ask(url, new URL(url).pathname, { Authorization: token });
}

describe('a launch', () => {
  it('has a token for its profile, which ends when the connection that asked for it does', async () => {
    const begun = await launch('reader');
    const access = await accessOf(begun);
    expect(access).toMatchObject({ region: 'eu-central-1', expiresAtMs: expect.any(Number) as number });
    expect(JSON.parse((await credentialsWith(access)).body)).toMatchObject({
      RoleArn: 'arn:aws:iam::444455556666:role/team/Reader',
    });
    begun.end();
    await vi.waitFor(async () => expect((await credentialsWith(access)).status).toBe(401));
  });

  it('does not wait where a session is held', async () => {
    await broker.call('profiles.use', { name: 'reader' });
    const begun = await launch('reader');
    expect(isWaiting(await begun.next())).toBe(false);
    begun.end();
  });

  it('of one profile opens no other', async () => {
    const begun = await launch('reader');
    const { token, url } = await accessOf(begun);
    expect((await credentialsWith({ token, url: url.replace('/reader', '/long-reader') })).status).toBe(403);
    begun.end();
  });

  it('of no profile is refused with the reason', async () => {
    const begun = await launch('nowhere');
    expect(begun.status).toBe(404);
    expect(await begun.next()).toMatchObject({
      problem: { code: 'NotFound', message: 'There is no profile "nowhere"' },
    });
  });

  it('is refused while Latchkey is locked', async () => {
    await broker.call('sessions.lock', {});
    expect(await (await launch('reader')).next()).toMatchObject({ problem: { code: 'Locked' } });
  });

  it('has its token once an MFA code was given, and says until then that it waits', async () => {
    const begun = await launch('guarded');
    expect(await begun.next()).toEqual({ waiting: true });
    await untilPrompted(broker);
    await broker.call('mfa.answer', { serial: aliceSerial, code: currentCode() });
    expect((await credentialsWith((await begun.next()) as Access)).status).toBe(200);
    begun.end();
  });

  it('has AWS’s reason where STS refuses, and no token', async () => {
    const begun = await launch('refused');
    await begun.next();
    expect(await begun.next()).toMatchObject({
      problem: {
        code: 'Refused',
        awsCode: 'AccessDenied',
        message: expect.stringContaining('not authorized') as string,
      },
    });
  });

  it('is recorded with the program that asked', async () => {
    const begun = await launch('reader');
    await accessOf(begun);
    begun.end();
    await vi.waitFor(async () => {
      expect(await recordsOf(broker.broker.home)).toContainEqual(
        expect.objectContaining({
          event: 'accessChanged',
          profile: 'reader',
          detail: 'token made for a launched program',
          client: expect.objectContaining({ pid: process.pid }) as object,
        }),
      );
    });
  });
});

/** What a profile's credentials are waited for from, without end. */
function waitingSource(isProtected: boolean): CredentialSource {
  const profile = profileSchema.parse({
    name: 'reader',
    protected: isProtected,
    roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
    base: { key: 'work' },
    region: 'eu-central-1',
  });
  const chosen = { profile, rule: 'name' } as const;
  return new CredentialSource({
    sessions: {
      isLocked: false,
      take: () => undefined,
      acquire: () => new Promise(() => undefined),
      standing: () => ({ state: 'acquiring', expiresAtMs: undefined, problem: undefined }),
    },
    choice: { for: () => chosen, named: () => chosen },
    approvals: {
      ask: () => new Promise(() => undefined),
      passOn: () => ({ [Symbol.dispose]: () => undefined }),
    },
    handedOut: { note: () => undefined },
    refusals: { note: () => undefined },
    audit: { note: () => ({ again: () => true }) },
  });
}

describe('while a launch is open', () => {
  /** Opens a launch that waits without end; gives what is held meanwhile. */
  async function waitingLaunch(isProtected: boolean) {
    const held: string[] = [];
    const options = socketOptions(new ServiceStandIn());
    const sessions = {
      hold: (profile: string) => {
        held.push(profile);
        return { [Symbol.dispose]: () => void held.pop() };
      },
    };
    const home = join(broker.broker.home, 'other');
    const source = waitingSource(isProtected);
    opened.use(
      await serveLocalSocket(
        { ...options, sessions, clients: { ...options.clients, source } },
        controlAddress(home),
      ),
    );
    const sent = request({ socketPath: controlAddress(home), path: '/launch/reader', agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { held, end: () => response.destroy() };
  }

  it('its session is held, so that it is renewed, and not longer', async () => {
    const { held, end } = await waitingLaunch(false);
    expect(held).toEqual(['reader']);
    end();
    await vi.waitFor(() => expect(held).toEqual([]));
  });

  it('nothing is renewed, or asked of a person, for a program that has not been allowed it', async () => {
    const { held, end } = await waitingLaunch(true);
    expect(held).toEqual([]);
    end();
  });
});
