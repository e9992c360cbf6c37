import { promises as files } from 'node:fs';
import type { Program } from './ports.ts';
import { interpreterOf, programName } from './program-name.ts';

/** The processes of this user, as `/proc` shows them. */
export interface LinuxProcesses {
  /**
   * The program that holds the socket with this inode; undefined where no process of this user does, or none that
   * may be looked into. Never rejects. Where processes share the socket by `fork`, the child is meant, not its parent.
   */
  programWith(inode: number): Promise<Program | undefined>;
}

/** How many of the processes that answered last are looked at before all others. */
const rememberedProcesses = 16;

// Calls that go on at the same time. One after another, each costs eight times as much; all at once would keep other
// work of this process waiting, which shares libuv's few threads.
const processesAtOnce = 8;
const descriptorsAtOnce = 32;

/** More of a command line than that is not read: arguments may be megabytes. */
const commandLineBytes = 64 * 1024;

/**
 * Looks for sockets among the descriptors of this user's processes. It takes one call for each descriptor, so one
 * search at a time serves all who wait: it ends as soon as their sockets are found, and whoever asks while it runs
 * waits for the next one, since it may have passed that process already.
 *
 * @param listProcesses the pids to look at, in this order
 */
export function linuxProcesses(listProcesses: () => Promise<number[]> = newestFirst): LinuxProcesses {
  const ownUid = process.getuid?.();
  let lately: number[] = [];
  let lastSearch: Promise<unknown> = Promise.resolve();
  let next: Search | undefined;

  /** A search that begins when the one before it has ended, for whatever is wanted by then. */
  function prepareSearch(): Search {
    const wanted = new Set<number>();
    const holders = lastSearch.then(() => {
      next = undefined;
      return search(wanted);
    });
    lastSearch = holders;
    return { wanted, programs: holders.then(programsByInode) };
  }

  /** The process that holds each of the wanted sockets. */
  async function search(wanted: Set<number>): Promise<ReadonlyMap<number, number>> {
    const holders = new Map<number, number>();
    // The same programs ask again and again.
    await lookAt(lately, wanted, holders);
    if (wanted.size > 0) {
      const seen = new Set(lately);
      const others = (await listProcesses()).filter((pid) => !seen.has(pid));
      await lookAt(others, wanted, holders);
    }
    lately = [...new Set([...holders.values(), ...lately])].slice(0, rememberedProcesses);
    return holders;
  }

  /** Moves what these processes hold from `wanted` to `holders`. */
  async function lookAt(
    pids: readonly number[],
    wanted: Set<number>,
    holders: Map<number, number>,
  ): Promise<void> {
    for (let start = 0; start < pids.length && wanted.size > 0; start += processesAtOnce) {
      await Promise.all(
        pids.slice(start, start + processesAtOnce).map(async (pid) => {
          const held = await takeHeldBy(pid, wanted);
          for (const inode of held) holders.set(inode, pid);
          // A child that inherited the socket takes the place of its parent. Children of other threads than the first,
          // and what was passed on in another way than by `fork`, are not looked for.
          if (held.size > 0) await lookAt(await childrenOf(pid), held, holders);
        }),
      );
    }
  }

  /** Those of the wanted sockets that a process holds, taken out of `wanted`. */
  async function takeHeldBy(pid: number, wanted: Set<number>): Promise<Set<number>> {
    const held = new Set<number>();
    const [uid, descriptors] = await Promise.all([uidOf(pid), descriptorsOf(pid)]);
    if (uid !== ownUid) return held;
    for (let start = 0; start < descriptors.length && wanted.size > 0; start += descriptorsAtOnce) {
      const some = descriptors.slice(start, start + descriptorsAtOnce);
      for (const target of await Promise.all(some.map(readLink))) {
        const inode = Number(/^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]);
        if (wanted.delete(inode)) held.add(inode);
      }
    }
    return held;
  }

  return {
    async programWith(inode) {
      next ??= prepareSearch();
      next.wanted.add(inode);
      return (await next.programs).get(inode);
    },
  };
}

interface Search {
  /** Open until the search begins; it takes out what it finds. */
  readonly wanted: Set<number>;
  /** The promises inside are apart, so that one process that cannot be read in time holds nobody else up. */
  readonly programs: Promise<ReadonlyMap<number, Promise<Program | undefined>>>;
}

/** Reads each process once, however many of the sockets are its. */
function programsByInode(
  holders: ReadonlyMap<number, number>,
): ReadonlyMap<number, Promise<Program | undefined>> {
  const programs = new Map<number, Promise<Program | undefined>>();
  const byInode = new Map<number, Promise<Program | undefined>>();
  for (const [inode, pid] of holders) {
    const program = programs.get(pid) ?? readProgram(pid);
    programs.set(pid, program);
    byInode.set(inode, program);
  }
  return byInode;
}

async function readProgram(pid: number): Promise<Program | undefined> {
  const executable = (await readLink(`/proc/${pid}/exe`))?.replace(/ \(deleted\)$/, '');
  const needsArguments = executable === undefined || interpreterOf(executable) !== undefined;
  const name = programName(executable, needsArguments ? await commandLineOf(pid) : []);
  return name === '' ? undefined : { pid, name };
}

/**
 * The running processes with the one that was started last first: a program that asks was often only just started.
 * Pids begin anew at some number, so the highest is not the latest.
 */
async function newestFirst(): Promise<number[]> {
  const [names, load] = await Promise.all([list('/proc'), readText('/proc/loadavg')]);
  const latest = Number(/(\d+)\s*$/.exec(load)?.[1] ?? Infinity);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.sort((a, b) => Number(a > latest) - Number(b > latest) || b - a);
}

// A process may end, and a descriptor be closed, while they are looked at: then there is nothing to find. The same
// goes for what the kernel does not show us, such as a program that made itself non-dumpable.

async function uidOf(pid: number): Promise<number | undefined> {
  return files.stat(`/proc/${pid}`).then(
    ({ uid }) => uid,
    () => undefined,
  );
}

/** The paths of a process's descriptors, the latest first as a rule. */
async function descriptorsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  return (await list(folder)).reverse().map((name) => `${folder}/${name}`);
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readText(`/proc/${pid}/task/${pid}/children`);
  return children.split(' ').filter(Boolean).map(Number);
}

/** What a process was started with; an argument that is cut off is left out. */
async function commandLineOf(pid: number): Promise<string[]> {
  try {
    const file = await files.open(`/proc/${pid}/cmdline`);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(commandLineBytes), 0, commandLineBytes, 0);
      return buffer.toString('utf8', 0, bytesRead).split('\0').slice(0, -1);
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

async function list(folder: string): Promise<string[]> {
  return files.readdir(folder).catch(() => []);
}

async function readLink(path: string): Promise<string | undefined> {
  return files.readlink(path).catch(() => undefined);
}

async function readText(path: string): Promise<string> {
  return files.readFile(path, 'utf8').catch(() => '');
}
