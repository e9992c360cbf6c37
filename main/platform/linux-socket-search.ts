import type { LinuxProc } from './linux-proc.ts';
import { readStat } from './linux-process.ts';

/** How many of the processes that answered last are asked before all others. */
const rememberedProcesses = 8;

/** A process with more descriptors than that is looked into after the others: it takes a millisecond. */
const largeProcess = 256;
/** A process with more descriptors than that is looked into by `everywhere` alone, not in one go. */
const hugeProcess = 4_096;
/** A process with more descriptors than that is not looked into: it would take a fifth of a second. */
const mostDescriptors = 65_536;

/** A process that has a socket open, and the descriptor by which it has it. */
export interface Holder {
  readonly pid: number;
  readonly descriptor: string;
}

/** What was seen of a process when it was last looked into. */
interface Seen {
  /** Counted before the descriptors were read, so what changed meanwhile is a change still. */
  readonly descriptors: number;
  /** Inodes, each with a descriptor. */
  readonly sockets: ReadonlyMap<number, string>;
}

/**
 * Looks for sockets among the descriptors of this user's processes. Each costs a system call, and a process with 30 of
 * them a tenth of a millisecond, so the search goes where the socket should be:
 *
 * 1. where one with this inode was seen before;
 * 2. in the programs that answered last, at the descriptor that their socket had: the system gives the lowest free one,
 *    so a program that connects again mostly gets the same;
 * 3. in processes that are new, or have more descriptors than when they were last looked into, the newest first. Linux
 *    tells that number for one call (since 6.2: before, only new processes stand out);
 * 4. in those that have fewer, and in large ones.
 *
 * Only `everywhere` looks into all others, and into huge ones. What is remembered of each running process is the numbers of its sockets; of
 * one that has ended, nothing.
 */
export class SocketSearch {
  readonly #proc: LinuxProc;
  readonly #ownUid = process.getuid?.();
  readonly #seen = new Map<number, Seen>();
  /** The descriptors where sockets were found last, by pid, the latest at the end. */
  readonly #lately = new Map<number, string>();
  #neverSeen: number[] = [];

  constructor(proc: LinuxProc) {
    this.#proc = proc;
  }

  /**
   * The processes that hold these sockets, by inode, as far as they are where they should be. Of several the outermost is
   * meant, which has left its socket to those that it started; what was passed on in another way is not looked for.
   */
  search(inodes: Iterable<number>): Map<number, Holder> {
    const wanted = new Set(inodes);
    const holders = new Map<number, Holder>();
    this.#recall(wanted, holders);
    if (wanted.size > 0) this.#searchChanged(wanted, holders);
    return holders;
  }

  /**
   * All processes of this user that hold them, by inode, the newest first. Each step takes some hundred microseconds: it
   * looks into one process, or into a part of a huge one.
   */
  *everywhere(inodes: readonly number[]): Generator<undefined, Map<number, Holder[]>> {
    const holders = new Map<number, Holder[]>();
    for (const pid of this.#running()) {
      const descriptors = this.#ownDescriptors(pid);
      if (descriptors === undefined) continue;
      const sockets =
        descriptors > hugeProcess
          ? this.#noteSeen(pid, descriptors, yield* this.#proc.socketsInSteps(pid))
          : this.#look(pid, descriptors);
      for (const inode of inodes) {
        const descriptor = sockets.get(inode);
        if (descriptor === undefined) continue;
        holders.set(inode, [...(holders.get(inode) ?? []), { pid, descriptor }]);
      }
      yield undefined;
    }
    return holders;
  }

  /**
   * Looks into one process that no search has come to yet, so that the next one need not.
   * @returns whether there was one
   */
  lookAhead(): boolean {
    for (let pid = this.#neverSeen.shift(); pid !== undefined; pid = this.#neverSeen.shift()) {
      const descriptors = this.#ownDescriptors(pid);
      if (descriptors === undefined || descriptors > hugeProcess) continue;
      this.#look(pid, descriptors);
      return true;
    }
    return false;
  }

  /** Moves from `wanted` to `holders` what is where it was seen before, or where its predecessor was. */
  #recall(wanted: Set<number>, holders: Map<number, Holder>): void {
    for (const inode of wanted) {
      for (const [pid, { sockets }] of this.#seen) {
        const descriptor = sockets.get(inode);
        if (descriptor === undefined || this.#proc.socketAt(pid, descriptor) !== inode) continue;
        this.#found(inode, { pid, descriptor }, wanted, holders);
        break;
      }
    }
    for (const [pid, descriptor] of [...this.#lately].reverse()) {
      if (wanted.size === 0) return;
      const inode = this.#proc.socketAt(pid, descriptor);
      if (inode !== undefined && wanted.has(inode)) this.#found(inode, { pid, descriptor }, wanted, holders);
    }
  }

  /** The same with what changed processes hold. */
  #searchChanged(wanted: Set<number>, holders: Map<number, Holder>): void {
    const running = this.#running();
    const later: { readonly pid: number; readonly descriptors: number }[] = [];
    for (const pid of running) {
      const descriptors = this.#ownDescriptors(pid);
      const before = this.#seen.get(pid)?.descriptors;
      if (descriptors === undefined || descriptors === before || descriptors > hugeProcess) continue;
      if (descriptors > largeProcess || (before !== undefined && descriptors < before)) {
        later.push({ pid, descriptors });
      } else {
        this.#lookInto(pid, descriptors, wanted, holders);
        if (wanted.size === 0) break;
      }
    }
    for (const { pid, descriptors } of later.sort((one, other) => one.descriptors - other.descriptors)) {
      if (wanted.size === 0) break;
      this.#lookInto(pid, descriptors, wanted, holders);
    }
    this.#neverSeen = running.filter((pid) => !this.#seen.has(pid));
  }

  /** The same with what one process holds. */
  #lookInto(pid: number, descriptors: number, wanted: Set<number>, holders: Map<number, Holder>): void {
    const sockets = this.#look(pid, descriptors);
    for (const inode of wanted) {
      const descriptor = sockets.get(inode);
      if (descriptor !== undefined) this.#found(inode, { pid, descriptor }, wanted, holders);
    }
  }

  #found(inode: number, first: Holder, wanted: Set<number>, holders: Map<number, Holder>): void {
    const holder = this.#outermost(inode, first);
    wanted.delete(inode);
    holders.set(inode, holder);
    this.#lately.delete(holder.pid);
    this.#lately.set(holder.pid, holder.descriptor);
    for (const [oldest] of this.#lately) {
      if (this.#lately.size <= rememberedProcesses) break;
      this.#lately.delete(oldest);
    }
  }

  /**
   * The outermost of the parents that have a socket at the same descriptor; else the process itself. What a program lends
   * to one that it starts does not make that one the asker.
   */
  #outermost(inode: number, { pid, descriptor }: Holder): Holder {
    let outermost = pid;
    for (;;) {
      const parent = readStat(this.#proc.read(`/proc/${outermost}/stat`) ?? '')?.parentPid ?? 0;
      if (parent <= 1 || this.#proc.socketAt(parent, descriptor) !== inode) break;
      if (this.#ownDescriptors(parent) === undefined) break;
      outermost = parent;
    }
    return { pid: outermost, descriptor };
  }

  #look(pid: number, descriptors: number): ReadonlyMap<number, string> {
    return this.#noteSeen(pid, descriptors, this.#proc.sockets(pid));
  }

  #noteSeen(
    pid: number,
    descriptors: number,
    sockets: ReadonlyMap<number, string>,
  ): ReadonlyMap<number, string> {
    this.#seen.set(pid, { descriptors, sockets });
    return sockets;
  }

  /** All running processes, the newest first. What is known of others is forgotten. */
  #running(): readonly number[] {
    const pids = this.#proc.pids();
    const running = new Set(pids);
    for (const remembered of [this.#seen, this.#lately]) {
      for (const pid of remembered.keys()) if (!running.has(pid)) remembered.delete(pid);
    }
    return pids;
  }

  /** How many descriptors a process of this user has; undefined where it may not be looked into. */
  #ownDescriptors(pid: number): number | undefined {
    const count = this.#proc.descriptorCount(pid);
    if (count === undefined || count.uid !== this.#ownUid) return undefined;
    return count.descriptors <= mostDescriptors ? count.descriptors : undefined;
  }
}
