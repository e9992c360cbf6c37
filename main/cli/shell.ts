/** `latchkey shell PROFILE`: a shell with a profile's credentials. */
import { userInfo } from 'node:os';
import { copiesWithoutCredentials } from './aws-files.ts';
import { command, Refusal } from './command.ts';
import { changed, containerVariables, launchChange, type EnvironmentChange } from './launch-environment.ts';
import { runWithProfile } from './launched-program.ts';
import { markedShell } from './shell-prompt.ts';

export const shell = command({
  summary: 'start a shell with a profile’s credentials, and a mark in its prompt',
  details: `
    It is the shell that SHELL names, with your own settings, and ends as it does: exit, or Ctrl-D. All that is started
    in it has PROFILE’s credentials, as with latchkey exec; LATCHKEY_PROFILE names it.

    bash, zsh and fish show the mark whatever their settings do. Others take it from PS1, where no file sets that; in
    those that know no PS1 (tcsh, nushell, PowerShell) there is none, and settings that set AWS_PROFILE win.
  `,
  examples: ['latchkey shell billing'],
  operands: {
    profile: { kind: 'profile', summary: 'its name; on a terminal also a part of it that fits no other' },
  },
  async run({ operands }) {
    const outer = process.env['LATCHKEY_PROFILE'];
    // Two marks in one prompt, and two shells to leave: nobody means that.
    if (outer)
      throw new Refusal(
        `this runs with the profile ${outer} already; leave that first (exit), or run one command with: latchkey exec ${operands.profile} -- COMMAND`,
      );
    await runWithProfile(operands.profile, async ({ profile, access }, folder) => {
      const change = {
        ...launchChange(process.env, { profile, region: access.region }),
        ...(await copiesWithoutCredentials(process.env, folder)),
      };
      const given = containerVariables(access);
      const { command, variables } = await markedShell(
        ownShell(),
        profile,
        withoutSecret({ ...change, ...given }),
        folder,
      );
      const env = changed(process.env, { ...change, ...given, ...variables });
      return { command, env, isServed: true };
    });
  },
});

/** Without the token, which stays as the shell was given it. */
function withoutSecret(change: EnvironmentChange): EnvironmentChange {
  return Object.fromEntries(
    Object.entries(change).filter(([name]) => name !== 'AWS_CONTAINER_AUTHORIZATION_TOKEN'),
  );
}

function ownShell(): string {
  return process.env['SHELL'] || userInfo().shell || '/bin/sh';
}
