/**
 * `latchkey://app/`: the scheme that the window's page comes from. A page from `file:` could read the disk and
 * has no origin of its own; this one can be told apart from every other page and gets nothing but the built
 * interface.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { protocol, type Session } from 'electron';

const scheme = 'latchkey';
export const interfaceOrigin = `${scheme}://app`;
export const interfaceUrl = `${interfaceOrigin}/index.html`;

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

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Makes the scheme known to Chromium. Electron takes this once, before its `ready` event. */
export function declareInterfaceScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true } }]);
}

/** Serves the built interface in `folder` to the pages of `session`. */
export async function serveInterface(session: Session, folder: string): Promise<void> {
  const respond = await interfaceResponder(folder);
  session.protocol.handle(scheme, respond);
}

/**
 * Answers a request for a file of `folder`. The files are listed once and only an exact match is served, so there
 * is no path to be escaped from, decoded or resolved.
 */
export async function interfaceResponder(folder: string): Promise<(request: Request) => Promise<Response>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files.set(`${interfaceOrigin}/${path.relative(folder, file).split(path.sep).join('/')}`, file);
  }

  return async ({ method, url }) => {
    if (method !== 'GET') return new Response('Only GET is answered here.', { status: 405, headers });
    // A fragment never gets here, and the page sends no query.
    const file = files.get(url === `${interfaceOrigin}/` ? interfaceUrl : url);
    const contentType = contentTypes[path.extname(file ?? '')];
    if (file === undefined || contentType === undefined)
      return new Response('There is no such file in the interface.', { status: 404, headers });
    return new Response(await readFile(file), { headers: { ...headers, 'content-type': contentType } });
  };
}
