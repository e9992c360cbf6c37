/** The steps of a profile’s chain as the interface and the command are told them. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Chain } from '../../preload/contract.ts';
import { chainSchema } from '../../preload/contract.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';
import { aliceArn, aliceSerial } from '../sts/sample-world.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let own: TestBroker;
beforeEach(async () => {
  own = await startTestBroker();
});
afterEach(() => own[Symbol.asyncDispose]());

async function chainOf(name: string): Promise<Chain> {
  return chainSchema.parse(await own.call('chain.read', { name }));
}

it('leads from the key through the code and each role to the profile', async () => {
  const common = { region: 'eu-central-1', externalId: 'corp-17' };
  const roleArn = 'arn:aws:iam::444455556666:role/Chained';
  await own.call('profiles.save', {
    profile: { name: 'above', roleArn, base: { profile: 'guarded' }, ...common },
  });
  const { key, steps } = await chainOf('above');
  expect(key).toMatchObject({ label: 'work', userArn: aliceArn });
  expect(steps).toMatchObject([
    { operation: 'GetSessionToken', mfaSerial: aliceSerial, durationSeconds: 43_200 },
    { operation: 'AssumeRole', profile: 'guarded', roleArn: 'arn:aws:iam::444455556666:role/Guarded' },
    { operation: 'AssumeRole', profile: 'above', roleArn, externalId: 'corp-17', durationSeconds: 3600 },
  ]);
});

it('has the code at the role itself where that takes it', async () => {
  await own.call('profiles.save', {
    profile: {
      name: 'direct',
      roleArn: 'arn:aws:iam::444455556666:role/Guarded',
      base: { key: 'work' },
      region: 'eu-central-1',
      mfaSerial: aliceSerial,
      mfaMode: 'direct',
    },
  });
  expect((await chainOf('direct')).steps).toMatchObject([
    { operation: 'AssumeRole', profile: 'direct', mfaSerial: aliceSerial },
  ]);
});

it('tells of a refusal with AWS’s code and words', async () => {
  await expect(own.call('profiles.use', { name: 'refused' })).rejects.toThrow();
  expect((await chainOf('refused')).steps).toMatchObject([
    { session: { state: 'failed', problem: { code: 'Refused', awsCode: 'AccessDenied' } } },
  ]);
});

it('is refused for a profile that is not there', async () => {
  await expect(own.call('chain.read', { name: 'nobody' })).rejects.toThrow('nobody');
});
