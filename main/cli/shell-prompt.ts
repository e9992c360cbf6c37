/** Interactive shells that show in their prompt which profile they have, whatever the person's own settings do. */
import { basename } from 'node:path';
import type { EnvironmentChange } from './launch-environment.ts';
import type { LaunchFolder } from './launch-folder.ts';
import { linesFor, quotedForSh } from './shell-lines.ts';

export interface MarkedShell {
  readonly command: readonly string[];
  readonly variables: EnvironmentChange;
}

/**
 * A shell that reads the person's own settings and is then set right: `change` is made again, since those may set
 * AWS_PROFILE, and the prompt is marked.
 * @param path the shell's program
 * @param change what is to hold in it; it gets into a file and arguments, so it has no secret
 */
export async function markedShell(
  path: string,
  profile: string,
  change: EnvironmentChange,
  folder: LaunchFolder,
): Promise<MarkedShell> {
  const mark = `(latchkey ${profile}) `;
  switch (basename(path)) {
    case 'bash':
      return bash(path, mark, change, folder);
    case 'zsh':
      return zsh(path, mark, change, folder);
    case 'fish':
      return { command: [path, '--init-command', fishLines(mark, change)], variables: {} };
    default:
      // dash, ksh and their like take their prompt from the environment, unless a file of the person's sets it.
      return { command: [path], variables: { PS1: `${mark}$ ` } };
  }
}

async function bash(
  path: string,
  mark: string,
  change: EnvironmentChange,
  folder: LaunchFolder,
): Promise<MarkedShell> {
  const settings = await folder.write(
    'bashrc',
    `[ -r ~/.bashrc ] && . ~/.bashrc
${linesFor('sh', change).join('\n')}
__latchkey_mark() {
  case $PS1 in *${quotedForSh(mark)}*) ;; *) PS1=${quotedForSh(mark)}$PS1 ;; esac
}
# A list since bash 5.1. Last, since others put the prompt together here.
if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
  PROMPT_COMMAND+=(__latchkey_mark)
else
  PROMPT_COMMAND="\${PROMPT_COMMAND:+$PROMPT_COMMAND
}__latchkey_mark"
fi
`,
  );
  return { command: [path, '--rcfile', settings], variables: {} };
}

/** zsh looks for its files in ZDOTDIR. There are ours, which lead it back to the person's. */
async function zsh(
  path: string,
  mark: string,
  change: EnvironmentChange,
  folder: LaunchFolder,
): Promise<MarkedShell> {
  const ours = await folder.path();
  const before = process.env['ZDOTDIR'];
  await folder.write(
    '.zshenv',
    `${before === undefined ? 'unset ZDOTDIR' : `ZDOTDIR=${quotedForSh(before)}`}
[[ -r \${ZDOTDIR:-$HOME}/.zshenv ]] && . "\${ZDOTDIR:-$HOME}/.zshenv"
if [[ -o interactive ]]; then
  __latchkey_zdotdir=$ZDOTDIR
  ZDOTDIR=${quotedForSh(ours)}
fi
`,
  );
  await folder.write(
    '.zshrc',
    `if [[ -n $__latchkey_zdotdir ]]; then ZDOTDIR=$__latchkey_zdotdir; else unset ZDOTDIR; fi
unset __latchkey_zdotdir
# The system's settings may have put it where they found ZDOTDIR.
[[ $HISTFILE == ${quotedForSh(ours)}/* ]] && HISTFILE=\${ZDOTDIR:-$HOME}/.zsh_history
[[ -r \${ZDOTDIR:-$HOME}/.zshrc ]] && . "\${ZDOTDIR:-$HOME}/.zshrc"
${linesFor('sh', change).join('\n')}
__latchkey_mark() {
  [[ $PROMPT == *${quotedForSh(mark)}* ]] || PROMPT=${quotedForSh(mark)}$PROMPT
}
precmd_functions+=(__latchkey_mark)
`,
  );
  return { command: [path], variables: { ZDOTDIR: ours } };
}

function fishLines(mark: string, change: EnvironmentChange): string {
  return `
${linesFor('fish', change).join('\n')}
functions --query fish_prompt; or function fish_prompt; printf '%s> ' (prompt_pwd); end
functions --copy fish_prompt __latchkey_prompt
function __latchkey_status; return $argv[1]; end
function fish_prompt
  set -l last $status
  printf '%s' '${mark}'
  __latchkey_status $last
  __latchkey_prompt
end
`;
}
