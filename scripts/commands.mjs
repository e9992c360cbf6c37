/** `npm run commands`: writes docs/commands.md and man/latchkey.1 anew, from the commands' grammar. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runnerImport } from 'vite';
import { root } from './build.mjs';

/** @type {{ module: typeof import('./command-pages.ts') }} */
const { module } = await runnerImport(join(root, 'scripts/command-pages.ts'));
for (const [path, text] of module.commandPages) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`Wrote ${path}.`);
}
