/** `latchkey use PROFILE --here` and `--folder DIR`: profiles of terminals and folders, beside the active one. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Output } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';
import { callAsPerson } from './as-person.ts';
import { Codes } from './codes.ts';
import { Refusal, refusalOf } from './command.ts';
import { matchName } from './match.ts';
import { oneLine, print } from './output.ts';
import { promptOf } from './prompts.ts';
import { WatchedState } from './watched-state.ts';

type Profile = Output<'profiles.use'>['profile'];

/** Gives the terminal a profile of its own, and returns when its session is held; with undefined takes it away. */
export async function useHere(broker: BrokerClient, typed: string | undefined): Promise<void> {
  const profile = await profileOf(broker, typed);
  const answer = await broker.commandCall('bindings.set', { profile: profile?.name ?? null });
  if ('problem' in answer) throw refusalOf(answer.problem);
  const { name, pid } = answer.value;
  const what = `everything started from ${oneLine(name)} (pid ${pid})`;
  if (profile === undefined) print(`No profile of its own any more for ${what}`);
  else await withSession(broker, profile, `${profile.name} is for ${what}, until that ends`);
}

/**
 * Gives a folder a profile of its own, once a person has confirmed it, and returns when its session is held; with
 * undefined takes it away.
 */
export async function useInFolder(
  broker: BrokerClient,
  folder: string,
  typed: string | undefined,
): Promise<void> {
  const path = wholePath(folder, typed === undefined);
  const profile = await profileOf(broker, typed);
  const answer = await callAsPerson(broker, 'folders.set', { folder: path, profile: profile?.name ?? null });
  if ('problem' in answer) throw refusalOf(answer.problem);
  if (profile === undefined) print(`No profile of its own any more for ${oneLine(path)}`);
  else await withSession(broker, profile, `${profile.name} is for programs that work in ${oneLine(path)}`);
}

/**
 * Waits for a session, and prints what was done.
 * @throws Refusal why there is none, with what was done all the same
 */
async function withSession(broker: BrokerClient, profile: Profile, done: string): Promise<void> {
  // A person allows the programs that ask, and this is none of them.
  if (profile.protected) {
    print(`${done}; it is protected: a person has to allow each program that asks`);
    return;
  }
  try {
    await untilSession(broker, profile.name);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`${error.message}; ${done}, and programs get no credentials until it has a session`, {
      cause: error,
    });
  }
  print(done);
}

/** Waits as a launch does, which is over then. Asks for the codes that this takes. @throws Refusal why there is none */
async function untilSession(broker: BrokerClient, name: string): Promise<void> {
  const launch = await broker.launch(name);
  const ended = new AbortController();
  let codes: Codes | undefined;
  try {
    if (launch.isWaiting) {
      const state = await WatchedState.follow(broker, ended.signal);
      codes = new Codes(broker, state);
      await codes.give(launch.access, name, () => promptOf(state, name));
    }
    const access = await launch.access;
    if ('problem' in access) throw refusalOf(access.problem);
  } finally {
    codes?.[Symbol.dispose]();
    ended.abort();
    launch[Symbol.dispose]();
  }
}

async function profileOf(broker: BrokerClient, typed: string | undefined): Promise<Profile | undefined> {
  if (typed === undefined) return undefined;
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const profiles = state.value.profiles.map(({ profile }) => profile);
  const name = matchName(
    typed,
    profiles.map((profile) => profile.name),
    'profile',
  );
  return profiles.find((profile) => profile.name === name);
}

/** As the system tells a program's working folder: with no links in it. One that is taken away may be gone. */
function wholePath(folder: string, mayBeGone: boolean): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    if (mayBeGone) return resolve(folder);
    throw new Failure('InvalidInput', `there is no folder ${JSON.stringify(folder)}`, { cause: error });
  }
}
