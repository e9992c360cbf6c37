import type { LinuxProc } from './linux-proc.ts';

/** How many of the processes that answered last are asked before all others. */
const rememberedProcesses = 8;

/** A process with more descriptors than that is looked into after the others: it takes a millisecond. */
const largeProcess = 256;
/** A process with more descriptors than that is not looked into: it would take a fifth of a second. */
const mostDescriptors = 65_536;

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
 * Only `searchEverywhere` looks into all others. What is remembered of each running process is the numbers of its
 * sockets; of one that has ended, nothing.
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
   * The processes that hold these sockets, by inode, as far as they are where they should be. Where processes share one
   * by `fork`, the child is meant, not its parent; what was passed on in another way is not looked for.
   */
  search(inodes: Iterable<number>): Map<number, number> {
    const wanted = new Set(inodes);
    const holders = new Map<number, number>();
    this.#recall(wanted, holders);
    if (wanted.size > 0) this.#searchChanged(wanted, holders);
    return holders;
  }

  /** The same, by looking into every process of this user. */
  searchEverywhere(inodes: Iterable<number>): Map<number, number> {
    const holders = new Map<number, number>();
    const wanted = new Set(inodes);
    for (const pid of this.#running()) {
      if (wanted.size === 0) break;
      this.#lookInto(pid, this.#ownDescriptors(pid), wanted, holders);
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
      if (descriptors === undefined) continue;
      this.#look(pid, descriptors);
      return true;
    }
    return false;
  }

  /** Moves from `wanted` to `holders` what is where it was seen before, or where its predecessor was. */
  #recall(wanted: Set<number>, holders: Map<number, number>): void {
    for (const inode of wanted) {
      for (const [pid, { sockets }] of this.#seen) {
        const descriptor = sockets.get(inode);
        if (descriptor === undefined || this.#proc.socketAt(pid, descriptor) !== inode) continue;
        this.#found(inode, pid, descriptor, wanted, holders);
        break;
      }
    }
    for (const [pid, descriptor] of [...this.#lately].reverse()) {
      if (wanted.size === 0) return;
      const inode = this.#proc.socketAt(pid, descriptor);
      if (inode !== undefined && wanted.has(inode)) this.#found(inode, pid, descriptor, wanted, holders);
    }
  }

  /** The same with what changed processes hold. */
  #searchChanged(wanted: Set<number>, holders: Map<number, number>): void {
    const running = this.#running();
    const later: { readonly pid: number; readonly descriptors: number }[] = [];
    for (const pid of running) {
      const descriptors = this.#ownDescriptors(pid);
      const before = this.#seen.get(pid)?.descriptors;
      if (descriptors === undefined || descriptors === before) continue;
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

  /** The same with what one process holds. @param descriptors undefined where it may not be looked into */
  #lookInto(
    pid: number,
    descriptors: number | undefined,
    wanted: Set<number>,
    holders: Map<number, number>,
  ): void {
    if (descriptors === undefined) return;
    const sockets = this.#look(pid, descriptors);
    for (const inode of wanted) {
      const descriptor = sockets.get(inode);
      if (descriptor !== undefined) this.#found(inode, pid, descriptor, wanted, holders);
    }
  }

  #found(
    inode: number,
    pid: number,
    descriptor: string,
    wanted: Set<number>,
    holders: Map<number, number>,
  ): void {
    wanted.delete(inode);
    holders.set(inode, this.#inheritor(inode, pid));
    this.#lately.delete(pid);
    this.#lately.set(pid, descriptor);
    for (const [oldest] of this.#lately) {
      if (this.#lately.size <= rememberedProcesses) break;
      this.#lately.delete(oldest);
    }
  }

  /** The child to which a process has left its socket, or a child of that; else the process itself. */
  #inheritor(inode: number, pid: number): number {
    for (const child of this.#proc.children(pid)) {
      const descriptors = this.#ownDescriptors(child);
      if (descriptors === undefined) continue;
      const seen = this.#seen.get(child);
      const sockets = seen?.descriptors === descriptors ? seen.sockets : this.#look(child, descriptors);
      const descriptor = sockets.get(inode);
      if (descriptor !== undefined && this.#proc.socketAt(child, descriptor) === inode) {
        return this.#inheritor(inode, child);
      }
    }
    return pid;
  }

  #look(pid: number, descriptors: number): ReadonlyMap<number, string> {
    const sockets = this.#proc.sockets(pid);
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
