/**
 * The thread that looks for programs in `/proc`, so that no search keeps the broker's event loop waiting. A search
 * everywhere goes on one process at a time, and other questions are answered in between.
 */
import { parentPort } from 'node:worker_threads';
import { LinuxProc } from './linux-proc.ts';
import { ProgramSearch, type Found, type Question } from './linux-program-search.ts';

/** A question of one kind is answered before the next one of it is asked. */
export interface Asked extends Question {
  /** Whether every process of the user is looked into, which takes tens of milliseconds. */
  readonly everywhere: boolean;
}

export interface Answer extends Found {
  readonly everywhere: boolean;
}

const nothing: Found = { byInode: new Map(), shared: new Set(), byPid: new Map() };
const search = new ProgramSearch(new LinuxProc());
/** How long a search everywhere goes on. A program can make itself so large that it would not end in time. */
const longestSearchMs = 3_000;

let underWay: Generator<undefined, Found> | undefined;
let begunAtMs = 0;
let next: NodeJS.Immediate | undefined;

parentPort?.on('message', ({ everywhere, ...question }: Asked) => {
  if (everywhere) {
    underWay = search.findEverywhere(question.inodes);
    begunAtMs = performance.now();
  } else answer({ ...search.find(question), everywhere });
  clearImmediate(next);
  next = setImmediate(goOn);
});

/** Goes on in the time when nobody asks, one process at a time: a question comes in between. */
function goOn(): void {
  const step = underWay?.next();
  if (step?.done) end(step.value);
  // Not what was found so far: another program may have it, too.
  else if (step && performance.now() - begunAtMs > longestSearchMs)
    end(underWay?.return(nothing).value ?? nothing);
  if (step !== undefined || search.lookAhead()) next = setImmediate(goOn);
}

function end(found: Found): void {
  underWay = undefined;
  answer({ ...found, everywhere: true });
}

function answer(found: Answer): void {
  parentPort?.postMessage(found);
}
