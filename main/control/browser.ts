/** The interface and the contract for a browser, on a loopback port of their own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { paths, type Problem } from '../../preload/contract.ts';
import { admitOwnUserOnly, closeServer, listenOnLoopback, loopbackAddress } from '../platform/loopback.ts';
import type { Client, Clock, PeerIdentity } from '../platform/ports.ts';
import { contractRoutes, createBoundedServer, isSentBy, readJson, sendAnswer } from './http.ts';
import { interfaceHeaders, readInterfaceFiles, sendFile } from './interface-files.ts';
import type { ServiceByCaller } from './service.ts';
import { SignIn } from './sign-in.ts';

export interface BrowserServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /**
   * A new link to the interface, for one browser, within five minutes. To be shown to the person, nowhere else.
   * @param openedBy the program that asked for it, where one did
   */
  link(openedBy?: Client): string;
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
  readonly service: ServiceByCaller;
  readonly peer: PeerIdentity;
  readonly clock: Clock;
  readonly folder: string;
}): Promise<BrowserServer> {
  const files = await readInterfaceFiles(options.folder);
  const signIn = new SignIn(options.clock);
  const routes = contractRoutes();
  let host = '';

  function answer(request: IncomingMessage, response: ServerResponse) {
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    const refused = refusal(request, host);
    if (refused !== undefined) sendAnswer(response, { problem: refused });
    else if (isForInterface(request)) sendFile(response, files.get(request.url ?? ''));
    else if (request.method === 'POST' && request.url === paths.exchange) void exchange(request, response);
    else answerSignedIn(request, response);
  }

  function answerSignedIn(request: IncomingMessage, response: ServerResponse) {
    const signedIn = signIn.signedIn(request.headers.authorization);
    if (signedIn === undefined) {
      sendAnswer(response, { problem: signInNeeded });
      return;
    }
    const service = options.service.by({ from: 'browser', openedBy: signedIn.openedBy });
    if (!routes.handle(request, response, service)) sendAnswer(response, { problem: nothingThere });
  }

  async function exchange(request: IncomingMessage, response: ServerResponse) {
    const body = await readJson(request);
    const input = 'value' in body ? z.safeParse(exchangeSchema, body.value) : undefined;
    const token = input?.success ? signIn.exchange(input.data.secret) : undefined;
    sendAnswer(response, token === undefined ? { problem: signInNeeded } : { value: { token } });
  }

  const server = createBoundedServer(answer);
  admitOwnUserOnly(server, options.peer);
  host = `${loopbackAddress}:${await listenOnLoopback(server, 0)}`;
  const origin = `http://${host}`;

  return {
    origin,
    link: (openedBy) => `${origin}/#key=${signIn.newSecret(openedBy)}`,
    async [Symbol.asyncDispose]() {
      routes[Symbol.dispose]();
      await closeServer(server);
    },
  };
}

const exchangeSchema = z.strictObject({ secret: z.string().check(z.maxLength(64)) });

const signInNeeded: Problem = { code: 'SignInNeeded', message: 'Open a new link with: latchkey open' };
const nothingThere: Problem = { code: 'NotFound', message: 'There is nothing at this path.' };

const securityHeaders = Object.entries(interfaceHeaders("'self'"));

/** The interface's files hold no secret and need no token: a browser sends none with what a page loads. */
function isForInterface(request: IncomingMessage): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && request.url !== paths.events;
}

/** Why a request is refused before it is looked at any further; undefined where it is not. */
function refusal(request: IncomingMessage, host: string): Problem | undefined {
  const hosts = request.headersDistinct['host'] ?? [];
  if (hosts.length !== 1 || hosts[0] !== host) return refused(`Host must be ${host}.`);
  if (isSentBy(request, ['proxy'])) return refused('A proxy cannot be used here.');
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
