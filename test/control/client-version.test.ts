import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerOf, versionHeader } from '../../main/control/client.ts';
import type { State } from '../../preload/contract.ts';
import { buildCommand, run } from '../cli/latchkey.ts';
import { startTestBroker } from '../cli/test-broker.ts';
import { Resources } from '../../main/resources.ts';
import { temporaryHome } from '../fixtures/core.ts';

let opened: Resources;
beforeEach(() => {
  opened = new Resources();
});
afterEach(() => opened[Symbol.asyncDispose]());

/** A data folder with a broker that answers with this. */
async function brokerThatAnswers(text: string): Promise<string> {
  const { path } = opened.use(await temporaryHome());
  const socket = join(path, 'control.sock');
  const server = createServer((connection) => connection.once('data', () => connection.end(text)));
  server.listen(socket);
  await once(server, 'listening');
  opened.use({ [Symbol.dispose]: () => server.close() });
  await writeFile(join(path, 'control-address'), `${socket}\n`, { mode: 0o600 });
  return path;
}

const answer = (version: string) =>
  `HTTP/1.1 200 OK\r\n${version === '' ? '' : `${versionHeader}: ${version}\r\n`}\r\n{"value":{}}`;

describe('a command of version 1.2.0', () => {
  it('takes the answers of a broker of its version', async () => {
    const home = await brokerThatAnswers(answer('1.2.0'));
    expect(await brokerOf(home, '1.2.0').call('sessions.lock', {})).toEqual({ value: {} });
  });

  it.each([
    ['1.3.0', /version 1\.3\.0, and this is 1\.2\.0; restart it/],
    ['', /another version, and this is 1\.2\.0; restart it/],
  ])('takes none of one of version "%s", and says what to do', async (version, reason) => {
    const home = await brokerThatAnswers(answer(version));
    const asked = brokerOf(home, '1.2.0').call('sessions.lock', {});
    await expect(asked).rejects.toMatchObject({
      code: 'Internal',
      message: expect.stringMatching(reason) as string,
    });
  });

  it.each(['', 'HTTP/1.1 200 OK\r\n', `HTTP/1.1 200 OK\r\n${versionHeader}: 1.2.0\r\n\r\n{"val`])(
    'says that a broker has ended whose answer was cut: %j',
    async (text) => {
      const home = await brokerThatAnswers(text);
      const asked = brokerOf(home, '1.2.0').call('sessions.lock', {});
      await expect(asked).rejects.toMatchObject({ code: 'NotRunning' });
    },
  );

  it('has a broker of another version do nothing', async () => {
    const own = opened.use(await startTestBroker({ version: '1.3.0' }));
    const asked = brokerOf(own.broker.home, '1.2.0').call('profiles.pin', { name: 'reader', pinned: true });
    await expect(asked).rejects.toThrow('version 1.3.0, and this is 1.2.0');
    const { profiles } = (await own.call('state.read', {})) as State;
    expect(profiles.filter(({ profile }) => profile.pinned)).toEqual([]);
  });

  it('takes no event of another version', async () => {
    const home = await brokerThatAnswers(answer('1.3.0'));
    const events = brokerOf(home, '1.2.0').events(AbortSignal.timeout(5_000));
    await expect(events.next()).rejects.toMatchObject({ code: 'Internal' });
  });
});

it('a lock is obeyed whichever version a broker is of', async () => {
  await buildCommand();
  const own = opened.use(await startTestBroker({ version: '1.3.0' }));
  const { stdout } = await run(own.env, ['lock']);
  expect(stdout).toMatch(/^Locked: /);
  const { status } = (await own.call('state.read', {})) as State;
  expect(status.locked).toBe(true);
}, 120_000);
