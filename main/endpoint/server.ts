import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Failure } from '../failure.ts';
import type { AcceptedConnection, Clock, PeerIdentity } from '../platform/ports.ts';
import { answerImds, type CredentialSource } from './imds.ts';
import { TokenIssuer } from './token.ts';

/** A literal address, not a name that could be resolved to something else. */
const address = '127.0.0.1';

export interface EndpointOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly peer: PeerIdentity;
  readonly source: CredentialSource;
}

export interface Endpoint extends AsyncDisposable {
  /** The base URL, with a trailing slash, as older AWS CLIs need it. */
  readonly url: string;
}

/**
 * Serves IMDS on loopback, for the processes of this user only: whose process is at the other end is known
 * before a byte of it is read.
 * @throws Failure PortTaken naming the setting; it never takes another port by itself
 */
export async function serveEndpoint({ port, clock, peer, source }: EndpointOptions): Promise<Endpoint> {
  const server = createServer({
    maxHeaderSize: 8192,
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
  });
  server.maxConnections = 1024;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? portTaken(port, error.code) : error);
    });
    server.listen({ host: address, port, exclusive: true }, resolve);
  });
  const bound = portOf(server.address());
  const host = `${address}:${bound}`;
  const imds = { clock, source, host, tokens: new TokenIssuer(clock, host) };
  const peers = new WeakMap<Socket, Promise<boolean> | boolean>();
  server.on('connection', (socket) => {
    const own = isOwnUser(peer, socket);
    if (own === false) socket.destroy();
    else peers.set(socket, own);
  });
  server.on('request', (request, response) => {
    const own = peers.get(request.socket) ?? false;
    if (own === true) {
      answerImds(imds, request, response);
      return;
    }
    void Promise.resolve(own).then((isOwn) => {
      if (!isOwn) {
        request.socket.destroy();
        return;
      }
      peers.set(request.socket, true);
      answerImds(imds, request, response);
    });
  });
  server.on('clientError', (_error, socket) => {
    // Malformed requests get no answer that could tell a stranger who listens.
    socket.destroy();
  });
  return {
    url: `http://${host}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function isOwnUser(peer: PeerIdentity, socket: Socket): Promise<boolean> | boolean {
  const connection = acceptedConnection(socket);
  if (!connection) return false;
  try {
    const own = peer.isOwnUser(connection);
    return typeof own === 'boolean' ? own : own.catch(() => false);
  } catch {
    return false;
  }
}

/** Undefined where the other end has gone already. */
function acceptedConnection({
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
}: Socket): AcceptedConnection | undefined {
  return localAddress && localPort && remoteAddress && remotePort
    ? { localAddress, localPort, remoteAddress, remotePort }
    : undefined;
}

function portOf(bound: AddressInfo | string | null): number {
  if (typeof bound === 'object' && bound) return bound.port;
  throw new Failure('Internal', 'The endpoint has no port');
}

function portTaken(port: number, reason: string): Failure {
  const why = reason === 'EADDRINUSE' ? 'is taken by another program' : 'may not be used by this user';
  return new Failure(
    'PortTaken',
    `Port ${port} on ${address} ${why}. End that program, or choose another port: "settings": { "port": … } in config.json, or --port for this run.`,
    { field: 'port' },
  );
}
