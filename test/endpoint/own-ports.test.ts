import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OwnPorts } from '../../main/endpoint/own-ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { ask, askWithToken, credentialsPath, serveCore } from '../fixtures/endpoint.ts';

let core: Core;
let ports: OwnPorts;

/** A port that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof bound === 'object' && bound ? bound.port : 0;
}

async function listingAt(url: string | null | undefined): Promise<string> {
  return (await askWithToken(url ?? '', credentialsPath)).body;
}

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'other' });
  await core.active.use('other');
});

afterEach(async () => {
  await ports[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** Serves each on an endpoint with an audit log of its own, since nothing else is shared here. */
async function serve(): Promise<void> {
  ports = new OwnPorts(core.configuration, (ownProfile, port) =>
    serveCore(core, systemClock, { port, ownProfile }),
  );
  await ports.start();
}

describe('a port of its own', () => {
  it('serves its profile, whichever is active, from the moment on that it has one', async () => {
    await serve();
    let changes = 0;
    ports.onChange(() => (changes += 1));
    const port = await freePort();
    await core.profiles.save({ ...profile('reader'), port }, 'reader');
    await ports.settled();
    expect(changes).toBe(1);
    const [served] = ports.list();
    expect(served).toMatchObject({ profile: 'reader', port, url: `http://127.0.0.1:${port}/` });
    expect(await listingAt(served?.url)).toBe('reader');
    const { body } = await askWithToken(served?.url ?? '', `${credentialsPath}reader`);
    expect(JSON.parse(body)).toMatchObject({ Code: 'Success' });
    expect((await askWithToken(served?.url ?? '', `${credentialsPath}other`)).status).toBe(404);
    // No way to another profile, whatever token there is.
    expect((await ask(served?.url ?? '', '/container/other')).status).toBe(401);
    expect((await askWithToken(served?.url ?? '', '/container/other')).status).toBe(404);
  });

  it('is closed when the profile has it no more', async () => {
    await serve();
    const port = await freePort();
    await core.profiles.save({ ...profile('reader'), port }, 'reader');
    await ports.settled();
    await core.profiles.save(profile('reader'), 'reader');
    await ports.settled();
    expect(ports.list()).toEqual([]);
    await expect(listingAt(`http://127.0.0.1:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  it('can go from one profile to another', async () => {
    await serve();
    const port = await freePort();
    await core.profiles.save({ ...profile('reader'), port }, 'reader');
    await ports.settled();
    await core.configuration.update((now) => ({
      ...now,
      profiles: now.profiles.map(({ port: had, ...one }) =>
        one.name === 'other' ? { ...one, port: had ?? port } : one,
      ),
    }));
    await ports.settled();
    expect(await listingAt(ports.list()[0]?.url)).toBe('other');
  });

  it('that is taken is told of, and keeps nothing else from being served', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const bound = squatter.address();
    const taken = typeof bound === 'object' && bound ? bound.port : 0;
    await core.profiles.save({ ...profile('reader'), port: taken }, 'reader');
    await core.profiles.save({ ...profile('other'), port: await freePort() }, 'other');
    await serve();
    expect(ports.list()).toMatchObject([
      { profile: 'reader', url: null, problem: expect.stringContaining(`Port ${taken}`) as string },
      { profile: 'other', url: expect.any(String) as string },
    ]);
    await new Promise((resolve) => squatter.close(resolve));
  });
});

function profile(name: string) {
  const found = core.configuration.current.profiles.find((one) => one.name === name);
  if (!found) throw new Error(`no profile ${name}`);
  const { port: _port, ...rest } = found;
  return rest;
}
