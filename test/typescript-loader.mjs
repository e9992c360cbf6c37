/** Loads TypeScript: https://nodejs.org/docs/latest-v20.x/api/module.html#hooks */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
// Vite's own compiler. By way of Vite it takes six times as long to load.
import { transformSync } from 'rolldown/utils';

/** A `.js` that has not been built is the `.ts` beside it. @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, nextResolve) {
  const url = new URL(specifier, context.parentURL ?? 'file:///');
  const source = new URL(url.href.replace(/\.js$/, '.ts'));
  const isSource = url.protocol === 'file:' && !existsSync(url) && existsSync(source);
  return isSource ? { url: source.href, shortCircuit: true } : nextResolve(specifier, context);
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!/^file:.*\.ts$/.test(url)) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code, errors } = transformSync(path, await readFile(path, 'utf8'));
  if (errors.length > 0) throw errors[0];
  return { format: 'module', source: code, shortCircuit: true };
}
