/**
 * Lets the threads that the code under test starts run from its sources, as Vitest does for the code itself: Node 20
 * runs no TypeScript. Threads have the options of the process that starts them, so this is loaded in each.
 */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) register('./typescript-loader.mjs', import.meta.url);
