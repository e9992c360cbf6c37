import type { LinuxProc } from './linux-proc.ts';
import { ClientReader } from './linux-process.ts';
import { SocketSearch, type Holder } from './linux-socket-search.ts';
import type { Client } from './ports.ts';

export interface Question {
  /** Sockets whose holders are asked for. */
  readonly inodes: readonly number[];
  /** Processes that are known already. */
  readonly pids: readonly number[];
}

/** What was found of what a question asks for. */
export interface Found {
  readonly byInode: ReadonlyMap<number, Client>;
  /** The sockets that programs hold which are not the same: none of them can be told to be the one that asks. */
  readonly shared: ReadonlySet<number>;
  readonly byPid: ReadonlyMap<number, Client>;
}

/** Finds the programs of this user that hold sockets, and reads what they are. */
export class ProgramSearch {
  readonly #proc: LinuxProc;
  readonly #sockets: SocketSearch;
  readonly #reader: ClientReader;

  constructor(proc: LinuxProc) {
    this.#proc = proc;
    this.#sockets = new SocketSearch(proc);
    this.#reader = new ClientReader(proc);
  }

  /** Looks where they should be. Of several that hold a socket, the one is meant that has left it to the others. */
  find({ inodes, pids }: Question): Found {
    const byInode = new Map<number, Client>();
    const holders = this.#sockets.search(inodes);
    this.#readHolders(holders, byInode);
    // One may have ended or become another program meanwhile, and another hold its socket.
    const gone = [...holders.keys()].filter((inode) => !byInode.has(inode));
    if (gone.length > 0) this.#readHolders(this.#sockets.search(gone), byInode);
    const byPid = new Map<number, Client>();
    for (const pid of new Set(pids)) {
      const client = this.#reader.read(pid);
      if (client) byPid.set(pid, client);
    }
    return { byInode, shared: new Set(), byPid };
  }

  /** Looks into every process, one at each step. Of several that hold a socket, the oldest is meant. */
  *findEverywhere(inodes: readonly number[]): Generator<undefined, Found> {
    const byInode = new Map<number, Client>();
    const shared = new Set<number>();
    const oldest = new Map<number, Holder>();
    for (const [inode, holders] of yield* this.#sockets.everywhere(inodes)) {
      const programs = new Set<string>();
      for (const holder of holders) {
        const program = this.#proc.programOf(holder.pid);
        // In this order: what has the socket still is what was read.
        if (program === undefined || !this.#holds(inode, holder)) continue;
        programs.add(program);
        oldest.set(inode, holder);
      }
      if (programs.size > 1) shared.add(inode);
    }
    this.#readHolders(oldest, byInode);
    return { byInode, shared, byPid: new Map() };
  }

  /** Looks into one process that nothing was looked for in yet; whether there was one. */
  lookAhead(): boolean {
    return this.#sockets.lookAhead();
  }

  /** Adds the programs that hold these sockets, and still do once they are read: else what was read may be another one. */
  #readHolders(holders: ReadonlyMap<number, Holder>, byInode: Map<number, Client>): void {
    const read = new Map<number, Client | undefined>();
    for (const [inode, holder] of holders) {
      const { pid } = holder;
      const client = read.has(pid) ? read.get(pid) : this.#reader.read(pid);
      read.set(pid, client);
      if (client && this.#holds(inode, holder)) byInode.set(inode, client);
    }
  }

  #holds(inode: number, { pid, descriptor }: Holder): boolean {
    return this.#proc.socketAt(pid, descriptor) === inode;
  }
}
