/**
 * Addresses that lead a browser somewhere else, once.
 *
 * A browser is opened by a command line, and every user of the machine can read that (`/proc/PID/cmdline`, `ps`). So a
 * link that holds a secret is not put there: what is, leads to it from a page on loopback that answers this user's
 * processes only, and only the first that asks. A file that redirects would do the same, but browsers in a sandbox
 * (Flatpak, Snap) cannot read it, and `xdg-open` may give it to an editor.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { admitOwnUserOnly, closeServer, listenOnLoopback, loopbackAddress } from '../platform/loopback.ts';
import type { Clock, PeerIdentity } from '../platform/ports.ts';
import type { Secret } from '../secret.ts';
import { createBoundedServer, isSentBy } from './http.ts';

/** A browser that has to be started first, on a slow machine, takes less. */
export const pageLifeMs = 2 * 60_000;
/** How many may wait; the oldest gives way. */
const mostWaiting = 16;
const path = '/once/';

interface Page {
  readonly target: Secret;
  readonly isStill: () => boolean;
  readonly end: Disposable;
}

export class OneTimePages implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #peer: PeerIdentity;
  /** By the hash of what their address holds, so that a look-up's time tells nothing about it. */
  readonly #pages = new Map<string, Page>();
  #server: Promise<{ readonly server: Server; readonly host: string }> | undefined;

  constructor(parts: { readonly clock: Clock; readonly peer: PeerIdentity }) {
    this.#clock = parts.clock;
    this.#peer = parts.peer;
  }

  /**
   * An address that leads to `target` once, within {@link pageLifeMs}. The server is there from the first one on.
   * @param isStill whether it may be gone to, asked when somebody comes
   */
  async leadTo(target: Secret, isStill: () => boolean): Promise<string> {
    this.#server ??= this.#listen();
    const { host } = await this.#server;
    const key = randomBytes(32).toString('base64url');
    const id = hashOf(key);
    const end = this.#clock.schedule(pageLifeMs, () => this.#pages.delete(id));
    this.#pages.set(id, { target, isStill, end });
    const [oldest] = this.#pages.keys();
    if (oldest !== undefined && this.#pages.size > mostWaiting) this.#take(oldest);
    return `http://${host}${path}${key}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of [...this.#pages.keys()]) this.#take(id);
    const listening = await this.#server?.catch(() => undefined);
    if (listening) await closeServer(listening.server);
  }

  async #listen() {
    let host = '';
    const server = createBoundedServer((request, response) => {
      this.#answer(request, response, host);
    });
    admitOwnUserOnly(server, this.#peer);
    host = `${loopbackAddress}:${await listenOnLoopback(server, 0)}`;
    return { server, host };
  }

  #answer(request: IncomingMessage, response: ServerResponse, host: string): void {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('x-content-type-options', 'nosniff');
    const url = request.url ?? '';
    const target =
      request.method === 'GET' && url.startsWith(path) && isVisit(request, host)
        ? this.#take(hashOf(url.slice(path.length)))
        : undefined;
    if (target) {
      response.writeHead(302, { location: target.reveal() });
      response.end();
      return;
    }
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('This address leads on once, and for two minutes. Open the console again in Latchkey.\n');
  }

  #take(id: string): Secret | undefined {
    const page = this.#pages.get(id);
    this.#pages.delete(id);
    page?.end[Symbol.dispose]();
    return page?.isStill() ? page.target : undefined;
  }
}

/** Whether a browser's window asks, for exactly this server: no other page can load it into itself. */
function isVisit(request: IncomingMessage, host: string): boolean {
  const hosts = request.headersDistinct['host'] ?? [];
  const destination = request.headers['sec-fetch-dest'];
  return (
    hosts.length === 1 &&
    hosts[0] === host &&
    !isSentBy(request, ['proxy']) &&
    (destination === undefined || destination === 'document')
  );
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
