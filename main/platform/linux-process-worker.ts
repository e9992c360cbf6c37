/**
 * The thread that looks for programs in `/proc`, so that no search keeps the broker's event loop waiting: each question
 * gets one answer, in turn.
 */
import { parentPort } from 'node:worker_threads';
import { LinuxProc } from './linux-proc.ts';
import { ClientReader } from './linux-process.ts';
import { SocketSearch } from './linux-socket-search.ts';
import type { Client } from './ports.ts';

export interface Question {
  /** Sockets whose holders are asked for. */
  readonly inodes: readonly number[];
  /** Processes that are known already. */
  readonly pids: readonly number[];
  /** Whether every process of the user is looked into, which takes tens of milliseconds. */
  readonly everywhere: boolean;
}

/** What was found of what a question asks for. */
export interface Answer {
  readonly byInode: ReadonlyMap<number, Client>;
  readonly byPid: ReadonlyMap<number, Client>;
}

const proc = new LinuxProc();
const search = new SocketSearch(proc);
const reader = new ClientReader(proc);
let ahead: NodeJS.Immediate | undefined;

parentPort?.on('message', (question: Question) => {
  parentPort?.postMessage(answer(question));
  clearImmediate(ahead);
  ahead = setImmediate(lookAhead);
});

function answer({ inodes, pids, everywhere }: Question): Answer {
  const holders = everywhere ? search.searchEverywhere(inodes) : search.search(inodes);
  const byPid = new Map<number, Client>();
  for (const pid of new Set([...holders.values(), ...pids])) {
    const client = reader.read(pid);
    if (client) byPid.set(pid, client);
  }
  const byInode = new Map<number, Client>();
  for (const [inode, pid] of holders) {
    const client = byPid.get(pid);
    if (client) byInode.set(inode, client);
  }
  return { byInode, byPid };
}

/** Goes on in the time when nobody asks, one process at a time: a question comes in between. */
function lookAhead(): void {
  if (search.lookAhead()) ahead = setImmediate(lookAhead);
}
