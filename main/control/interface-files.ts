/** The built interface, and what goes with it wherever it is shown: in the window and in a browser. */
import { readdir, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { Failure } from '../failure.ts';

interface InterfaceFile {
  readonly contentType: string;
  readonly content: Buffer;
}

/**
 * The headers of every file. The page may run and show what it came with: nothing from anywhere else, no inline script
 * or style, no `eval`, no frame, no form.
 * @param connect the sources it may connect to; the window's talks over its preload and needs none
 */
export function interfaceHeaders(connect: "'self'" | "'none'"): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "font-src 'self'",
      `connect-src ${connect}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      // Text becomes markup only through Svelte's own policy, which is made for its compiled templates.
      "require-trusted-types-for 'script'",
      'trusted-types svelte-trusted-html',
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-dns-prefetch-control': 'off',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * Reads the files of `folder` into memory, by the exact path each is asked for with: there is nothing to decode, to
 * resolve or to escape from. Fails with `NotFound` where there is no interface.
 */
export async function readInterfaceFiles(folder: string): Promise<ReadonlyMap<string, InterfaceFile>> {
  const files = new Map<string, InterfaceFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const contentType = contentTypes[extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split(sep).join('/')}`;
    files.set(path, { contentType, content: await readFile(file) });
  }
  const index = files.get('/index.html');
  if (index === undefined)
    throw new Failure('NotFound', `The interface is not in ${folder}; build it with: npm run build`);
  return files.set('/', index);
}

/** Sends a file, or 404 where there is none. */
export function sendFile(response: ServerResponse, file: InterfaceFile | undefined): void {
  if (file === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('There is no such file in the interface.\n');
    return;
  }
  response.writeHead(200, { 'content-type': file.contentType, 'content-length': file.content.length });
  response.end(file.content);
}
