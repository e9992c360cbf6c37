/** What gets no answer is told of all the same: a person is to see that somebody tried. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { composeClient, composePeer } from '../fixtures/clients.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { credentialsPath, serveCore, tokenHeader, tokenOf, type ServedCore } from '../fixtures/endpoint.ts';
import { needs } from '../platform/needs.ts';

let core: Core;
let endpoint: ServedCore;
let port: number;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'vault', protected: true });
  await core.active.use('vault');
  endpoint = await serveCore(core, systemClock);
  port = Number(new URL(endpoint.url).port);
});
afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** Sends bytes, and waits until the connection is closed. */
async function send(bytes: string, to = port): Promise<void> {
  const socket = connect(to, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(bytes);
  await once(socket, 'close');
}

function refusals(of = endpoint) {
  return of.clients.refusals.list().map(({ reason, count }) => `${reason}: ${count}`);
}

describe('a connection that is closed without an answer is counted with its reason', () => {
  it('where it is of another user', async ({ skip }) => {
    const root = needs(process.getuid?.() === 0, 'only root can start a program as another user');
    if (root.missing) skip(root.note);
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; read -u 3`;
    const asked = promisify(execFile)('/bin/bash', ['-c', script], { uid: 65_533, cwd: '/' });
    await asked.catch(() => undefined);
    expect(refusals()).toEqual(['the connection is not known to be of a program of this user: 1']);
  });

  it('where its user cannot be told', async () => {
    await using strict = await serveCore(core, systemClock, {
      peer: composePeer({ isOwnUser: () => Promise.resolve(false) }),
    });
    await send('GET / HTTP/1.1\r\n\r\n', Number(new URL(strict.url).port));
    expect(refusals(strict)).toEqual(['the connection is not known to be of a program of this user: 1']);
  });

  it.each([
    ['what it sends is no HTTP', '\x01bad\r\n\r\n', 'a request cannot be read'],
    [
      'its headers are too long',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`,
      'a request’s headers are too long',
    ],
  ])('where %s', async (_what, bytes, reason) => {
    await send(bytes);
    expect(refusals()).toEqual([`${reason}: 1`]);
  });

  it('where too many of its requests wait', async () => {
    await using served = await serveCore(core, systemClock, {
      peer: composePeer({ clientAt: () => Promise.resolve(composeClient()) }),
    });
    const { host } = new URL(served.url);
    const token = await tokenOf(served.url);
    const request = `GET ${credentialsPath}vault HTTP/1.1\r\nHost: ${host}\r\n${tokenHeader}: ${token}\r\n\r\n`;
    await send(request.repeat(20), Number(new URL(served.url).port));
    await vi.waitFor(() =>
      expect(refusals(served)).toContain('more than 8 requests wait on one connection: 1'),
    );
  });
});
