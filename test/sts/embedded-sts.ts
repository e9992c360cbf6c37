/**
 * A small STS for the tests and the demo: a real HTTP server that speaks the Query protocol, verifies what
 * the real one verifies and refuses in its words. It is never part of what is shipped.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { unreachable } from '../../main/failure.ts';
import { isStsAction, perform } from './actions.ts';
import { authenticate } from './authentication.ts';
import { Credentials } from './credentials.ts';
import { Faults, takeFault } from './faults.ts';
import { Federation } from './federation.ts';
import type { Hit } from './faults.ts';
import { answerXml, invalidAction, parseAction, parseParameters, refusalXml } from './query-protocol.ts';
import { Refusal } from './refusal.ts';
import { splitOnce } from './signature-v4.ts';
import type { RawRequest } from './signature-v4.ts';
import { parseWorld } from './world.ts';
import type { StsWorld } from './world.ts';

export { Faults } from './faults.ts';
export type { Aim } from './faults.ts';
export type { StsAction } from './actions.ts';
export type { StsWorld } from './world.ts';

/** A running embedded STS. Disposing of it closes it. */
export interface EmbeddedSts extends AsyncDisposable {
  /**
   * `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL_STS` and, for its federation endpoint, `AWS_ENDPOINT_URL_SIGNIN`.
   * `GET /calls` there answers {@link calls} as JSON.
   */
  readonly url: string;
  /** How it shall misbehave, to be set at any time. */
  readonly faults: Faults;
  /** How many calls of each action, the federation endpoint's too, arrived since the start or the last reset, refused and dropped ones included. */
  calls(): Readonly<Record<string, number>>;
  resetCalls(): void;
  /** A user's key or an issued session becomes unknown. Throws RangeError if it is so already. */
  revoke(accessKeyId: string): void;
  /** Ends the server and every open connection. */
  close(): Promise<void>;
}

const maxBodyBytes = 1024 * 1024;

/**
 * Starts an embedded STS on 127.0.0.1.
 *
 * @param options `port`: any free one by default; `now`: milliseconds since 1970, by default the machine's clock.
 * @throws RangeError when the world is impossible; the error of `listen` when the port is taken.
 */
export async function startEmbeddedSts(
  world: StsWorld,
  options: { port?: number; now?: () => number } = {},
): Promise<EmbeddedSts> {
  const parsedWorld = parseWorld(world);
  const credentials = new Credentials(parsedWorld.users);
  const federation = new Federation(credentials);
  const faults = new Faults();
  const calls = new Map<string, number>();
  const closing = new AbortController();
  const nowMs = (): number => (options.now ?? Date.now)() + faults.clockOffsetMs;

  const count = (action: string): void => void calls.set(action, (calls.get(action) ?? 0) + 1);

  const serving = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const served = serve(request, response).finally(() => serving.delete(served));
    serving.add(served);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    try {
      const raw = await readRequest(request);
      if (raw.method === 'GET' && raw.target === '/calls') {
        send(response, 200, 'application/json', `${JSON.stringify(Object.fromEntries(calls))}\n`, requestId);
        return;
      }
      const [path, query] = splitOnce(raw.target, '?');
      if (raw.method === 'GET' && path === '/federation') {
        const parameters = parseParameters(query ?? '', '');
        count(parameters.get('Action') ?? '');
        if (faults.delayMs > 0) await delay(faults.delayMs, undefined, { signal: closing.signal });
        const { status, type, body } = federation.answer(parameters, nowMs());
        send(response, status, type, body, requestId);
        return;
      }
      const [action, result] = await answer(raw, response);
      send(response, 200, 'text/xml', answerXml(action, result, requestId), requestId);
    } catch (error) {
      if (response.destroyed || closing.signal.aborted) return;
      const refusal = error instanceof Refusal ? error : internalFailure();
      if (refusal !== error) console.error('The embedded STS has a fault of its own:', error);
      send(response, refusal.status, 'text/xml', refusalXml(refusal, requestId), requestId);
    }
  }

  async function answer(
    raw: RawRequest,
    response: ServerResponse,
  ): Promise<[string, ReturnType<typeof perform>]> {
    const [path, query] = splitOnce(raw.target, '?');
    const parameters = parseParameters(query ?? '', raw.body.toString('utf8'));
    const action = parseAction(parameters);
    count(action);
    const hit = takeFault(faults, action);
    if (faults.delayMs > 0) await delay(faults.delayMs, undefined, { signal: closing.signal });
    if (hit !== undefined) suffer(hit, response);
    if (!isStsAction(action)) throw invalidAction(action);
    const caller = authenticate(raw, credentials, nowMs());
    // The signature cannot tell `//` from `/`, so the path is looked at by itself.
    if (path !== '/') throw new Refusal(404, 'UnknownOperationException', `There is nothing at ${path}.`);
    const result = perform(action, {
      caller,
      parameters,
      nowMs: nowMs(),
      world: parsedWorld,
      issue: (holder, durationSeconds) => {
        const seconds = Math.min(durationSeconds, faults.sessionSeconds ?? durationSeconds);
        // Expirations are whole seconds in answers, so they are here, too.
        return credentials.issue(holder, Math.floor(nowMs() / 1000 + seconds) * 1000);
      },
    });
    return [action, result];
  }

  function send(
    response: ServerResponse,
    status: number,
    type: string,
    body: string,
    requestId: string,
  ): void {
    response.writeHead(status, {
      'x-amzn-RequestId': requestId,
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      Date: new Date(nowMs()).toUTCString(),
    });
    response.end(body);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= end());
  async function end(): Promise<void> {
    closing.abort();
    const ended = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await ended;
    await Promise.all(serving);
  }

  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    faults,
    calls: () => Object.fromEntries(calls),
    resetCalls: () => {
      calls.clear();
    },
    revoke: (accessKeyId) => {
      credentials.revoke(accessKeyId);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Lets a fault take its effect: there is no way on from here. */
function suffer(hit: Hit, response: ServerResponse): never {
  switch (hit.kind) {
    case 'drop':
      response.destroy();
      throw new Error('the connection was dropped');
    case 'fail':
      throw hit.status === 500 ? internalFailure() : serviceUnavailable();
    case 'throttle':
      throw new Refusal(400, 'Throttling', 'Rate exceeded');
    default:
      return unreachable(hit);
  }
}

function internalFailure(): Refusal {
  return new Refusal(
    500,
    'InternalFailure',
    'The request processing has failed because of an unknown error, exception or failure.',
  );
}

function serviceUnavailable(): Refusal {
  return new Refusal(
    503,
    'ServiceUnavailable',
    'The request has failed due to a temporary failure of the server.',
  );
}

async function readRequest(request: IncomingMessage): Promise<RawRequest> {
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.push([request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? '']);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    // Read on to the end, or the client is cut off while it sends and sees no answer.
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  if (bytes > maxBodyBytes) throw new Refusal(413, 'RequestEntityTooLarge', 'The request is too large.');
  const { method = '', url = '' } = request;
  if (method !== 'GET' && method !== 'POST') {
    throw new Refusal(405, 'MethodNotAllowed', `The method ${method} is not allowed.`);
  }
  return { method, target: url, headers, body: Buffer.concat(chunks) };
}
