/**
 * `latchkey://app/`: the scheme that the window's page comes from. A page from `file:` could read the disk and
 * has no origin of its own; this one can be told apart from every other page and gets nothing but the built
 * interface.
 */
import type { Protocol, Session } from 'electron';
import { readInterfaceFiles } from '../control/interface-files.ts';

const scheme = 'latchkey';
export const interfaceOrigin = `${scheme}://app`;
export const interfaceUrl = `${interfaceOrigin}/`;

/**
 * What the page may do: run and show the files it came with. Nothing from anywhere else, no inline script or
 * style, no `eval`, no frame, no form, no connection: what it has to say goes over the preload's bridge.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // Text becomes markup only through Svelte's own policy, which is made for its compiled templates.
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Makes the scheme known to Chromium, if declare-scheme.cjs has not done so already. Electron takes this once, before
 * its `ready` event.
 */
export function declareInterfaceScheme(protocol: Protocol): void {
  if ('latchkeySchemeIsDeclared' in globalThis) return;
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true } }]);
}

/**
 * Serves the built interface in `folder` to the pages of `session`.
 * @throws Failure NotFound where it was not built
 */
export async function serveInterface(session: Session, folder: string): Promise<void> {
  const respond = await interfaceResponder(folder);
  session.protocol.handle(scheme, respond);
}

/** Answers requests for the files of `folder`: each by its exact URL, and nothing else. */
export async function interfaceResponder(folder: string): Promise<(request: Request) => Response> {
  const files = await readInterfaceFiles(folder);

  return ({ method, url }) => {
    if (method !== 'GET') return new Response('Only GET is answered here.', { status: 405, headers });
    const file = url.startsWith(`${interfaceOrigin}/`)
      ? files.get(url.slice(interfaceOrigin.length))
      : undefined;
    if (file === undefined)
      return new Response('There is no such file in the interface.', { status: 404, headers });
    return new Response(file.content, { headers: { ...headers, 'content-type': file.contentType } });
  };
}
