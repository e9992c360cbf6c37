/** `latchkey status`: what is served, until when, and what stands in the way. */
import type { Problem, ProfileView, Prompt, State } from '../../preload/contract.ts';
import { parseCommandLine } from '../options.ts';
import { codeNotIn, ownBroker, refusalOf, type Command } from './command.ts';
import { clockTime, inWords, oneLine, print, styled } from './output.ts';

export const status: Command = {
  usage: 'status [--json]',
  summary: 'show the active profile, its session, MFA codes waited for and what failed',
  details: ['--json   the same as one JSON document; times are ISO 8601, lengths in seconds.'],
  example: 'latchkey status --json',
  async run(argv) {
    const { values } = parseCommandLine(argv, { json: { type: 'boolean' } }, []);
    const answer = await ownBroker().call('state.read', {});
    if ('problem' in answer) throw refusalOf(answer.problem);
    if (values.json) print(JSON.stringify(asDocument(answer.value), undefined, 2));
    else
      for (const [label, text] of asLines(answer.value)) print(`${styled('dim', label.padEnd(9))} ${text}`);
  },
};

/** Each line by its label. */
function asLines({ status, profiles }: State): [label: string, text: string][] {
  const active = profiles.find(({ profile }) => profile.name === status.active);
  const others = profiles.filter((view) => view !== active && view.session.state !== 'idle');
  const { locked } = status;
  const lines: [label: string, text: string][] = [];
  if (locked) lines.push(['Locked', styled('yellow', 'no session is served until it is unlocked')]);
  lines.push([
    'Active',
    active === undefined ? 'none; choose one with: latchkey use PROFILE' : sessionLine(active, locked),
  ]);
  lines.push(['Endpoint', status.endpoint]);
  for (const prompt of status.prompts) lines.push(['MFA', promptLine(prompt)]);
  for (const view of others) lines.push(['Session', sessionLine(view, locked)]);
  if (status.keys.length === 0) lines.push(['Keys', 'none; add one in the interface: latchkey open']);
  if (status.secrets === 'memory')
    lines.push(['Secrets', 'in memory only: access keys are gone when Latchkey ends']);
  return lines;
}

function promptLine({ serial, profile, problem }: Prompt): string {
  const wrong = problem === undefined ? '' : ` (${oneLine(problem)})`;
  return `${styled('yellow', 'code wanted')} of ${oneLine(serial)} for ${profile}${wrong}; give it with: latchkey mfa CODE`;
}

function sessionLine({ profile, accountId, session }: ProfileView, locked: boolean): string {
  const { state, expiresAtMs, problem } = session;
  const name = `${styled('bold', profile.name)} (${accountId})`;
  // That there is none yet is what being locked means.
  if (locked && state === 'idle') return name;
  const left =
    expiresAtMs === undefined
      ? ''
      : `, ${inWords(expiresAtMs - Date.now())} left (until ${clockTime(expiresAtMs)})`;
  const line = `${name}  ${stateInWords(state)}${left}`;
  if (problem === undefined) return line;
  const retry = problem.retryAtMs === undefined ? '' : `; tries again at ${clockTime(problem.retryAtMs)}`;
  return `${line}: ${reason(problem)}${retry}`;
}

function reason({ message, awsCode }: Problem): string {
  const code = codeNotIn(message, awsCode);
  return oneLine(code === undefined ? message : `${message} (${code})`);
}

function stateInWords(state: ProfileView['session']['state']): string {
  switch (state) {
    case 'idle':
      return 'no session yet';
    case 'acquiring':
      return 'getting a session';
    case 'active':
      return styled('green', 'active');
    case 'refreshing':
      return styled('green', 'being renewed');
    case 'waitingForMfa':
      return styled('yellow', 'waiting for an MFA code');
    case 'failed':
      return styled('red', 'failed');
  }
}

/** The document of `--json`. Fields are added to it, not changed. */
function asDocument({ status, profiles }: State) {
  const active = profiles.find(({ profile }) => profile.name === status.active);
  return {
    version: status.version,
    locked: status.locked,
    secrets: status.secrets,
    endpoint: status.endpoint,
    active: active === undefined ? null : sessionDocument(active),
    sessions: profiles.filter(({ session }) => session.state !== 'idle').map(sessionDocument),
    prompts: status.prompts.map(({ serial, profile, cause, state, problem, sinceMs }) => ({
      serial,
      profile,
      cause,
      state,
      problem: problem ?? null,
      since: isoTime(sinceMs),
    })),
  };
}

function sessionDocument({ profile, accountId, roleName, session }: ProfileView) {
  const { state, expiresAtMs, problem } = session;
  return {
    profile: profile.name,
    accountId,
    roleName,
    state,
    expiresAt: isoTime(expiresAtMs),
    secondsLeft:
      expiresAtMs === undefined ? null : Math.max(0, Math.floor((expiresAtMs - Date.now()) / 1000)),
    problem:
      problem === undefined
        ? null
        : {
            code: problem.code,
            message: problem.message,
            awsCode: problem.awsCode ?? null,
            requestId: problem.requestId ?? null,
            at: isoTime(problem.atMs),
            retryAt: isoTime(problem.retryAtMs),
          },
  };
}

function isoTime(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
