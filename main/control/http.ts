/**
 * The contract over HTTP, as the local socket and the browser's server both speak it:
 * `POST /call/NAME` with a JSON body gives an `Answer`, `GET /events` streams the events, one JSON document a line.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { paths, type Answer, type BrokerEvent, type Problem } from '../../preload/contract.ts';
import type { FailureCode } from '../failure.ts';
import { senderShownBy } from '../platform/foreign-headers.ts';
import type { Service } from './service.ts';
import { Shares } from './shares.ts';

/**
 * What bounds a server, in milliseconds, bytes and counts. A person's window, terminal and scripts are far below. Of local
 * connections, calls and event streams a terminal's programs together have a quarter at most, see `groupOf`.
 */
export const bounds = {
  bodyBytes: 64 * 1024,
  headerBytes: 16 * 1024,
  connections: 128,
  localConnections: 1024,
  callsAtOnce: 128,
  eventStreams: 32,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  /** Of events that wait for a reader who is behind; a state of thousands of profiles is not counted. */
  waitingEventBytes: 1024 * 1024,
  /** How often an idle event stream gets an empty line, by which either side learns that the other is gone. */
  keepAliveLineMs: 15_000,
} as const;

/**
 * A server with every wait bounded except that for an answer: `profiles.use` waits for a person.
 * Its address is the caller's to choose by `listen`.
 */
export function createBoundedServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer(
    {
      maxHeaderSize: bounds.headerBytes,
      headersTimeout: bounds.headersTimeoutMs,
      requestTimeout: bounds.requestTimeoutMs,
      keepAliveTimeout: bounds.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
    },
    handle,
  );
  server.maxConnections = bounds.connections;
  // Node's own limit drops further headers silently; `headerBytes` bounds them.
  server.maxHeadersCount = 0;
  return server;
}

/** The contract's routes, for a server that has already decided that the caller may use them. */
export interface ContractRoutes extends Disposable {
  /**
   * Answers a request whose path is under `/call/` or is `/events`; false, with nothing sent, for any other.
   * @param service as whoever sent it has it
   * @param group whose share of calls and streams it is, where several share them
   */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    service: Service,
    group?: Promise<string>,
  ): boolean;
}

/** Makes the routes. Disposing them ends every event stream. */
export function contractRoutes(): ContractRoutes {
  const streams = new Set<Disposable>();
  const callsAtOnce = new Shares(bounds.callsAtOnce);
  const streamsAtOnce = new Shares(bounds.eventStreams);

  async function answerCall(
    request: IncomingMessage,
    response: ServerResponse,
    service: Service,
    name: string,
    group: Promise<string> | undefined,
  ) {
    // One whose body is not there yet is none, or half-sent ones would keep others out.
    const input = await readJson(request);
    if ('problem' in input) {
      sendAnswer(response, input);
      return;
    }
    // Locking is always possible, and done at once.
    const place = name === 'sessions.lock' ? nothingHeld : callsAtOnce.take(await group);
    try {
      sendAnswer(response, place ? await service.call(name, input.value) : { problem: tooMany });
    } finally {
      place?.[Symbol.dispose]();
    }
  }

  async function streamEvents(
    response: ServerResponse,
    service: Service,
    group: Promise<string> | undefined,
  ) {
    const place = streamsAtOnce.take(await group);
    if (!place) {
      sendAnswer(response, { problem: tooMany });
      return;
    }
    const stream = eventStream(service, response);
    streams.add(stream);
    const end = () => {
      place[Symbol.dispose]();
      stream[Symbol.dispose]();
      streams.delete(stream);
    };
    if (response.closed) end();
    else response.once('close', end);
  }

  return {
    handle(request, response, service, group) {
      const path = request.url ?? '';
      if (request.method === 'POST' && path.startsWith(paths.call)) {
        // The service never rejects, and `readJson` gives its problems as values.
        void answerCall(request, response, service, path.slice(paths.call.length), group);
      } else if (request.method === 'GET' && path === paths.events) {
        void streamEvents(response, service, group);
      } else {
        return false;
      }
      return true;
    },
    [Symbol.dispose]() {
      for (const stream of streams) stream[Symbol.dispose]();
    },
  };
}

/**
 * Streams the events into `response` until either side ends it.
 *
 * A subscriber that does not read costs no more than the state and `waitingEventBytes`: events beyond are dropped, and
 * once the socket has drained a new subscription, whose first event is the whole state, makes up for them. Dropped at
 * once, events that keep coming would have a large state sent again and again, since each fills the socket.
 */
function eventStream(service: Service, response: ServerResponse): Disposable {
  let isFull = false;
  let wasFullBefore = false;
  /** What has been written since the socket is full. */
  let waitingBytes = 0;
  let hasMissed = false;
  let subscription: Disposable | undefined;

  function send(line: string) {
    isFull = !response.write(line);
  }

  function subscribe() {
    hasMissed = false;
    subscription = service.subscribe((event: BrokerEvent) => {
      if (hasMissed) return;
      const line = `${JSON.stringify(event)}\n`;
      if (isFull) waitingBytes += Buffer.byteLength(line);
      hasMissed = waitingBytes > bounds.waitingEventBytes;
      if (!hasMissed) send(line);
    });
  }

  function resume() {
    isFull = false;
    waitingBytes = 0;
    if (!hasMissed) return;
    subscription?.[Symbol.dispose]();
    subscribe();
  }

  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  response.on('drain', resume);
  subscribe();

  const keepAlive = setInterval(() => {
    // Full for a whole interval: whoever is there does not read, and can come back for the state when it does.
    if (isFull && wasFullBefore) response.destroy();
    else if (!isFull) send('\n');
    wasFullBefore = isFull;
  }, bounds.keepAliveLineMs);

  return {
    [Symbol.dispose]() {
      clearInterval(keepAlive);
      response.off('drain', resume);
      subscription?.[Symbol.dispose]();
      response.end();
    },
  };
}

const nothingHeld: Disposable = { [Symbol.dispose]: () => undefined };

const tooMany: Problem = {
  code: 'Refused' satisfies FailureCode,
  message: 'Too many calls at once; try again when some have ended.',
};

/** The request's body as JSON: a problem where it is too large, not declared as JSON, or malformed. */
export async function readJson(request: IncomingMessage): Promise<Answer<unknown>> {
  // A form or a script of another site can send text/plain without asking first, but not this type.
  if (request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== 'application/json')
    return invalid('The Content-Type must be application/json.');
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    // The rest is read and dropped, or its sender would see a broken connection in place of the answer.
    if (bytes <= bounds.bodyBytes) chunks.push(chunk);
  });
  try {
    await finished(request);
    if (bytes > bounds.bodyBytes) return invalid(`The body must have at most ${bounds.bodyBytes} bytes.`);
    return { value: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
  } catch {
    return invalid('The body must be a JSON document.');
  }
}

function invalid(message: string): { problem: Problem } {
  return { problem: { code: 'InvalidInput' satisfies FailureCode, message } };
}

/** Sends an answer: 200 for a value, else a status by the kind of problem. */
export function sendAnswer(response: ServerResponse, answer: Answer<unknown>): void {
  sendJson(response, 'problem' in answer ? statusOf(answer.problem.code) : 200, JSON.stringify(answer));
}

/** Sends a JSON document that nobody may keep. */
export function sendJson(response: ServerResponse, status: number, document: string): void {
  const body = Buffer.from(document);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
  });
  response.end(body);
}

/** Callers go by the problem's code; the status is for logs, proxies and `curl -f`. */
function statusOf(code: string): number {
  switch (code) {
    case 'InvalidInput':
      return 400;
    case 'SignInNeeded':
      return 401;
    case 'Refused':
      return 403;
    case 'NotFound':
      return 404;
    case 'Internal':
      return 500;
    default:
      return 409;
  }
}

/**
 * True where a header says that a browser or a proxy sent this: neither has any business at the local socket, and
 * behind a proxy the peer is not who asks.
 */
export function isSentBy(request: IncomingMessage, senders: readonly ('browser' | 'proxy')[]): boolean {
  return Object.keys(request.headers).some((name) => {
    const sender = senderShownBy(name);
    return sender !== undefined && senders.includes(sender);
  });
}
