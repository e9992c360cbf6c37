/** `npm run demo [-- --headless] [--port N] [--ready-file FILE]`: the app against an embedded STS, with sample roles. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './build.mjs';
import { buildForStart, endLike, passSignals, readOptions, startApp } from './launch.mjs';

const { headless, port, readyFile } = readOptions('npm run demo');
await buildForStart(['client', 'main', 'command', 'preload', 'demo']);

/** @type {typeof import('../test/demo/demo.ts')} */
const { runDemo } = await import(pathToFileURL(join(root, 'dist/demo/demo.js')).href);
try {
  endLike(await runDemo({ headless, port, readyFile, startApp, onStarted: (app) => passSignals(app.end) }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
