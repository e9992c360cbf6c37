/** `latchkey exec PROFILE -- COMMAND`: runs a program with a profile's credentials. */
import { Failure } from '../failure.ts';
import { parseCommandLine, type OptionTable } from '../options.ts';
import { copiesWithoutCredentials } from './aws-files.ts';
import { Refusal, type SingleCommand } from './command.ts';
import { changed, containerVariables, launchChange } from './launch-environment.ts';
import type { OpenLaunch } from './launch.ts';
import { runWithProfile } from './launched-program.ts';
import { clockTime, inWords } from './output.ts';

const options = {
  env: {
    type: 'boolean',
    summary:
      'gives the credentials themselves in AWS_ACCESS_KEY_ID and the like, for programs that know no other way; they are not renewed',
  },
  duration: {
    type: 'string',
    value: 'TIME',
    summary: 'with --env: refuses where the session ends earlier (90m, 1h, or seconds)',
  },
} as const satisfies OptionTable;

export const exec: SingleCommand = {
  summary: 'run a command with a profile’s credentials',
  details: `
    The command gets a token of its own for the container endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI), which ends with
    it, and the profile’s region. Its credentials are renewed as long as it runs. It starts once there is a session: an
    MFA code is asked for on the terminal, and without one in the window.

    It gets no others: AWS_PROFILE, AWS_ACCESS_KEY_ID and their like are taken out, and where ~/.aws/config,
    ~/.aws/credentials or ~/.boto hold credentials it sees private copies without them, which are removed afterwards;
    what it writes to those is lost.

    Signals, terminal and exit status are the command’s own; 127 where there is no such program, 126 where it cannot be
    run. To outlive the terminal: latchkey exec PROFILE -- nohup COMMAND.
  `,
  examples: [
    'latchkey exec billing -- terraform plan',
    'latchkey exec sandbox --env --duration 15m -- ./old-tool',
  ],
  operands: {
    profile: { kind: 'profile', summary: 'its name; on a terminal also a part of it that fits no other' },
    command: { kind: 'command', summary: 'the program with its arguments' },
  },
  options,
  async run(argv) {
    const end = argv.indexOf('--');
    if (end === -1) throw invalid('COMMAND is missing; it goes after --');
    const { positionals, values } = parseCommandLine(argv.slice(0, end), options, ['PROFILE']);
    const [profile = ''] = positionals;
    const command = argv.slice(end + 1);
    if (command.length === 0 || command[0] === '') throw invalid('COMMAND is missing after --');
    const { env: isPlain = false, duration } = values;
    if (duration !== undefined && !isPlain)
      throw invalid('--duration goes with --env: without it, credentials are renewed');
    const leastMs = duration === undefined ? 0 : parseDurationMs(duration);
    await runWithProfile(profile, async (launch, folder) => {
      const change = launchChange(process.env, { profile: launch.profile, region: launch.access.region });
      if (isPlain) {
        const env = { ...changed(process.env, change), ...(await plainVariables(launch, leastMs)) };
        return { command, env, isServed: false };
      }
      const files = await copiesWithoutCredentials(process.env, folder);
      const env = changed(process.env, { ...change, ...files, ...containerVariables(launch.access) });
      return { command, env, isServed: true };
    });
  },
};

async function plainVariables({ profile, access }: OpenLaunch, leastMs: number) {
  // Only here: it brings schemas along.
  const { plainCredentials } = await import('./plain-credentials.ts');
  const { variables, expiresAtMs } = await plainCredentials(access);
  const leftMs = expiresAtMs - Date.now();
  if (leftMs < leastMs)
    throw new Refusal(
      `the session of ${profile} ends at ${clockTime(expiresAtMs)}, in ${inWords(leftMs)}: that is less than --duration ${inWords(leastMs)}; leave --env out, and credentials are renewed`,
    );
  return variables;
}

const unitMs: Readonly<Record<string, number>> = { '': 1000, s: 1000, m: 60_000, h: 3_600_000 };

function parseDurationMs(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  const durationMs = Number(digits) * (unitMs[unit] ?? Number.NaN);
  if (!(durationMs > 0))
    throw invalid(`--duration must be a time such as 90m, 1h or 3600 (seconds), not ${JSON.stringify(text)}`);
  return durationMs;
}

function invalid(message: string): Failure {
  return new Failure('InvalidInput', message);
}
