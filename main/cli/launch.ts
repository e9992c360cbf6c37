/** A launch with a profile: what `exec` and `shell` do before they start their program. */
import type { Answer } from '../../preload/contract.ts';
import type { BrokerClient, Launch, LaunchAccess } from '../control/client.ts';
import { Codes } from './codes.ts';
import { refusalOf } from './command.ts';
import { matchProfileToGive } from './match.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { promptOf } from './prompts.ts';
import { WatchedState } from './watched-state.ts';

/** What a program is started with. Disposing of it ends its token. */
export interface OpenLaunch extends Disposable {
  readonly profile: string;
  readonly access: LaunchAccess;
  /** Resolves when the token opens nothing any more. */
  readonly over: Promise<void>;
}

/**
 * Opens a launch, and waits until there is a session. What that takes of a person is asked for on the terminal; without
 * one it waits for the window. Standard input is left alone: it is the program's.
 * @param typed the profile's name, or on a terminal a part of it that fits no other
 * @throws Refusal why there is none; as `BrokerClient.launch`
 */
export async function openLaunch(broker: BrokerClient, typed: string): Promise<OpenLaunch> {
  let profile = typed;
  let launch = await broker.launch(profile);
  try {
    let access = await accessOf(broker, profile, launch);
    if ('problem' in access && access.problem.code === 'NotFound') {
      launch[Symbol.dispose]();
      // Only now: there may be thousands, and a script gives the whole name.
      profile = matchProfileToGive(typed, await profileNames(broker));
      launch = await broker.launch(profile);
      access = await accessOf(broker, profile, launch);
    }
    if ('problem' in access) throw refusalOf(access.problem);
    const { over } = launch;
    const dispose = launch[Symbol.dispose];
    return { profile, access: access.value, over, [Symbol.dispose]: dispose };
  } catch (error) {
    launch[Symbol.dispose]();
    throw error;
  }
}

async function profileNames(broker: BrokerClient): Promise<string[]> {
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  return state.value.profiles.map(({ profile }) => profile.name);
}

async function accessOf(broker: BrokerClient, name: string, launch: Launch): Promise<Answer<LaunchAccess>> {
  const terminal = launch.isWaiting ? openTerminal() : undefined;
  if (!terminal) return launch.access;
  const ended = new AbortController();
  try {
    await askFor(broker, name, launch, terminal, ended.signal);
    return await launch.access;
  } finally {
    ended.abort();
    terminal[Symbol.dispose]();
  }
}

async function askFor(
  broker: BrokerClient,
  name: string,
  launch: Launch,
  terminal: Terminal,
  ended: AbortSignal,
): Promise<void> {
  const state = await WatchedState.follow(broker, ended);
  const isUnanswered = () => state.approvalRequests.some(({ profile }) => profile === name) || undefined;
  void state.until(isUnanswered).then(() => {
    terminal.write(
      `${name} is protected: allow it in the Latchkey window, or in another terminal with: latchkey approvals\n`,
    );
  });
  const codes = new Codes(broker, state, terminal);
  try {
    await codes.give(launch.access, name, () => promptOf(state, name));
  } finally {
    codes[Symbol.dispose]();
  }
}
