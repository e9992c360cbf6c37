/** `npm start [-- --headless] [--port N] [--ready-file FILE] [--secrets keychain|memory]`: builds what is stale and starts the app. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildForStart, endLike, passSignals, readOptions, startApp } from './launch.mjs';

const { headless, port, readyFile, secrets } = readOptions('npm start');
await buildForStart(['client', 'main', 'command', 'preload']);

// Whether the app got as far as serving is known by its ready file, so there always is one.
const scratch = mkdtempSync(join(tmpdir(), 'latchkey-start-'));
const app = startApp({
  headless,
  args: [
    ...(port === undefined ? [] : ['--port', port]),
    ...(secrets === undefined ? [] : ['--secrets', secrets]),
  ],
  env: process.env,
  readyFile: readyFile ?? join(scratch, 'ready.json'),
});
passSignals(app.end);
const ending = await app.ended;
rmSync(scratch, { recursive: true, force: true });
endLike(ending);
