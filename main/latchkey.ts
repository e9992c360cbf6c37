#!/usr/bin/env node
/** The entry of the `latchkey` command. */
import { run } from './cli/run.ts';

process.exitCode = await run(process.argv.slice(2));
