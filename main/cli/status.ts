/** `latchkey status`: what is served, until when, and what stands in the way. */
import type { HandedOut, Problem, ProfileView, Prompt, State, Status } from '../../preload/contract.ts';
import { codeNotIn, command, ownBroker, refusalOf } from './command.ts';
import { clockTime, inWords, isoTime, oneLine, print, styled } from './output.ts';
import { accessDocument, accessLines } from './status-access.ts';

export const status = command({
  summary: 'show the active profile, its session, MFA codes waited for and what failed',
  details: `
    Also when a protected profile goes back, which MFA codes will be wanted soon, and until when programs can use
    credentials of profiles that are not active any more; which terminals, folders and ports have a profile of their
    own, which programs wait for an approval, and what was refused and why.
  `,
  examples: ['latchkey status', 'latchkey status --watch --json | jq --unbuffered .active.profile'],
  options: {
    json: {
      type: 'boolean',
      summary: 'the same as one JSON document; times are ISO 8601, lengths in seconds',
    },
    watch: {
      type: 'boolean',
      summary: 'shows it again with each change, until Ctrl-C; with --json one document a line',
    },
  },
  async run({ options: { json, watch } }) {
    if (watch) {
      const { watchStatus } = await import('./status-watch.ts');
      return watchStatus((state) => (json ? JSON.stringify(statusDocument(state)) : shown(state)));
    }
    const answer = await ownBroker().call('state.read', {});
    if ('problem' in answer) throw refusalOf(answer.problem);
    print(json ? JSON.stringify(statusDocument(answer.value), undefined, 2) : shown(answer.value));
  },
});

/** On as many lines as it takes. */
function shown(state: State): string {
  return asLines(state)
    .map(([label, text]) => `${styled('dim', label.padEnd(9))} ${text}`)
    .join('\n');
}

/** Each line by its label. */
function asLines({ status, profiles }: State): [label: string, text: string][] {
  const active = profiles.find(({ profile }) => profile.name === status.active);
  const others = profiles.filter((view) => view !== active && view.session.state !== 'idle');
  const { locked } = status;
  const lines: [label: string, text: string][] = [];
  if (locked) lines.push(['Locked', styled('yellow', 'no session is served until it is unlocked')]);
  lines.push([
    'Active',
    active === undefined
      ? 'none; choose one with: latchkey use PROFILE'
      : `${sessionLine(active, locked)}${returnInWords(status)}`,
  ]);
  lines.push(['Endpoint', status.endpoint]);
  for (const prompt of status.prompts) lines.push(['MFA', promptLine(prompt)]);
  for (const view of others) lines.push(['Session', sessionLine(view, locked)]);
  for (const handedOut of stillValid(status)) {
    // What is being served is told with its session.
    const { readOnly = false } = handedOut;
    const isServed = handedOut.profile === status.active && readOnly === active?.profile.readOnly;
    if (locked || !isServed) lines.push(['Programs', handedOutInWords(handedOut)]);
  }
  lines.push(...accessLines(status));
  if (status.keys.length === 0)
    lines.push(['Keys', 'none; add one with: latchkey key add, or in the interface: latchkey open']);
  if (status.secrets === 'memory')
    lines.push(['Secrets', 'in memory only: access keys are gone when Latchkey ends']);
  return lines;
}

/** When a protected profile goes back, as the end of its line. */
function returnInWords({ returns }: Status): string {
  if (returns === null) return '';
  const then = returns.to === null ? 'no active profile' : `back to ${returns.to}`;
  return `; ${then} at ${clockTime(returns.atMs)} (in ${inWords(returns.atMs - Date.now())})`;
}

function promptLine(prompt: Prompt): string {
  const { serial, profile, accountId, cause, program, problem, neededAtMs, nextCodeAtMs, snoozedUntilMs } =
    prompt;
  const nowMs = Date.now();
  // A code that the person wants to give is wanted now, though the session before it may still last.
  const wanted =
    neededAtMs === undefined || cause === 'person'
      ? styled('yellow', 'code wanted')
      : `code wanted in ${inWords(neededAtMs - nowMs)} (at ${clockTime(neededAtMs)})`;
  const by = program === undefined ? '' : `, asked for by ${oneLine(program)}`;
  const aside = snoozedUntilMs === undefined ? '' : `, put aside until ${clockTime(snoozedUntilMs)}`;
  const wrong = problem === undefined ? '' : ` (${oneLine(problem)})`;
  const next =
    nextCodeAtMs === undefined || nextCodeAtMs <= nowMs
      ? ''
      : `; the code that the device shows has been used, the next one comes in ${inWords(nextCodeAtMs - nowMs)}`;
  return `${wanted} of ${oneLine(serial)} for ${profile} in account ${accountId}${by}${aside}${wrong}${next}; give it with: latchkey mfa CODE`;
}

function sessionLine({ profile, accountId, session }: ProfileView, locked: boolean): string {
  const { state, expiresAtMs, problem } = session;
  const marks = [accountId, profile.readOnly && 'read-only', profile.pinned && 'pinned'].filter(Boolean);
  const name = `${styled('bold', profile.name)} (${marks.join(', ')})`;
  // That there is none yet is what being locked means.
  if (locked && state === 'idle') return name;
  const left =
    expiresAtMs === undefined
      ? ''
      : `, ${inWords(expiresAtMs - Date.now())} left (until ${clockTime(expiresAtMs)})`;
  const line = `${name}  ${stateInWords(session)}${left}`;
  if (problem === undefined) return line;
  const retry = problem.retryAtMs === undefined ? '' : `; tries again at ${clockTime(problem.retryAtMs)}`;
  const offer =
    problem.mfaAgeSeconds === undefined
      ? ''
      : `; its MFA code was given ${inWords(problem.mfaAgeSeconds * 1000)} ago; a fresh one may help: latchkey use ${profile.name} --fresh-code`;
  return `${line}: ${reason(problem)}${retry}${offer}`;
}

/** What programs hold that AWS still takes; what lasts longest comes first. */
export function stillValid({ handedOut }: Status): HandedOut[] {
  const nowMs = Date.now();
  return handedOut
    .filter(({ untilMs }) => untilMs > nowMs)
    .toSorted((one, other) => other.untilMs - one.untilMs);
}

/** Who can use it until when. In the window's words. */
export function handedOutInWords({ profile, readOnly, untilMs, programs }: HandedOut): string {
  const names =
    programs.length === 0
      ? 'programs that are not known'
      : new Intl.ListFormat('en', { type: 'conjunction' }).format(programs.map(oneLine));
  const have = programs.length === 1 ? 'has' : 'have';
  const held = readOnly ? `${profile} (read-only)` : profile;
  return `${held}: ${names} ${have} credentials until ${clockTime(untilMs)} (${inWords(untilMs - Date.now())} left)`;
}

function reason({ message, awsCode }: Problem): string {
  const code = codeNotIn(message, awsCode);
  return oneLine(code === undefined ? message : `${message} (${code})`);
}

/** In the window's words. */
export function stateInWords({ state, expiresAtMs }: ProfileView['session']): string {
  switch (state) {
    case 'idle':
      return 'no session yet';
    case 'acquiring':
      return 'signing in';
    case 'active':
      return styled('green', 'ready');
    case 'refreshing':
      return styled('green', 'renewing');
    case 'waitingForMfa':
      return styled('yellow', 'needs code');
    case 'failed':
      return styled('red', expiresAtMs === undefined ? 'failed' : 'renewal failed');
  }
}

/** The document of `--json`. Fields are added to it, not changed. */
function statusDocument({ status, profiles }: State) {
  const active = profiles.find(({ profile }) => profile.name === status.active);
  return {
    version: status.version,
    locked: status.locked,
    secrets: status.secrets,
    endpoint: status.endpoint,
    active: active === undefined ? null : profileSessionDocument(active),
    sessions: profiles.filter(({ session }) => session.state !== 'idle').map(profileSessionDocument),
    returns:
      status.returns === null
        ? null
        : {
            to: status.returns.to,
            at: isoTime(status.returns.atMs),
            secondsLeft: secondsUntil(status.returns.atMs),
          },
    prompts: status.prompts.map((prompt) => ({
      serial: prompt.serial,
      profile: prompt.profile,
      accountId: prompt.accountId,
      cause: prompt.cause,
      program: prompt.program ?? null,
      state: prompt.state,
      problem: prompt.problem ?? null,
      since: isoTime(prompt.sinceMs),
      neededAt: isoTime(prompt.neededAtMs),
      nextCodeAt: isoTime(prompt.nextCodeAtMs),
      snoozedUntil: isoTime(prompt.snoozedUntilMs),
    })),
    handedOut: stillValid(status).map(({ profile, readOnly = false, untilMs, programs }) => ({
      profile,
      readOnly,
      validUntil: isoTime(untilMs),
      secondsLeft: secondsUntil(untilMs),
      programs,
    })),
    ...accessDocument(status),
  };
}

function profileSessionDocument({ profile, accountId, roleName, session }: ProfileView) {
  return { profile: profile.name, accountId, roleName, pinned: profile.pinned, ...sessionDocument(session) };
}

export function sessionDocument({ state, expiresAtMs, problem }: ProfileView['session']) {
  return {
    state,
    expiresAt: isoTime(expiresAtMs),
    secondsLeft: expiresAtMs === undefined ? null : secondsUntil(expiresAtMs),
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
            mfaAgeSeconds: problem.mfaAgeSeconds ?? null,
          },
  };
}

function secondsUntil(timeMs: number): number {
  return Math.max(0, Math.floor((timeMs - Date.now()) / 1000));
}
