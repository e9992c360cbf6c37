#!/usr/bin/env node
/** The entry of the `latchkey` command. */
import { run } from './cli/run.ts';

// No `await`: this is built to CommonJS, which starts sooner.
void run(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
