/** A change of the environment in the words of a shell. */
import { Refusal } from './command.ts';
import type { EnvironmentChange } from './launch-environment.ts';

export const shells = ['sh', 'fish', 'powershell', 'cmd'] as const;
/** `sh` stands for all that speak its language: bash, zsh, dash, ksh. */
export type Shell = (typeof shells)[number];

interface Words {
  set(name: string, value: string): string;
  unset(names: readonly string[]): string[];
}

const wordsOf: Readonly<Record<Shell, Words>> = {
  sh: {
    set: (name, value) => `export ${name}=${/^[\w/.:,@%+-]+$/.test(value) ? value : quotedForSh(value)}`,
    unset: (names) => [`unset ${names.join(' ')}`],
  },
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`,
    unset: (names) => [`set -e ${names.join(' ')}`],
  },
  powershell: {
    set: (name, value) => `$Env:${name} = '${value.replaceAll("'", "''")}'`,
    unset: (names) => [`Remove-Item -ErrorAction Ignore ${names.map((name) => `Env:${name}`).join(', ')}`],
  },
  cmd: {
    set: (name, value) => `set "${name}=${value}"`,
    unset: (names) => names.map((name) => `set "${name}="`),
  },
};

/** The lines that make a change: what is taken out first. @throws Refusal where the shell cannot write a value */
export function linesFor(shell: Shell, change: EnvironmentChange): string[] {
  const words = wordsOf[shell];
  const unset = Object.keys(change).filter((name) => change[name] === undefined);
  const set = Object.entries(change).flatMap(([name, value]) => {
    if (value === undefined) return [];
    // A line's end would begin another command where the lines are read one by one; cmd has no way to write these.
    if (/[\r\n\0]/.test(value) || (shell === 'cmd' && /["%]/.test(value)))
      throw new Refusal(`the value of ${name} cannot be written in a line of ${shell}`);
    return [words.set(name, value)];
  });
  return [...(unset.length === 0 ? [] : words.unset(unset)), ...set];
}

/** A word of a POSIX shell. */
export function quotedForSh(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
