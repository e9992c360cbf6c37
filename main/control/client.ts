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
import type {
  Answer,
  BrokerEvent,
  CallName,
  CommandCallName,
  CommandInput,
  CommandOutput,
  Input,
  Output,
  Problem,
} from '../../preload/contract.ts';
import { paths } from '../../preload/paths.ts';
import { Failure } from '../failure.ts';
import { checkPrivateFolder } from '../platform/private-folder.ts';
import { brokerAddress } from './address.ts';

/** Carries the number that was shown on the caller's terminal. */
export const challengeHeader = 'latchkey-challenge';
/** Carries the broker's version in every answer, and the only one that may act in the request of a command. */
export const versionHeader = 'latchkey-version';
/** `GET /credentials/PROFILE`; here and not in the contract, which carries no credential. */
export const credentialsPath = '/credentials/';
/** `GET /launch/PROFILE`, likewise. */
export const launchPath = '/launch/';

/** How a launched program gets a profile's credentials, by the container protocol. */
export interface LaunchAccess {
  /** Good until the connection ends. */
  readonly token: string;
  readonly url: string;
  readonly region: string;
  /** When the session ends that is held now; it is renewed before. */
  readonly expiresAtMs: number;
}

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
   * where no broker answers, `Refused` where the socket is not ours, and `Internal` where the broker is of another version.
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

/**
 * A client of a data folder's broker, wherever that listens. It connects with each call.
 * @param version the only one whose answers it takes, any where it is not given
 */
export function brokerOf(home: string, version?: string): BrokerClient {
  return clientOf(() => brokerAddress(home), version);
}

/** A client of the broker whose control socket is at `address`, whichever version it is of. */
export function brokerAt(address: string): BrokerClient {
  return clientOf(() => address, undefined);
}

function clientOf(findAddress: () => string, version: string | undefined): BrokerClient {
  const wanted = version === undefined ? [] : [`${versionHeader}: ${version}`];

  async function post<Value>(
    name: string,
    input: unknown,
    signal?: AbortSignal,
    challengeAnswer?: string,
  ): Promise<Answer<Value>> {
    const body = JSON.stringify(input);
    const { document } = await ask(
      [
        `POST ${paths.call}${name} HTTP/1.0`,
        ...wanted,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...(challengeAnswer === undefined ? [] : [`${challengeHeader}: ${challengeAnswer}`]),
        '',
        body,
      ],
      signal,
    );
    return read<Answer<Value>>(document);
  }

  async function ask(lines: string[], signal?: AbortSignal): Promise<{ isDone: boolean; document: string }> {
    const socket = await send(findAddress(), lines, signal);
    const [head = '', document] = (await received(socket)).split(/\r\n\r\n(.*)/s);
    if (document === undefined) throw endedEarly(undefined);
    checkVersion(head, version);
    return { isDone: /^HTTP\/1\.\d 200 /.test(head), document };
  }

  return {
    async call(name, input, signal, challengeAnswer) {
      return post(name, input, signal, challengeAnswer);
    },

    async commandCall(name, input, challengeAnswer) {
      return post(name, input, undefined, challengeAnswer);
    },

    async credentials(profile) {
      // It goes into the request's first line. No profile's name has such characters.
      if (!/^[!-~]+$/.test(profile))
        return { problem: { code: 'NotFound', message: 'There is no profile of that name' } };
      const { isDone, document } = await ask([
        `GET ${credentialsPath}${profile} HTTP/1.0`,
        ...wanted,
        '',
        '',
      ]);
      return isDone ? { value: document } : { problem: read<Problem>(document) };
    },

    async launch(profile) {
      // It goes into the request's first line. No profile's name has such characters.
      const path = /^[!-~]+$/.test(profile) ? profile : '';
      const lines = [`GET ${launchPath}${path} HTTP/1.0`, ...wanted, '', ''];
      const socket = await send(findAddress(), lines, undefined);
      return launchOn(socket, version);
    },

    async *events(signal) {
      const lines = [`GET ${paths.events} HTTP/1.0`, ...wanted, '', ''];
      const socket = await send(findAddress(), lines, signal);
      try {
        for await (const document of documents(socket, version)) yield read<BrokerEvent>(document);
      } finally {
        socket.destroy();
      }
    },
  };
}

async function send(address: string, head: string[], signal: AbortSignal | undefined): Promise<Socket> {
  checkOwner(address);
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
function checkOwner(address: string): void {
  try {
    checkPrivateFolder(dirname(address));
  } catch (error) {
    if (error instanceof Failure && error.code === 'NotFound') throw notRunning();
    throw error;
  }
}

async function received(socket: Socket): Promise<string> {
  let all = '';
  socket.setEncoding('utf8').on('data', (part: string) => (all += part));
  try {
    await once(socket, 'end');
    return all;
  } catch (error) {
    throw error instanceof Error && error.name === 'AbortError' ? error : endedEarly(error);
  }
}

/** The documents of an answer that has one a line. */
async function* documents(socket: Socket, version: string | undefined): AsyncGenerator<string, void, void> {
  let head: string[] | undefined = [];
  for await (const line of lines(socket)) {
    if (head === undefined) {
      // Empty ones only keep the connection alive.
      if (line !== '') yield line;
    } else if (line === '') {
      checkVersion(head.join('\n'), version);
      head = undefined;
    } else head.push(line);
  }
}

type LaunchLine = LaunchAccess | { readonly waiting: true } | { readonly problem: Problem };

/** Reads a launch's answer as far as whether it is waited for. */
async function launchOn(socket: Socket, version: string | undefined): Promise<Launch> {
  const all = documents(socket, version);
  const next = async () => {
    const document = await all
      .next()
      .catch((error: unknown) => Promise.reject(error instanceof Failure ? error : endedEarly(error)));
    if (document.done) throw endedEarly(undefined);
    return read<LaunchLine>(document.value);
  };
  const settled = async (said: LaunchLine): Promise<Answer<LaunchAccess>> => {
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

/**
 * Takes a broker of this version at its word: it is made from the same contract, and answers on a socket that only this
 * user's programs can have put there. To parse it by the contract's schemas would double the time that a command takes.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever asks knows what is answered
function read<Value>(document: string): Value {
  const isAsDeclared = (value: unknown): value is Value => value !== undefined;
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch (error) {
    throw endedEarly(error);
  }
  if (isAsDeclared(value)) return value;
  throw endedEarly(undefined);
}

/** @param head the answer's, as far as it is needed */
function checkVersion(head: string, version: string | undefined): void {
  if (version === undefined) return;
  const theirs = new RegExp(`^${versionHeader}: (.*)$`, 'im').exec(head)?.[1]?.trim();
  if (theirs === version) return;
  throw new Failure(
    'Internal',
    `The running Latchkey is ${theirs === undefined ? 'another version' : `version ${theirs}`}, and this is ${version}; restart it, so that both are of one.`,
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
