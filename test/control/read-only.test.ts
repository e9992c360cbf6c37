/** Who may make a profile read-only or end that, and what follows from it, over the real local socket and from a window. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { brokerAddress } from '../../main/control/address.ts';
import { brokerAt, type BrokerClient } from '../../main/control/client.ts';
import type { ProfileView, State } from '../../preload/contract.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let own: TestBroker;
let command: BrokerClient;

beforeEach(async () => {
  own = await startTestBroker();
  command = brokerAt(brokerAddress(own.broker.home));
});
afterEach(() => own[Symbol.asyncDispose]());

async function viewOf(name: string): Promise<ProfileView | undefined> {
  const { profiles } = (await own.call('state.read', {})) as State;
  return profiles.find(({ profile }) => profile.name === name);
}

it('a program cannot end it', async () => {
  await own.call('profiles.setReadOnly', { name: 'reader', readOnly: true });
  expect(await command.call('profiles.setReadOnly', { name: 'reader', readOnly: false })).toMatchObject({
    problem: { code: expect.stringMatching(/Refused|ChallengeNeeded/) as string },
  });
  expect((await viewOf('reader'))?.profile.readOnly).toBe(true);
});

it('the active profile has its read-only session at once', async () => {
  await own.call('profiles.use', { name: 'reader' });
  await own.call('profiles.setReadOnly', { name: 'reader', readOnly: true });
  expect(await viewOf('reader')).toMatchObject({
    effectiveDurationSeconds: 900,
    session: { state: 'active' },
    sessionArn: 'arn:aws:sts::444455556666:assumed-role/Reader/alice',
  });
});

it('another one has it when it is asked for', async () => {
  await own.call('profiles.use', { name: 'long-reader' });
  await own.call('profiles.setReadOnly', { name: 'reader', readOnly: true });
  expect((await viewOf('reader'))?.session.state).toBe('idle');
});

it('a profile that does not exist cannot become so', async () => {
  await expect(own.call('profiles.setReadOnly', { name: 'nobody', readOnly: true })).rejects.toMatchObject({
    message: expect.stringContaining('nobody') as string,
  });
});
