import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { ClientConnection } from '../clients/client-connections.ts';
import type { Clients } from '../clients/clients.ts';
import { Failure } from '../failure.ts';
import { admitOwnUserOnly, closeServer, listenOnLoopback, loopbackAddress } from '../platform/loopback.ts';
import type { Clock, PeerIdentity } from '../platform/ports.ts';
import { answerContainer, containerPrefix } from './container.ts';
import { CrowdControl, mostConnections } from './crowd-control.ts';
import { admit } from './guard.ts';
import { answerImds, type Asked } from './imds.ts';
import { TokenIssuer } from './token.ts';

export interface EndpointOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly peer: PeerIdentity;
  readonly clients: Pick<Clients, 'connections' | 'source' | 'containerTokens'>;
  /** The profile that this port serves, whoever asks; without it the program decides. */
  readonly ownProfile?: string | undefined;
  /** Whether IMDS answers requests without a token (version 1). */
  readonly isV1On: () => boolean;
  /** Whether `http://169.254.169.254/` leads here now. */
  readonly linkLocalIsOn: () => boolean;
}

export interface Endpoint extends AsyncDisposable {
  /** The base URL, with a trailing slash, as older AWS CLIs need it. */
  readonly url: string;
}

/** A client that sends more before the first is answered is not an SDK. */
const mostUnanswered = 8;

/**
 * Serves IMDS and the container protocol on loopback, for the processes of this user only: whose process is at the other
 * end is known before a byte of it is read.
 * @throws Failure PortTaken; it never takes another port by itself
 */
export async function serveEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { port, peer } = options;
  const { connections, source } = options.clients;
  const server = createServer({
    maxHeaderSize: 8192,
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
  });
  server.maxConnections = mostConnections;
  // Node's own limit drops further headers silently, and would hide them from the guard; the size is bounded above.
  server.maxHeadersCount = 0;
  const crowd = new CrowdControl(connections, (socket) => {
    source.refused(connections.at(socket), 'too many connections are open');
  });
  server.on('connection', (socket: Socket) => {
    void connections.accept(socket).identifyWhereCheap();
    crowd.look();
  });
  admitOwnUserOnly(server, peer, () => {
    source.refused(undefined, 'the connection is not known to be of a program of this user');
  });
  const bound = await listenOnLoopback(server, port).catch((error: unknown) => {
    throw portTaken(port, error) ?? error;
  });
  const host = `${loopbackAddress}:${bound}`;
  const answer = createAnswer(options, host);
  // Node answers a request with `Expect` by itself, before the guard has seen it, unless these are listened to.
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
    server.on(event, answer);
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Malformed requests get no answer that could tell a stranger who listens.
    const reason = reasonOf(error);
    if (reason !== undefined && socket instanceof Socket) source.refused(connections.at(socket), reason);
    socket.destroy();
  });
  return {
    url: `http://${host}/`,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

/** What answers each request of a server at `host`: the guard first, then the protocol that the path belongs to. */
function createAnswer(options: EndpointOptions, host: string) {
  const { clock, isV1On, ownProfile } = options;
  // The real service's address leads to the main port alone.
  const linkLocalIsOn = ownProfile === undefined ? options.linkLocalIsOn : undefined;
  const { source, connections, containerTokens } = options.clients;
  const imds = { clock, source, ownProfile, isV1On, tokens: new TokenIssuer(clock, host) };
  const container = { clock, source, tokens: containerTokens };
  const unanswered = new WeakMap<Socket, number>();

  return (request: IncomingMessage, response: ServerResponse): void => {
    const { socket, method = '' } = request;
    const connection = connections.at(socket);
    const admitted = admit(request.rawHeaders, host, linkLocalIsOn);
    if ('refusal' in admitted) {
      // To a token's PUT AWS answers a proxy with 403; but SDKs then try version 1, and 400 ends the matter.
      refuse(connection, response, method === 'PUT' ? 400 : 403, admitted.refusal);
      return;
    }
    const path = pathOf(request.url ?? '');
    if (path === undefined) {
      refuse(connection, response, 400, 'the request must name a path');
      return;
    }
    const asked: Asked = { connection, method, path, admitted };
    if (ownProfile === undefined && path.startsWith(containerPrefix))
      answerContainer(container, asked, response);
    else answerImds(imds, asked, response);
    if (!response.writableEnded) noteUnanswered(connection, socket, response);
  };

  function refuse(
    connection: ClientConnection,
    response: ServerResponse,
    status: number,
    reason: string,
  ): void {
    source.refused(connection, reason);
    const body = `Latchkey: ${reason}\n`;
    response.writeHead(status, ['Content-Type', 'text/plain', 'Content-Length', Buffer.byteLength(body)]);
    response.end(body);
  }

  /** Answers that wait for something are few on one connection: whoever sends on without reading is let go. */
  function noteUnanswered(connection: ClientConnection, socket: Socket, response: ServerResponse): void {
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    if (count <= mostUnanswered || socket.destroyed) return;
    source.refused(connection, `more than ${mostUnanswered} requests wait on one connection`);
    socket.destroy();
  }
}

/** The path, with doubled and trailing slashes folded (Java, .NET and JS v2 make `//latest`); undefined for `*` and whole URLs. */
export function pathOf(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!path.includes('//') && !path.endsWith('/')) return path;
  return path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
}

/** Why a connection is ended that sends no request that can be read; undefined where its other end has gone. */
function reasonOf({ code = '' }: NodeJS.ErrnoException): string | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 'a request’s headers are too long';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'no whole request came in time';
  return code.startsWith('HPE_') ? 'a request cannot be read' : undefined;
}

/** The failure to listen in words, where it is one that another port mends. */
function portTaken(port: number, error: unknown): Failure | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return undefined;
  const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be used by this user';
  return new Failure('PortTaken', `Port ${port} on ${loopbackAddress} ${why}`, { field: 'port' });
}
