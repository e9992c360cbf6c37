/**
 * `latchkey://app/`: the scheme that the window's page comes from. A page from `file:` could read the disk and
 * has no origin of its own; this one can be told apart from every other page and gets nothing but the built
 * interface.
 */
import type { Protocol, Session } from 'electron';
import { interfaceHeaders, readInterfaceFiles } from '../control/interface-files.ts';

const scheme = 'latchkey';
export const interfaceOrigin = `${scheme}://app`;
export const interfaceUrl = `${interfaceOrigin}/`;

/** It says what it has to say over the preload's bridge, and connects to nothing. */
const headers = interfaceHeaders("'none'");

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
