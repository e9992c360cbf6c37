/**
 * The contract over HTTP, for the interface in a browser: what the preload script is for it in the window.
 *
 * The secret of the link it was opened by becomes a token, which is kept in sessionStorage: it is this tab's and
 * this port's alone, and outlives a reload.
 */
import * as z from 'zod/mini';
import {
  calls,
  eventSchema,
  paths,
  problemSchema,
  type Answer,
  type BrokerEvent,
  type CallName,
  type LatchkeyApi,
  type Output,
  type Problem,
} from './contract.ts';

/** How long to wait before the events are asked for again: doubled with each failure in a row. */
const retry = { firstMs: 250, mostMs: 8_000 } as const;

/**
 * Gives the contract's implementation for this page, and takes the secret out of the address bar at once.
 *
 * Calls that could not be made are problems: `SignInNeeded` where there is no token or it is no longer taken,
 * `NotRunning` where the broker cannot be reached. Subscriptions go on by themselves when that is over.
 */
export function connect(): LatchkeyApi {
  const signIn = new SignIn();

  return {
    async call(name, input) {
      const answer = await ask(signIn, `${paths.call}${name}`, input);
      if ('problem' in answer) return answer;
      const output = z.safeParse(outputs[name].output, answer.value);
      return output.success ? { value: output.data } : { problem: unknownAnswer };
    },
    subscribe(listener, interrupted) {
      const ended = new AbortController();
      const interruptedUnlessEnded = () => {
        if (!ended.signal.aborted) interrupted?.();
      };
      void follow(signIn, listener, interruptedUnlessEnded, ended.signal);
      return () => {
        ended.abort();
      };
    },
  };
}

/** The calls as far as TypeScript has to know them to follow a name to its output. */
const outputs: { readonly [Name in CallName]: { readonly output: z.core.$ZodType<Output<Name>> } } = calls;

const signInNeeded: Problem = { code: 'SignInNeeded', message: 'Open a new link with: latchkey open' };
const notRunning: Problem = { code: 'NotRunning', message: 'Latchkey cannot be reached; is it running?' };
const unknownAnswer: Problem = {
  code: 'Internal',
  message: 'Latchkey is of another version than this page; load it again.',
};

const answerSchema = z.union([z.object({ problem: problemSchema }), z.object({ value: z.unknown() })]);
const tokenSchema = z.object({ token: z.string() });
const tokenKey = 'latchkey.token';

/** The token of this page, and the secret that a new one can be had for. */
class SignIn {
  #secret: string | undefined;
  #exchange: Promise<Problem | undefined> | undefined;

  constructor() {
    this.#takeSecret();
    // A new link for the page that is open already does not load it again: only its fragment changes.
    addEventListener('hashchange', () => {
      this.#takeSecret();
    });
  }

  /** The token, which may be one that the broker no longer takes. */
  async token(): Promise<Answer<string>> {
    this.#exchange ??= this.#exchangeSecret();
    const problem = await this.#exchange;
    this.#exchange = undefined;
    if (problem !== undefined) return { problem };
    const token = sessionStorage.getItem(tokenKey);
    return token === null ? { problem: signInNeeded } : { value: token };
  }

  /** Drops a token that the broker did not take. */
  drop(token: string): void {
    if (sessionStorage.getItem(tokenKey) === token) sessionStorage.removeItem(tokenKey);
  }

  #takeSecret(): void {
    const secret = new URLSearchParams(location.hash.slice(1)).get('key');
    if (secret === null) return;
    history.replaceState(null, '', location.pathname + location.search);
    this.#secret = secret;
  }

  async #exchangeSecret(): Promise<Problem | undefined> {
    const secret = this.#secret;
    if (secret === undefined) return undefined;
    const answer = await post(paths.exchange, { secret }, {});
    const isUnreached = 'problem' in answer && answer.problem.code === 'NotRunning';
    if (isUnreached) return answer.problem;
    if (this.#secret === secret) this.#secret = undefined;
    // A link that was used before leaves the token that this page may have from it.
    const given = 'value' in answer ? z.safeParse(tokenSchema, answer.value) : undefined;
    if (given?.success) sessionStorage.setItem(tokenKey, given.data.token);
    return undefined;
  }
}

async function ask(signIn: SignIn, path: string, input: unknown): Promise<Answer<unknown>> {
  const token = await signIn.token();
  if ('problem' in token) return token;
  const answer = await post(path, input, { authorization: `Bearer ${token.value}` });
  if ('problem' in answer && answer.problem.code === 'SignInNeeded') signIn.drop(token.value);
  return answer;
}

async function post(path: string, body: unknown, headers: Record<string, string>): Promise<Answer<unknown>> {
  try {
    const response = await fetch(path, {
      ...fetchOptions,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return z.parse(answerSchema, await response.json());
  } catch {
    // Nobody answered, or somebody who is not the broker.
    return { problem: notRunning };
  }
}

const fetchOptions = { credentials: 'omit', redirect: 'error', cache: 'no-store' } as const;

/**
 * Tells `listener` the events until `signal` ends that, over as many connections as it takes. `interrupted` is called
 * once when a connection has ended, and not again for each try that fails after it.
 */
async function follow(
  signIn: SignIn,
  listener: (event: BrokerEvent) => void,
  interrupted: () => void,
  signal: AbortSignal,
) {
  let delayMs: number = retry.firstMs;
  while (!signal.aborted) {
    const hasBegun = await streamEvents(signIn, listener, signal);
    if (hasBegun) {
      delayMs = retry.firstMs;
      interrupted();
    }
    await pause(delayMs, signal);
    delayMs = Math.min(delayMs * 2, retry.mostMs);
  }
}

/** Tells the events of one connection. True when there were any. */
async function streamEvents(
  signIn: SignIn,
  listener: (event: BrokerEvent) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const token = await signIn.token();
  if ('problem' in token) return false;
  let hasBegun = false;
  try {
    const headers = { authorization: `Bearer ${token.value}` };
    const response = await fetch(paths.events, { ...fetchOptions, headers, signal });
    if (response.status === 401) signIn.drop(token.value);
    if (!response.ok || response.body === null) return false;
    for await (const line of lines(response.body)) {
      const event = z.safeParse(eventSchema, JSON.parse(line));
      // An event that this page does not know is of a newer broker, and nothing it could show.
      if (!event.success) continue;
      hasBegun = true;
      listener(event.data);
    }
  } catch {
    // The connection ended, in the middle of a line or because of `signal`: the caller goes on.
  }
  return hasBegun;
}

async function* lines(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, void, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n');
    rest = parts.pop() ?? '';
    // Empty lines only keep the connection alive.
    yield* parts.filter((part) => part !== '');
  }
}

/** Waits for `delayMs`, or until there is a new link to try or `signal` ends it. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const over = new AbortController();
    const end = () => {
      over.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    addEventListener('hashchange', end, { once: true, signal: over.signal });
    signal.addEventListener('abort', end, { once: true, signal: over.signal });
  });
}
