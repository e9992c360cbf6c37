/** A program with a profile of its own, in the place of this process. */
import { ownBroker } from './command.ts';
import { LaunchFolder } from './launch-folder.ts';
import { openLaunch, type OpenLaunch } from './launch.ts';
import { say } from './output.ts';
import { endLike, ProgramNotStarted, runProgram, type End } from './program.ts';

export interface Program {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether it asks the broker for credentials as long as it runs. */
  readonly isServed: boolean;
}

/**
 * Runs a program with a profile, and ends this process as the program ends.
 * @param typed the profile's name, or on a terminal a part of it that fits no other
 * @param prepare makes the program out of the launch; its files are in a folder that is removed afterwards
 * @throws as `openLaunch` and `prepare`; then no program was started
 */
export async function runWithProfile(
  typed: string,
  prepare: (launch: OpenLaunch, folder: LaunchFolder) => Promise<Program>,
): Promise<never> {
  const launch = await openLaunch(ownBroker(), typed);
  const folder = new LaunchFolder();
  let end: End;
  let isRunning = true;
  try {
    const { command, env, isServed } = await prepare(launch, folder);
    void launch.over.then(() => {
      if (isServed && isRunning)
        say('latchkey: Latchkey has ended; what was started goes on, and gets no new credentials');
    });
    end = await runProgram(command, env);
  } catch (error) {
    if (!(error instanceof ProgramNotStarted)) throw error;
    say(`latchkey: ${error.message}`);
    end = { status: error.status };
  } finally {
    isRunning = false;
    folder[Symbol.dispose]();
    launch[Symbol.dispose]();
  }
  return endLike(end);
}
