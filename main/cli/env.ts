/** `latchkey env [PROFILE]`: lines for a shell that point SDKs at the endpoint. */
import type { State } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { callingShell } from './calling-shell.ts';
import { command, ownBroker, Refusal, refusalOf } from './command.ts';
import {
  noProxyUndone,
  noProxyVariables,
  otherCredentials,
  regionVariables,
  type EnvironmentChange,
} from './launch-environment.ts';
import { matchName } from './match.ts';
import { print, say } from './output.ts';
import { linesFor, quotedForSh, shells, type Shell } from './shell-lines.ts';

export const env = command({
  summary: 'print lines that point the SDKs of a shell at the endpoint',
  details: `
    Without PROFILE it is the endpoint that serves each program its own profile, so later switches count. With PROFILE it
    is that profile’s own port, which it must have, and its region. No line holds a secret.

    The lines take out what would win over the endpoint, such as AWS_PROFILE and AWS_ACCESS_KEY_ID. Credentials in
    ~/.aws or ~/.boto win all the same: latchkey exec and latchkey shell see to that, and latchkey whoami tells.
  `,
  examples: [
    'eval "$(latchkey env)"',
    'latchkey env billing --shell fish | source',
    'eval "$(latchkey env --unset)"',
  ],
  operands: {
    profile: { kind: 'profile', isOptional: true, summary: 'a profile that has a port of its own' },
  },
  options: {
    shell: {
      type: 'string',
      value: 'SHELL',
      kind: shells,
      summary: 'whose lines they are, unless for the shell that it is typed in; sh is for bash and zsh, too',
    },
    unset: { type: 'boolean', summary: 'takes out again what the lines have set' },
  },
  async run({ operands, options }) {
    const shell = options.shell === undefined ? callingShell() : shellNamed(options.shell);
    const change = options.unset ? undoing(operands.profile !== undefined) : await leading(operands.profile);
    for (const line of linesFor(shell, change)) print(line);
    if (process.stdout.isTTY) say(hints[shell](asTyped(operands.profile, options)));
  },
});

/** How each shell runs what a command line prints. */
const hints: Readonly<Record<Shell, (line: string) => string>> = {
  sh: (line) => `# To have it done: eval "$(${line})"`,
  fish: (line) => `# To have it done: ${line} | source`,
  powershell: (line) => `# To have it done: ${line} | Out-String | Invoke-Expression`,
  cmd: (line) => `rem To have it done: for /f "delims=" %i in ('${line}') do @%i`,
};

/** The command line that this is the run of. */
function asTyped(
  profile: string | undefined,
  { shell, unset }: { readonly shell?: string | undefined; readonly unset?: boolean | undefined },
): string {
  const words = ['latchkey', 'env'];
  if (profile !== undefined) words.push(/^[\w+=,.@-]+$/.test(profile) ? profile : quotedForSh(profile));
  if (shell !== undefined) words.push('--shell', shell);
  if (unset) words.push('--unset');
  return words.join(' ');
}

function shellNamed(name: string): Shell {
  const shell = shells.find((each) => each === name);
  if (shell !== undefined) return shell;
  throw new Failure(
    'InvalidInput',
    `--shell must be one of ${shells.join(', ')}, not ${JSON.stringify(name)}`,
  );
}

async function leading(typed: string | undefined): Promise<EnvironmentChange> {
  const state = await ownBroker().call('state.read', {});
  if ('problem' in state) throw refusalOf(state.problem);
  const place = typed === undefined ? { url: state.value.status.endpoint } : ownPort(state.value, typed);
  return {
    ...Object.fromEntries(otherCredentials.map((name) => [name, undefined])),
    AWS_EC2_METADATA_DISABLED: undefined,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: place.url,
    ...('region' in place ? regionVariables(place.region) : {}),
    ...noProxyVariables(process.env),
  };
}

/** @throws Refusal where a profile has no port of its own: there is no other way without a secret in the lines */
function ownPort(
  { status, profiles }: State,
  typed: string,
): { readonly url: string; readonly region: string } {
  const name = matchName(
    typed,
    profiles.map(({ profile }) => profile.name),
    'profile',
  );
  const port = status.endpoints.find(({ profile }) => profile === name);
  const region = profiles.find(({ profile }) => profile.name === name)?.profile.region;
  if (port?.url && region !== undefined) return { url: port.url, region };
  const reason = port?.problem === undefined ? 'has no port of its own' : `has no port now (${port.problem})`;
  throw new Refusal(
    `${name} ${reason}; use latchkey exec ${name} -- COMMAND, latchkey shell ${name}, latchkey use ${name} --here or latchkey token add`,
  );
}

function undoing(hasRegion: boolean): EnvironmentChange {
  return {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: undefined,
    ...(hasRegion ? { AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined } : {}),
    ...noProxyUndone(process.env),
  };
}
