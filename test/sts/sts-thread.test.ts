import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Resources } from '../../main/resources.ts';
import { Secret } from '../../main/secret.ts';
import { StsThread } from '../../main/sts/sts-thread.ts';
import { endpointUrlSts, temporaryHome } from '../fixtures/core.ts';
import { startEmbeddedSts } from './embedded-sts.ts';
import { aliceKeys, sampleWorld } from './sample-world.ts';

const alice = {
  accessKeyId: aliceKeys.accessKeyId,
  secretAccessKey: new Secret(aliceKeys.secretAccessKey),
};
const reader = {
  region: 'eu-central-1',
  roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
  sessionName: 'alice',
  durationSeconds: 900,
  externalId: undefined,
  sessionPolicyArns: undefined,
  mfa: undefined,
};

let opened: Resources;
let sts: StsThread;

beforeEach(async () => {
  opened = new Resources();
  opened.use(endpointUrlSts(opened.use(await startEmbeddedSts(sampleWorld)).url));
  sts = opened.use(new StsThread());
});
afterEach(() => opened[Symbol.asyncDispose]());

describe('STS in a thread of its own', () => {
  it('gives sessions that AWS takes, of a key and of a session', async () => {
    const session = await sts.assumeRole(alice, reader);
    expect(await sts.getCallerIdentity(session, 'eu-central-1')).toEqual({
      accountId: '444455556666',
      arn: 'arn:aws:sts::444455556666:assumed-role/Reader/alice',
    });
    expect(session.expiresAtMs - session.issuedAtMs).toBeGreaterThan(890_000);
  });

  it('answers many calls at once, each with its own', async () => {
    const names = Array.from({ length: 10 }, (_, number) => `run-${number}`);
    const sessions = await Promise.all(
      names.map((sessionName) => sts.assumeRole(alice, { ...reader, sessionName })),
    );
    const identities = await Promise.all(
      sessions.map((session) => sts.getCallerIdentity(session, 'eu-central-1')),
    );
    expect(identities.map(({ arn }) => arn.split('/').at(-1))).toEqual(names);
  });

  it('tells why STS refused, in its words and with its request ID', async () => {
    const wrong = { ...alice, secretAccessKey: new Secret('je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY') };
    const failure: unknown = await sts.getCallerIdentity(wrong, 'us-east-1').catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'Refused',
      awsCode: 'SignatureDoesNotMatch',
      requestId: expect.stringMatching(/./),
    });
  });

  it('tells those who wait when it ends by a fault, and is there again for the next call', async () => {
    const { path } = opened.use(await temporaryHome());
    const file = join(path, 'worker.mjs');
    const faulty = opened.use(new StsThread(pathToFileURL(file)));
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit());`,
    );
    await expect(faulty.getCallerIdentity(alice, 'us-east-1')).rejects.toMatchObject({ code: 'Unreachable' });
    await writeFile(
      file,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ id }) => parentPort.postMessage({ id, outcome: { identity: 'there' } }));`,
    );
    expect(await faulty.getCallerIdentity(alice, 'us-east-1')).toBe('there');
  });

  it('leaves nobody waiting when it is disposed, and takes no call after that', async () => {
    const waiting = sts.assumeRole(alice, reader);
    sts[Symbol.dispose]();
    await expect(waiting).rejects.toMatchObject({ code: 'NotRunning' });
    await expect(sts.assumeRole(alice, reader)).rejects.toMatchObject({ code: 'NotRunning' });
  });
});
