/** `latchkey use PROFILE`: makes a profile the active one, and asks for the MFA codes that this takes. */
import type { Answer, Output, Prompt } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { parseCommandLine } from '../options.ts';
import { ownBroker, Refusal, refusalOf, type Command } from './command.ts';
import { Lines } from './lines.ts';
import { matchName } from './match.ts';
import { clockTime, inWords, oneLine, print, say, styled } from './output.ts';
import { WatchedState } from './watched-state.ts';

export const use: Command = {
  usage: 'use PROFILE',
  summary: 'make a profile the active one, which the endpoint serves',
  details: [
    'PROFILE is a name, or a part of it that fits no other. It returns when the session is held.',
    'Where that takes an MFA code it is asked for on the terminal, or read from the first line of',
    'standard input where that is no terminal. The switch is made first: where STS refuses, or no code',
    'is given, PROFILE stays the active one, and programs get no credentials until it has a session.',
  ],
  example: 'latchkey use billing',
  async run(argv) {
    const [typed = ''] = parseCommandLine(argv, {}, ['PROFILE']).positionals;
    const broker = ownBroker();
    const ended = new AbortController();
    try {
      const state = await WatchedState.follow(broker, ended.signal);
      const names = state.profiles.map(({ profile }) => profile.name);
      const name = matchName(typed, names, 'profile');
      const used = broker.call('profiles.use', { name }, ended.signal);
      try {
        await giveCodes(broker, state, name, used);
        report(await used);
      } catch (error) {
        throw error instanceof Refusal ? await withWhatIsActive(error, broker, name) : error;
      }
    } finally {
      ended.abort();
    }
  },
};

function report(answer: Answer<Output<'profiles.use'>>): void {
  if ('problem' in answer) throw refusalOf(answer.problem);
  const { profile, session } = answer.value;
  const { expiresAtMs } = session;
  const until =
    expiresAtMs === undefined
      ? ''
      : ` until ${clockTime(expiresAtMs)} (${inWords(expiresAtMs - Date.now())} left)`;
  print(`${styled('bold', profile.name)} is ${styled('green', 'active')}${until}`);
}

/** The refusal, saying that the switch was made all the same where it was. */
async function withWhatIsActive(refusal: Refusal, broker: BrokerClient, name: string): Promise<Refusal> {
  // Asked for afresh: the events come by another connection, and may come after the answer.
  const answer = await broker.call('state.read', {}).catch(() => undefined);
  if (answer === undefined || 'problem' in answer || answer.value.status.active !== name) return refusal;
  const view = answer.value.profiles.find(({ profile }) => profile.name === name);
  const isServed = view?.session.expiresAtMs !== undefined;
  const consequence = isServed ? '' : ', and programs get no credentials until it has a session';
  return new Refusal(`${refusal.message}; ${name} is the active profile now${consequence}`, {
    cause: refusal,
  });
}

/** What takes this long is told about: STS answers within a second, and the person looks at nothing. */
const quietMs = 1000;

/** Answers every prompt that the profile waits for, until `used` has an answer. */
async function giveCodes(
  broker: BrokerClient,
  state: WatchedState,
  name: string,
  used: Promise<unknown>,
): Promise<void> {
  const settled = used.then(() => undefined);
  // It may reject while nobody waits for it here; whoever awaits `used` hears of it.
  settled.catch(() => undefined);
  let lines: Lines | undefined;
  // Standard error has nothing but errors where a script reads it.
  const quiet = process.stderr.isTTY
    ? setTimeout(() => {
        say(`getting a session of ${name}…`);
      }, quietMs)
    : undefined;
  try {
    for (;;) {
      const prompt = await Promise.race([settled, state.until(() => promptOf(state, name))]);
      clearTimeout(quiet);
      if (prompt === undefined) return;
      lines ??= new Lines();
      await givePromptItsCode(broker, state, prompt, lines, settled);
    }
  } finally {
    clearTimeout(quiet);
    lines?.[Symbol.dispose]();
  }
}

const mostTries = 3;

/** Asks for a prompt's code until STS took it, or it was given elsewhere. */
async function givePromptItsCode(
  broker: BrokerClient,
  state: WatchedState,
  prompt: Prompt,
  lines: Lines,
  settled: Promise<undefined>,
): Promise<void> {
  const isOver = new AbortController();
  const over = Promise.race([settled, state.until(() => (isOpen(state, prompt) ? undefined : true))]).finally(
    () => {
      isOver.abort();
    },
  );
  over.catch(() => undefined);
  for (let triesLeft = mostTries; ; triesLeft -= 1) {
    const code = await askForCode(prompt.serial, lines, isOver.signal);
    if (code === undefined) return;
    const answer = await broker.call('mfa.answer', { serial: prompt.serial, code });
    if ('value' in answer) {
      // Until the events say so the prompt looks open, and would be asked for again.
      await over;
      return;
    }
    if (isOver.signal.aborted) return;
    const { problem } = answer;
    const isWorthAnother = problem.code === 'MfaRejected' || problem.code === 'InvalidInput';
    if (!isWorthAnother || triesLeft === 1 || !process.stdin.isTTY) throw refusalOf(problem);
    say(oneLine(problem.message));
  }
}

/** A code from the person, undefined where it is no longer wanted. */
async function askForCode(serial: string, lines: Lines, over: AbortSignal): Promise<string | undefined> {
  const { isTTY } = process.stdin;
  if (isTTY) process.stderr.write(`MFA code for ${oneLine(serial)}: `);
  const line = await lines.next(over);
  if (over.aborted) {
    if (isTTY) say('\nThe code was given elsewhere, or is not needed any more.');
    return undefined;
  }
  if (line === undefined)
    throw new Refusal(
      `an MFA code of ${serial} is needed; give it on standard input, or with: latchkey mfa CODE`,
    );
  // Authenticators show codes in groups.
  return line.replaceAll(/\s/g, '');
}

/** The prompt that a profile waits for. */
function promptOf(state: WatchedState, name: string): Prompt | undefined {
  if (state.profile(name)?.session.state !== 'waitingForMfa') return undefined;
  const serials = serialsOf(state, name);
  return state.prompts.find(({ serial, profile }) => profile === name || serials.has(serial));
}

/** The devices in a profile's chain: a prompt may have been opened for another profile that shares one. */
function serialsOf(state: WatchedState, name: string): ReadonlySet<string> {
  const serials = new Set<string>();
  const seen = new Set<string>();
  let view = state.profile(name);
  while (view !== undefined && !seen.has(view.profile.name)) {
    const { name: own, mfaSerial, base } = view.profile;
    seen.add(own);
    if (mfaSerial !== undefined) serials.add(mfaSerial);
    if ('profile' in base) {
      view = state.profile(base.profile);
    } else {
      const key = state.keys.find(({ label }) => label === base.key);
      if (key?.mfaSerial !== undefined) serials.add(key.mfaSerial);
      view = undefined;
    }
  }
  return serials;
}

/** Whether the very same prompt is still there: a device may ask for another code at once. */
function isOpen(state: WatchedState, { serial, profile, sinceMs }: Prompt): boolean {
  return state.prompts.some(
    (other) => other.serial === serial && other.profile === profile && other.sinceMs === sinceMs,
  );
}
