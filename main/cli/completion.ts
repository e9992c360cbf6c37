/** `latchkey completion SHELL`: has a shell complete commands, options and profiles. */
import { Failure } from '../failure.ts';
import { command } from './command.ts';
import { completionScripts } from './completion-scripts.ts';

const scripts = new Map<string, string>(Object.entries(completionScripts));

export const completion = command({
  summary: 'print what makes a shell complete commands, options, profiles and keys',
  details: `
    bash: put source <(latchkey completion bash) into ~/.bashrc.

    zsh: put source <(latchkey completion zsh) into ~/.zshrc, after compinit.

    fish: latchkey completion fish > ~/.config/fish/completions/latchkey.fish

    PowerShell: put latchkey completion powershell | Out-String | Invoke-Expression into $PROFILE.

    Names are asked of the running Latchkey each time; without one only commands and options are completed.
  `,
  examples: ['source <(latchkey completion bash)'],
  operands: { shell: { kind: [...scripts.keys()] } },
  async run({ operands: { shell } }) {
    const script = scripts.get(shell);
    if (script === undefined)
      throw new Failure(
        'InvalidInput',
        `there is none for ${JSON.stringify(shell)}; there is ${[...scripts.keys()].join(', ')}`,
      );
    process.stdout.write(script);
  },
});
