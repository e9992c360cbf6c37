/** Where each step of a chain stands by itself: what a person is shown of the way to a session. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chainOf, stepsOf } from '../../main/sessions/chain.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { roles, startEngine, type Engine } from './engine.ts';

let engine: Engine;

beforeEach(async () => {
  engine = await startEngine();
  const { core } = engine;
  await core.addProfile({ name: 'long', roleArn: roles.longReader, mfaSerial: aliceSerial });
  await core.addProfile({ name: 'chained', roleArn: roles.chained, base: { profile: 'long' } });
});
afterEach(() => engine[Symbol.asyncDispose]());

/** The states of a profile's steps, from the key on, each with the code of its own problem. */
function states(name: string): string[] {
  const { configuration, sessions } = engine.core;
  const profile = configuration.current.profiles.find((each) => each.name === name);
  if (!profile) throw new Error(`no ${name}`);
  return stepsOf(chainOf(configuration.current, profile)).map((step) => {
    const { state, problem } = sessions.standingOf(step);
    return problem ? `${state}: ${problem.failure.code}` : state;
  });
}

it('is idle for each before anybody asked', () => {
  expect(states('chained')).toEqual(['idle', 'idle', 'idle']);
});

it('while a code is waited for, only the step that takes it waits', async () => {
  const acquired = engine.byPerson('chained');
  await engine.untilPrompted();
  expect(states('chained')).toEqual(['waitingForMfa', 'idle', 'idle']);
  await engine.giveCode();
  await acquired;
  expect(states('chained')).toEqual(['active', 'active', 'active']);
});

it('a step that others share is told of in a chain that nobody asked for', async () => {
  await engine.acquireWithCode('long');
  expect(states('chained')).toEqual(['active', 'active', 'idle']);
});

it('a refusal is told of the step that was refused, not of those above it', async () => {
  await engine.core.addProfile({ name: 'refused', roleArn: roles.refused });
  await engine.core.addProfile({ name: 'above', roleArn: roles.chained, base: { profile: 'refused' } });
  await expect(engine.byPerson('above')).rejects.toMatchObject({ code: 'Refused' });
  expect(states('above')).toEqual(['failed: Refused', 'idle']);
  expect(engine.core.sessions.standing('above').state).toBe('failed');
});

it('a refusal above leaves the steps below as they are', async () => {
  await engine.core.addProfile({ name: 'refused', roleArn: roles.refused, base: { profile: 'long' } });
  const acquired = engine.byPerson('refused');
  await engine.giveCode();
  await expect(acquired).rejects.toMatchObject({ code: 'Refused' });
  expect(states('refused')).toEqual(['active', 'active', 'failed: Refused']);
});

it('a code that was declined stays with its own step, also once another profile has had it given', async () => {
  const acquired = engine.byPerson('chained');
  await engine.untilPrompted();
  engine.core.sessions.desk.cancel(aliceSerial);
  await expect(acquired).rejects.toMatchObject({ code: 'MfaRequired' });
  expect(states('chained')).toEqual(['failed: MfaRequired', 'idle', 'idle']);
  await engine.acquireWithCode('long');
  expect(states('chained')).toEqual(['active', 'active', 'idle']);
});
