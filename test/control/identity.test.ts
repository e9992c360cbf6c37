/** What the `latchkey` command is told about the program in whose place it asks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerAddress } from '../../main/control/address.ts';
import { brokerAt, type BrokerClient } from '../../main/control/client.ts';
import { Secret } from '../../main/secret.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { openSts } from '../../main/sts/sts.ts';
import type { Identity } from '../../preload/contract.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';

let own: TestBroker;
let command: BrokerClient;

beforeEach(async () => {
  own = await startTestBroker();
  command = brokerAt(brokerAddress(own.broker.home));
});
afterEach(() => own[Symbol.asyncDispose]());

async function identity(address?: string): Promise<Identity> {
  const answer = await command.commandCall('identity.read', { address });
  if ('problem' in answer) throw new Error(`${answer.problem.code}: ${answer.problem.message}`);
  return answer.value;
}

describe('the identity of a program here', () => {
  it('is that of the active profile, where nothing else decides', async () => {
    await own.call('profiles.use', { name: 'reader' });
    expect(await identity()).toMatchObject({
      profile: 'reader',
      rule: 'active',
      accountId: '444455556666',
      roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
      protected: false,
      session: { state: 'active', expiresAtMs: expect.any(Number) as number },
      endpoint: own.broker.endpoint.url,
    });
  });

  it('is named by the ARN that STS itself tells for its session', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const answer = await command.credentials('reader');
    if ('problem' in answer) throw new Error(answer.problem.message);
    const document = JSON.parse(answer.value) as Record<string, string>;
    const credentials = {
      accessKeyId: document['AccessKeyId'] ?? '',
      secretAccessKey: new Secret(document['SecretAccessKey'] ?? ''),
      sessionToken: new Secret(document['SessionToken'] ?? ''),
    };
    using sts = openSts(systemClock);
    expect((await identity()).arn).toBe((await sts.getCallerIdentity(credentials, 'eu-central-1')).arn);
  });

  it('follows the folder that it works in', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await own.call('folders.set', { folder: process.cwd(), profile: 'long-reader' });
    expect(await identity()).toMatchObject({ profile: 'long-reader', rule: 'folder' });
  });

  it('follows its terminal before that', async () => {
    await own.call('folders.set', { folder: process.cwd(), profile: 'long-reader' });
    await command.commandCall('bindings.set', { profile: 'guarded' });
    expect(await identity()).toMatchObject({
      profile: 'guarded',
      rule: 'terminal',
      session: { state: 'idle' },
    });
  });

  it('is that of the profile whose own address its environment names', async () => {
    await own.call('profiles.use', { name: 'reader' });
    const { url } = own.broker.endpoint;
    expect(await identity(`${url}container/long-reader`)).toMatchObject({
      profile: 'long-reader',
      rule: 'name',
    });
    // These serve several.
    for (const address of [url, 'http://169.254.169.254/'])
      expect(await identity(address)).toMatchObject({ profile: 'reader', rule: 'active' });
    await expect(identity(`${url}container/nobody`)).rejects.toThrow(/^NotFound: There is no profile/);
  });

  it('acquires nothing', async () => {
    await command.commandCall('bindings.set', { profile: 'long-reader' });
    own.sts.resetCalls();
    await identity();
    expect(own.sts.calls()).toEqual({});
  });

  it('is nobody’s where no profile is active, and while locked', async () => {
    await expect(identity()).rejects.toThrow(/^NotFound: No profile is active/);
    await own.call('profiles.use', { name: 'reader' });
    await own.call('sessions.lock', {});
    await expect(identity()).rejects.toThrow(/^Locked: /);
  });
});
