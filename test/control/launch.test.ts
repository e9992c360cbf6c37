import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { brokerAddress } from '../../main/control/address.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';
import { ask } from '../fixtures/endpoint.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

/** Asks for a launch as a program does that starts another, and gives the open answer. */
async function launch(profile: string): Promise<IncomingMessage> {
  const socketPath = await brokerAddress(broker.broker.home);
  const sent = request({ socketPath, path: `/launch/${profile}`, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

interface Launched {
  token: string;
  url: string;
}

async function firstLine(response: IncomingMessage): Promise<Launched> {
  const [line] = (await once(response, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as Launched;
}

function credentialsWith({ token, url }: Launched) {
  return ask(url, new URL(url).pathname, { Authorization: token });
}

describe('a launch', () => {
  it('has a token for its profile, which ends when the connection that asked for it does', async () => {
    const response = await launch('reader');
    const launched = await firstLine(response);
    expect(JSON.parse((await credentialsWith(launched)).body)).toMatchObject({
      RoleArn: 'arn:aws:iam::444455556666:role/team/Reader',
    });
    response.destroy();
    await vi.waitFor(async () => expect((await credentialsWith(launched)).status).toBe(401));
  });

  it('of one profile opens no other', async () => {
    const response = await launch('reader');
    const { token, url } = await firstLine(response);
    expect((await credentialsWith({ token, url: url.replace('/reader', '/long-reader') })).status).toBe(403);
    response.destroy();
  });

  it('of no profile is refused with the reason', async () => {
    const response = await launch('nowhere');
    expect(response.statusCode).toBe(404);
    expect(await firstLine(response)).toMatchObject({ message: 'There is no profile "nowhere"' });
  });
});
