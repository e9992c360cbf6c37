/** The interface and the contract for a browser, on a loopback port of their own. */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import * as z from 'zod/mini';
import { paths, type Problem } from '../../preload/contract.ts';
import { Failure } from '../failure.ts';
import type { Clock, PeerIdentity } from '../platform/ports.ts';
import { contractRoutes, createBoundedServer, hasHeaderOf, readJson, sendAnswer } from './http.ts';
import { readInterfaceFiles, sendFile } from './interface-files.ts';
import type { Service } from './service.ts';
import { SignIn } from './sign-in.ts';

/** A literal address: a name could be made to lead somewhere else. */
const address = '127.0.0.1';

export interface BrowserServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** A new link to the interface, for one browser, within five minutes. To be shown to the person, nowhere else. */
  link(): string;
}

/**
 * Serves the built interface in `folder`, and the contract to whoever signed in by a link.
 *
 * In front of every answer: the process at the other end is of our own user, and Host is exactly ours (so that no
 * page whose name was turned to this address gets in). In front of the contract also: the request comes from our
 * own page, and has a token. No header ever lets another origin read an answer.
 *
 * Fails with `NotFound` where the interface is not built.
 */
export async function serveBrowser(options: {
  readonly service: Service;
  readonly peer: PeerIdentity;
  readonly clock: Clock;
  readonly folder: string;
}): Promise<BrowserServer> {
  const files = await readInterfaceFiles(options.folder);
  const signIn = new SignIn(options.clock);
  const routes = contractRoutes(options.service);
  let host = '';

  function answer(request: IncomingMessage, response: ServerResponse) {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const refused = refusal(request, host);
    if (refused !== undefined) sendAnswer(response, { problem: refused });
    else if (isForInterface(request)) sendFile(response, files.get(request.url ?? ''));
    else if (request.method === 'POST' && request.url === paths.exchange) void exchange(request, response);
    else if (!signIn.accepts(request.headers.authorization)) sendAnswer(response, { problem: signInNeeded });
    else if (!routes.handle(request, response)) sendAnswer(response, { problem: nothingThere });
  }

  async function exchange(request: IncomingMessage, response: ServerResponse) {
    const body = await readJson(request);
    const input = 'value' in body ? z.safeParse(exchangeSchema, body.value) : undefined;
    const token = input?.success ? signIn.exchange(input.data.secret) : undefined;
    sendAnswer(response, token === undefined ? { problem: signInNeeded } : { value: { token } });
  }

  const server = createBoundedServer(answer);
  admitOwnUserOnly(server, options.peer);
  server.listen({ host: address, port: 0, exclusive: true });
  await once(server, 'listening');
  host = `${address}:${portOf(server)}`;
  const origin = `http://${host}`;

  return {
    origin,
    link: () => `${origin}/#key=${signIn.newSecret()}`,
    async [Symbol.asyncDispose]() {
      routes[Symbol.dispose]();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const exchangeSchema = z.strictObject({ secret: z.string().check(z.maxLength(64)) });

const signInNeeded: Problem = { code: 'SignInNeeded', message: 'Open a new link with: latchkey open' };
const nothingThere: Problem = { code: 'NotFound', message: 'There is nothing at this path.' };

const securityHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Text becomes markup only through Svelte's own policy, which is made for its compiled templates.
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html',
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** The interface's files hold no secret and need no token: a browser sends none with what a page loads. */
function isForInterface(request: IncomingMessage): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && request.url !== paths.events;
}

/** Why a request is refused before it is looked at any further; undefined where it is not. */
function refusal(request: IncomingMessage, host: string): Problem | undefined {
  const hosts = request.headersDistinct['host'] ?? [];
  if (hosts.length !== 1 || hosts[0] !== host) return refused(`Host must be ${host}.`);
  if (hasHeaderOf(request, ['proxy'])) return refused('A proxy cannot be used here.');
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (isForInterface(request)) {
    // A link on another page may lead here, but no page may load a file of ours into itself.
    const isOurs = site === undefined || site === 'same-origin' || site === 'none';
    const isFollowedLink = request.headers['sec-fetch-dest'] === 'document';
    return isOurs || isFollowedLink ? undefined : refused('Another page cannot load this.');
  }
  // Browsers send Origin with every POST, and Sec-Fetch-Site with everything.
  const isOurOrigin = origin === `http://${host}` || (origin === undefined && request.method === 'GET');
  const isOurSite = site === undefined || site === 'same-origin';
  return isOurOrigin && isOurSite ? undefined : refused('Only the interface can ask for this.');
}

function refused(message: string): Problem {
  return { code: 'Refused', message };
}

/**
 * Hands a connection on to the HTTP server when its other end is known to be ours, and destroys any other. The
 * server's own listener has to wait for that: it answers some requests (without Host, `Expect: 100-continue`)
 * before anybody is asked.
 */
function admitOwnUserOnly(server: Server, peer: PeerIdentity): void {
  const accepting = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    // Without a listener an error of a connection that is not handed on yet would end this process.
    const ignore = () => undefined;
    socket.on('error', ignore);
    void isOwnUser(socket, peer).then((isOwn) => {
      // One that has closed meanwhile would be kept by the server, which waits for its end.
      if (!isOwn || socket.destroyed) {
        socket.destroy();
        return;
      }
      socket.off('error', ignore);
      for (const accept of accepting) Reflect.apply(accept, server, [socket]);
    });
  });
}

async function isOwnUser(socket: Socket, peer: PeerIdentity): Promise<boolean> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  // They are undefined where the other end has gone already.
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return false;
  try {
    return await peer.isOwnUser({ localAddress, localPort, remoteAddress, remotePort });
  } catch {
    return false;
  }
}

function portOf(server: Server): number {
  const bound = server.address();
  if (typeof bound === 'object' && bound) return bound.port;
  throw new Failure('Internal', 'The server for the browser has no port.');
}
