/** `latchkey use PROFILE --here` and `--folder DIR`: profiles of terminals and folders, beside the active one. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BrokerClient } from '../control/client.ts';
import { Failure } from '../failure.ts';
import { callAsPerson } from './as-person.ts';
import { refusalOf } from './command.ts';
import { matchName } from './match.ts';
import { oneLine, print } from './output.ts';

/** Gives the terminal a profile of its own; with undefined takes it away. */
export async function useHere(broker: BrokerClient, typed: string | undefined): Promise<void> {
  const profile = await profileOf(broker, typed);
  const answer = await broker.commandCall('bindings.set', { profile });
  if ('problem' in answer) throw refusalOf(answer.problem);
  const { name, pid } = answer.value;
  const what = `everything started from ${oneLine(name)} (pid ${pid})`;
  print(
    profile === null
      ? `No profile of its own any more for ${what}`
      : `${profile} is for ${what}, until that ends`,
  );
}

/** Gives a folder a profile of its own, once a person has confirmed it; with undefined takes it away. */
export async function useInFolder(
  broker: BrokerClient,
  folder: string,
  typed: string | undefined,
): Promise<void> {
  const path = wholePath(folder, typed === undefined);
  const profile = await profileOf(broker, typed);
  const answer = await callAsPerson(broker, 'folders.set', { folder: path, profile });
  if ('problem' in answer) throw refusalOf(answer.problem);
  print(
    profile === null
      ? `No profile of its own any more for ${oneLine(path)}`
      : `${profile} is for programs that work in ${oneLine(path)}`,
  );
}

async function profileOf(broker: BrokerClient, typed: string | undefined): Promise<string | null> {
  if (typed === undefined) return null;
  const state = await broker.call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  return matchName(
    typed,
    state.value.profiles.map(({ profile }) => profile.name),
    'profile',
  );
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
