import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MainPort } from '../../main/endpoint/main-port.ts';
import { Failure } from '../../main/failure.ts';
import type { Endpoint } from '../../main/endpoint/server.ts';
import { closeServer, listenOnLoopback } from '../../main/platform/loopback.ts';

let open: Set<number>;
let mainPort: MainPort;

/** A server on a port, as the endpoint is one. 0 takes any free one. */
async function serve(port: number): Promise<Endpoint & { readonly port: number }> {
  const server: Server = createServer();
  const bound = await listenOnLoopback(server, port);
  open.add(bound);
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/`,
    [Symbol.asyncDispose]: async () => {
      await closeServer(server);
      open.delete(bound);
    },
  };
}

/** A port that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const served = await serve(0);
  await served[Symbol.asyncDispose]();
  return served.port;
}

const saved = () => Promise.resolve();
const notSaved = () => Promise.reject(new Error('the disk is full'));

beforeEach(() => {
  open = new Set();
  mainPort = new MainPort(serve, undefined);
});
afterEach(() => mainPort[Symbol.asyncDispose]());

describe('the endpoint’s port', () => {
  it('moves to another, whose address is known before the change is written', async () => {
    const [one, other] = [await freePort(), await freePort()];
    await mainPort.start(one);
    let told = '';
    await mainPort.move(other, async () => {
      told = mainPort.url;
    });
    expect([told, mainPort.url, [...open]]).toEqual([
      `http://127.0.0.1:${other}/`,
      `http://127.0.0.1:${other}/`,
      [other],
    ]);
  });

  it('that is taken at the start is told with what can be done about it', async () => {
    const taken = () => Promise.reject(new Failure('PortTaken', 'Port 9254 is taken', { field: 'port' }));
    await expect(new MainPort(taken, undefined).start(9254)).rejects.toMatchObject({
      code: 'PortTaken',
      message: expect.stringMatching(/^Port 9254 is taken\. .*"port".* config\.json, or --port/) as string,
    });
  });

  it('that is taken is not moved to: the change is not written, and the old one goes on', async () => {
    const [one, taken] = [await freePort(), await serve(0)];
    await mainPort.start(one);
    let isSaved = false;
    const moved = mainPort.move(taken.port, async () => void (isSaved = true));
    await expect(moved).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect([isSaved, mainPort.url, open.has(one)]).toEqual([false, `http://127.0.0.1:${one}/`, true]);
    await taken[Symbol.asyncDispose]();
  });

  it('goes on where the change cannot be written, and the new one is closed', async () => {
    const [one, other] = [await freePort(), await freePort()];
    await mainPort.start(one);
    await expect(mainPort.move(other, notSaved)).rejects.toThrow('the disk is full');
    expect([mainPort.url, [...open]]).toEqual([`http://127.0.0.1:${one}/`, [one]]);
    await mainPort.move(other, saved);
    expect([...open]).toEqual([other]);
  });

  it('moves once after the other, and the last one counts', async () => {
    const [one, two, three] = [await freePort(), await freePort(), await freePort()];
    await mainPort.start(one);
    await Promise.all([mainPort.move(two, saved), mainPort.move(three, saved), mainPort.move(two, saved)]);
    expect([mainPort.url, [...open]]).toEqual([`http://127.0.0.1:${two}/`, [two]]);
  });

  it('that was chosen for this run stays: the change is written for the next one', async () => {
    const [chosen, other] = [await freePort(), await freePort()];
    await using fixed = new MainPort(serve, chosen);
    await fixed.start(9254);
    let isSaved = false;
    await fixed.move(other, async () => void (isSaved = true));
    expect([isSaved, fixed.url, [...open]]).toEqual([true, `http://127.0.0.1:${chosen}/`, [chosen]]);
  });

  it('is closed at the end, also while it moves', async () => {
    await mainPort.start(await freePort());
    const moving = mainPort.move(await freePort(), saved);
    await mainPort[Symbol.asyncDispose]();
    await moving;
    expect([...open]).toEqual([]);
  });
});
