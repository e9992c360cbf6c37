#!/usr/bin/env node
/** The entry of the `latchkey` command. */
import { run } from './cli/run.ts';

// No `await`: this is built to CommonJS, which starts sooner.
void run(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
  // What is written is out, but on a pipe that nobody reads: then Node waits for it. Taking down all that it has made takes longer.
  // What could not be written is told of a moment later.
  const isWritten = process.stdout.writableLength === 0 && process.stderr.writableLength === 0;
  if (isWritten && process.stdout.errored === null) process.exit();
});
