import { test } from 'vitest';
import { appendFileSync } from 'node:fs';
import { startCore, type Core } from '../fixtures/core.ts';
import { serveCore, type ServedCore } from '../fixtures/endpoint.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { ask, compiledSdks, javascript, boto3 } from './sdks.ts';
const role = 'arn:aws:iam::444455556666:role/';
const imds: Record<string, (c: Core) => unknown> = {
  held: (c) => c.active.use('reader'),
  none: () => undefined,
  mfa: (c) => c.active.use('guarded'),
  refused: (c) => c.active.use('refused'),
  locked: async (c) => { await c.active.use('reader'); c.sessions.lock(); },
  unreachable: async (c) => { c.sts.faults.drop = { action: 'AssumeRole' }; await c.active.use('reader'); },
};
const container: Record<string, [string, (c: Core) => unknown, string?]> = {
  held: ['long', () => undefined],
  token: ['long', () => undefined, 'none'],
  other: ['long', () => undefined, 'other'],
  mfa: ['guarded', () => undefined],
  refused: ['refused', () => undefined],
  locked: ['long', (c) => c.sessions.lock()],
  unreachable: ['long', (c) => { c.sts.faults.drop = { action: 'AssumeRole' }; }],
};
async function scene() {
  const core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'long', roleArn: role + 'LongReader' });
  await core.addProfile({ name: 'guarded', roleArn: role + 'Guarded', mfaSerial: aliceSerial });
  await core.addProfile({ name: 'refused', roleArn: role + 'NamesBobAbroad' });
  const endpoint = await serveCore(core, systemClock);
  return { core, endpoint, async [Symbol.asyncDispose]() { await endpoint[Symbol.asyncDispose](); await core[Symbol.asyncDispose](); } };
}
const log = (o: object) => appendFileSync('/tmp/h-probe.log', JSON.stringify(o) + '\n');
test('probe', async () => {
  for (const sdk of [...compiledSdks.sdks, javascript, boto3]) {
    if (process.env.WHICH !== 'container') for (const [name, set] of Object.entries(imds)) {
      await using s = await scene();
      await set(s.core); s.core.sts.resetCalls(); const t = Date.now();
      const answer = await ask(sdk, { AWS_EC2_METADATA_SERVICE_ENDPOINT: s.endpoint.url, AWS_ENDPOINT_URL_STS: s.core.sts.url, AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' }).catch((e) => ({ failed: String(e) }));
      log({ kind: 'imds', name, sdk: sdk.name, ms: Date.now() - t, calls: s.core.sts.calls(), answer });
    }
    for (const [name, [profile, set, token]] of Object.entries(container)) {
      await using s = await scene();
      await s.core.active.use('reader');
      await s.core.sessions.acquire({ cause: 'program', profile: 'reader' });
      const tok = (await s.endpoint.clients.containerTokens.create('a', token === 'other' ? 'reader' : profile)).reveal();
      await set(s.core); s.core.sts.resetCalls(); const t = Date.now();
      const answer = await ask(sdk, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${s.endpoint.url}container/${profile}`, AWS_CONTAINER_AUTHORIZATION_TOKEN: token === 'none' ? 'x'.repeat(43) : tok, AWS_EC2_METADATA_SERVICE_ENDPOINT: s.endpoint.url, AWS_ENDPOINT_URL_STS: s.core.sts.url, AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' }).catch((e) => ({ failed: String(e) }));
      log({ kind: 'container', name, sdk: sdk.name, ms: Date.now() - t, calls: s.core.sts.calls(), answer });
    }
  }
}, 900_000);
