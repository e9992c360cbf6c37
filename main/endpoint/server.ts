import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Failure } from '../failure.ts';
import { admitOwnUserOnly, closeServer, listenOnLoopback, loopbackAddress } from '../platform/loopback.ts';
import type { Clock, PeerIdentity } from '../platform/ports.ts';
import { answerImds, type CredentialSource } from './imds.ts';
import { TokenIssuer } from './token.ts';

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
  // Node's own limit drops further headers silently, and would hide them from the guard; the size is bounded above.
  server.maxHeadersCount = 0;
  server.on('connection', source.connected);
  admitOwnUserOnly(server, peer);
  const bound = await listenOnLoopback(server, port).catch((error: unknown) => {
    throw portTaken(port, error) ?? error;
  });
  const host = `${loopbackAddress}:${bound}`;
  const imds = { clock, source, host, tokens: new TokenIssuer(clock, host) };
  // Node answers a request with `Expect` by itself, before the guard has seen it, unless these are listened to.
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) {
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      answerImds(imds, request, response);
    });
  }
  server.on('clientError', (_error, socket) => {
    // Malformed requests get no answer that could tell a stranger who listens.
    socket.destroy();
  });
  return {
    url: `http://${host}/`,
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}

/** The failure to listen in words, where it is one that another port mends. */
function portTaken(port: number, error: unknown): Failure | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return undefined;
  const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'may not be used by this user';
  return new Failure(
    'PortTaken',
    `Port ${port} on ${loopbackAddress} ${why}. End that program, or choose another port: "settings": { "port": … } in config.json, or --port for this run.`,
    { field: 'port' },
  );
}
