import { devNull } from 'node:os';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromInstanceMetadata } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBroker, type Broker } from '../../main/broker.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { noPower } from '../../main/platform/no-power.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Resources } from '../../main/resources.ts';
import type { CallName, Input } from '../../preload/contract.ts';
import { accessKey, profiles, world } from '../demo/sample.ts';
import { endpointUrlSts, temporaryHome } from '../fixtures/core.ts';
import { startEmbeddedSts, type EmbeddedSts } from '../sts/embedded-sts.ts';
import { needPython } from '../sts/python.ts';
import { personEnvironment, python, run } from './run-demo.ts';

/** Long enough for a program to start and ask STS with what is left of it, short enough to wait for its end. */
const sessionSeconds = 8;
const arn = 'arn:aws:sts::777788889999:assumed-role/Auditor/alice';
const region = 'eu-central-1';

const opened = new Resources();
let sts: EmbeddedSts;
let broker: Broker;

beforeAll(async () => {
  const { path: home } = opened.use(await temporaryHome());
  sts = opened.use(await startEmbeddedSts(world));
  sts.faults.sessionSeconds = sessionSeconds;
  opened.use(endpointUrlSts(sts.url));
  broker = opened.use(
    await startBroker({
      home,
      port: 0,
      version: '0.0.0',
      clock: systemClock,
      secrets: memorySecretStore(),
      peer: peerIdentity(),
      power: noPower,
      openInterface: () => Promise.resolve(null),
    }),
  );
  await call('keys.add', accessKey);
  for (const { profile } of profiles) await call('profiles.save', { profile });
  await call('profiles.use', { name: 'audit' });
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', broker.endpoint.url);
  vi.stubEnv('AWS_CONFIG_FILE', devNull);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', devNull);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await opened[Symbol.asyncDispose]();
});

async function call<Name extends CallName>(name: Name, input: Input<Name>): Promise<void> {
  expect(await broker.service.call(name, input)).not.toHaveProperty('problem');
}

type Credentials = Awaited<ReturnType<ReturnType<typeof fromInstanceMetadata>>>;

/** A fresh SDK's credentials, without IMDS's version 1. */
function credentialsOfJavaScript(): Promise<Credentials> {
  return fromInstanceMetadata({ ec2MetadataV1Disabled: true })();
}

async function arnOf(credentials: Credentials): Promise<string | undefined> {
  using client = new DisposableClient({ endpoint: sts.url, region, credentials, maxAttempts: 1 });
  return (await client.send(new GetCallerIdentityCommand())).Arn;
}

class DisposableClient extends STSClient implements Disposable {
  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Resolves once a session was had that did not exist at the call. */
async function renewal(): Promise<void> {
  const { AssumeRole: before = 0 } = sts.calls();
  await vi.waitFor(() => expect(sts.calls()['AssumeRole'] ?? 0).toBeGreaterThan(before), 30_000);
}

describe('After a short-lived session was renewed its successor is served', () => {
  test('to the AWS SDK for JavaScript, while the first one ends', async () => {
    const first = await credentialsOfJavaScript();
    expect(await arnOf(first)).toBe(arn);
    await renewal();
    const second = await vi.waitFor(async () => {
      const credentials = await credentialsOfJavaScript();
      expect(credentials.sessionToken).not.toBe(first.sessionToken);
      return credentials;
    }, 5_000);
    expect(await arnOf(second)).toBe(arn);

    await vi.waitFor(() => expect(arnOf(first)).rejects.toThrow('expired'), {
      timeout: 30_000,
      interval: 500,
    });
    expect(await arnOf(await credentialsOfJavaScript())).toBe(arn);
  }, 90_000);

  describe('in Python', () => {
    needPython(['boto3', 'awscli']);

    function environment(): NodeJS.ProcessEnv {
      return {
        ...personEnvironment(),
        AWS_EC2_METADATA_SERVICE_ENDPOINT: broker.endpoint.url,
        AWS_ENDPOINT_URL_STS: sts.url,
        AWS_DEFAULT_REGION: region,
        AWS_CONFIG_FILE: devNull,
        AWS_SHARED_CREDENTIALS_FILE: devNull,
      };
    }

    test.each([
      ['boto3', ['-c', 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])']],
      ['the AWS CLI', ['-m', 'awscli', 'sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text']],
    ])(
      'to %s',
      async (_client, args) => {
        expect(await run(python, args, environment())).toEqual({ status: 0, stdout: `${arn}\n`, stderr: '' });
        await renewal();
        expect(await run(python, args, environment())).toEqual({ status: 0, stdout: `${arn}\n`, stderr: '' });
      },
      90_000,
    );
  });
});
