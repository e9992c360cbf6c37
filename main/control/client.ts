/**
 * The contract's client over the local socket, for the `latchkey` command and for a broker that finds another at
 * its address.
 *
 * It speaks HTTP/1.0 over `node:net`: to that version the server sends no chunks, so an answer is all that follows
 * the first empty line. `node:http` would make the command start a fifth later.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import {
  calls,
  commandCalls,
  eventSchema,
  paths,
  problemSchema,
  type Answer,
  type BrokerEvent,
  type CallName,
  type Input,
  type Output,
} from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import { checkPrivateFolder } from '../platform/data-folder.ts';
import { brokerAddress } from './address.ts';

/** Carries the number that was shown on the caller's terminal. */
export const challengeHeader = 'latchkey-challenge';
/** `GET /credentials/PROFILE`; here and not in the contract, which carries no credential. */
export const credentialsPath = '/credentials/';
/** `GET /launch/PROFILE`, likewise. */
export const launchPath = '/launch/';

export type CommandCallName = keyof typeof commandCalls;
export type CommandInput<Name extends CommandCallName> = z.input<(typeof commandCalls)[Name]['input']>;
export type CommandOutput<Name extends CommandCallName> = z.output<(typeof commandCalls)[Name]['output']>;

/** How a launched program gets a profile's credentials, by the container protocol. */
export type LaunchAccess = z.output<typeof launchAccessSchema>;

/** A connection that a launched program's token is good for. Disposing of it ends the token. */
export interface Launch extends Disposable {
  /** Whether a person or STS is waited for. */
  readonly isWaiting: boolean;
  /** Its access, or why it has none. Rejects with a `Failure` of code `NotRunning` where the broker ends before. */
  readonly access: Promise<Answer<LaunchAccess>>;
  /** Resolves when the connection has ended, by whom ever. */
  readonly over: Promise<void>;
}

export interface BrokerClient {
  /**
   * Makes a call; what the broker refused is the answer's problem. Rejects with a `Failure` of code `NotRunning`
   * where no broker answers, `Refused` where the socket is not ours, and `Internal` where the answer makes no sense.
   * @param challengeAnswer the number on the terminal that was asked for by the problem `ChallengeNeeded`
   */
  call<Name extends CallName>(
    name: Name,
    input: Input<Name>,
    signal?: AbortSignal,
    challengeAnswer?: string,
  ): Promise<Answer<Output<Name>>>;
  /** The same for the calls of the command alone. */
  commandCall<Name extends CommandCallName>(
    name: Name,
    input: CommandInput<Name>,
    challengeAnswer?: string,
  ): Promise<Answer<CommandOutput<Name>>>;
  /**
   * The document that a `credential_process` prints, as it is; it may wait for a person. Rejects as `call` does.
   */
  credentials(profile: string): Promise<Answer<string>>;
  /** Begins a launch with a profile. Rejects as `call` does. */
  launch(profile: string): Promise<Launch>;
  /** The events from now on, the state first, until `signal` or the broker ends them. Rejects as `call` does. */
  events(signal: AbortSignal): AsyncGenerator<BrokerEvent, void, void>;
}

/** A client of a data folder's broker, wherever that listens. It connects with each call. */
export function brokerOf(home: string): BrokerClient {
  return clientOf(() => brokerAddress(home));
}

/** A client of the broker whose control socket is at `address`. It connects with each call. */
export function brokerAt(address: string): BrokerClient {
  return clientOf(() => Promise.resolve(address));
}

function clientOf(findAddress: () => Promise<string>): BrokerClient {
  /** The value of a call's answer, not parsed yet. */
  async function post(
    name: string,
    input: unknown,
    signal?: AbortSignal,
    challengeAnswer?: string,
  ): Promise<Answer<unknown>> {
    const body = JSON.stringify(input);
    const { document } = await ask(
      [
        `POST ${paths.call}${name} HTTP/1.0`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...(challengeAnswer === undefined ? [] : [`${challengeHeader}: ${challengeAnswer}`]),
        '',
        body,
      ],
      signal,
    );
    return parse(answerSchema, document);
  }

  async function ask(lines: string[], signal?: AbortSignal): Promise<{ isDone: boolean; document: string }> {
    const socket = await send(await findAddress(), lines, signal);
    const [head = '', document = ''] = (await received(socket)).split(/\r\n\r\n(.*)/s);
    return { isDone: /^HTTP\/1\.\d 200 /.test(head), document };
  }

  return {
    async call(name, input, signal, challengeAnswer) {
      const answer = await post(name, input, signal, challengeAnswer);
      return 'problem' in answer ? answer : { value: parseValue(outputs[name].output, answer.value) };
    },

    async commandCall(name, input, challengeAnswer) {
      const answer = await post(name, input, undefined, challengeAnswer);
      return 'problem' in answer ? answer : { value: parseValue(commandOutputs[name].output, answer.value) };
    },

    async credentials(profile) {
      // It goes into the request's first line. No profile's name has such characters.
      if (!/^[!-~]+$/.test(profile))
        return { problem: { code: 'NotFound', message: 'There is no profile of that name' } };
      const { isDone, document } = await ask([`GET ${credentialsPath}${profile} HTTP/1.0`, '', '']);
      return isDone ? { value: document } : { problem: parse(problemSchema, document) };
    },

    async launch(profile) {
      // It goes into the request's first line. No profile's name has such characters.
      const path = /^[!-~]+$/.test(profile) ? profile : '';
      const socket = await send(
        await findAddress(),
        [`GET ${launchPath}${path} HTTP/1.0`, '', ''],
        undefined,
      );
      return launchOn(socket);
    },

    async *events(signal) {
      const socket = await send(await findAddress(), [`GET ${paths.events} HTTP/1.0`, '', ''], signal);
      try {
        for await (const document of documents(socket)) yield parse(eventSchema, document);
      } finally {
        socket.destroy();
      }
    },
  };
}

/** The calls as far as TypeScript has to know them to follow a name to its output. */
const outputs: { readonly [Name in CallName]: { readonly output: Schema<Output<Name>> } } = calls;
const commandOutputs: {
  readonly [Name in CommandCallName]: { readonly output: Schema<CommandOutput<Name>> };
} = commandCalls;
type Schema<Value> = z.core.$ZodType<Value>;

// The problem first: a value may be anything, also missing.
const answerSchema = z.union([z.object({ problem: problemSchema }), z.object({ value: z.unknown() })]);

async function send(address: string, head: string[], signal: AbortSignal | undefined): Promise<Socket> {
  await checkOwner(address);
  const socket = connect({ path: address, ...(signal === undefined ? {} : { signal }) });
  try {
    await once(socket, 'connect');
  } catch (error) {
    socket.destroy();
    if (signal?.aborted) throw error;
    if (isMissing(error)) throw notRunning();
    throw new Failure('Refused', `The socket ${address} cannot be used (${String(error)}).`, {
      cause: error,
    });
  }
  socket.write(head.join('\r\n'));
  return socket;
}

/** What is sent may be an MFA code: not to a socket that another user put there first. */
async function checkOwner(address: string): Promise<void> {
  try {
    await checkPrivateFolder(dirname(address));
  } catch (error) {
    if (error instanceof Failure && error.code === 'NotFound') throw notRunning();
    throw error;
  }
}

async function received(socket: Socket): Promise<string> {
  try {
    return await text(socket);
  } catch (error) {
    throw error instanceof Error && error.name === 'AbortError' ? error : endedEarly(error);
  }
}

/** The documents of an answer that has one a line. */
async function* documents(socket: Socket): AsyncGenerator<string, void, void> {
  let isBody = false;
  for await (const line of lines(socket)) {
    if (isBody && line !== '') yield line;
    // The empty line after the header fields; later ones only keep the connection alive.
    isBody ||= line === '';
  }
}

const launchAccessSchema = z.object({
  /** Good until the connection ends. */
  token: z.string(),
  url: z.string(),
  region: z.string(),
  /** When the session ends that is held now; it is renewed before. */
  expiresAtMs: z.number(),
});
const launchSchema = z.union([
  z.object({ waiting: z.literal(true) }),
  z.object({ problem: problemSchema }),
  launchAccessSchema,
]);

/** Reads a launch's answer as far as whether it is waited for. */
async function launchOn(socket: Socket): Promise<Launch> {
  const all = documents(socket);
  const next = async () => {
    const document = await all.next().catch((error: unknown) => Promise.reject(endedEarly(error)));
    if (document.done) throw endedEarly(undefined);
    return parse(launchSchema, document.value);
  };
  const settled = async (said: z.output<typeof launchSchema>): Promise<Answer<LaunchAccess>> => {
    if ('waiting' in said) return settled(await next());
    return 'problem' in said ? said : { value: said };
  };
  try {
    const first = await next();
    const access = settled(first);
    const over = access.then(() => all.next()).then(() => undefined);
    return {
      isWaiting: 'waiting' in first,
      access,
      // However it ends, the token opens nothing any more.
      over: over.catch(() => undefined),
      [Symbol.dispose]: () => {
        socket.destroy();
      },
    };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function* lines(socket: Socket): AsyncGenerator<string, void, void> {
  let rest = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket) {
    const parts = (rest + String(chunk)).split(/\r?\n/);
    rest = parts.pop() ?? '';
    yield* parts;
  }
}

function parse<Value>(schema: Schema<Value>, document: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch (error) {
    throw endedEarly(error);
  }
  return parseValue(schema, value);
}

function parseValue<Value>(schema: Schema<Value>, value: unknown): Value {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  throw new Failure(
    'Internal',
    'The running Latchkey answered something unknown here; restart it, so that both are of one version.',
  );
}

function notRunning(): Failure {
  return new Failure('NotRunning', 'Latchkey is not running; start the app, or run: latchkey serve');
}

function endedEarly(cause: unknown): Failure {
  return new Failure('NotRunning', 'Latchkey ended before it answered; start it again', { cause });
}

/** True where an error of `connect` says that nobody listens there. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
  );
}
