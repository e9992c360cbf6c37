import { readdirSync, statSync } from 'node:fs';
import { loadLibc, type Libc } from './libc.ts';

/** Who may look into a process, and how many descriptors it has open. */
export interface DescriptorCount {
  /** Its effective user; root where it may not be looked into, such as a non-dumpable one. */
  readonly uid: number;
  /** 0 for a process without any, and for every process before Linux 6.2. */
  readonly descriptors: number;
}

// linux/fcntl.h, bits/fcntl-linux.h, linux/stat.h
const AT_FDCWD = -100;
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const STATX_UID = 0x8;
const STATX_SIZE = 0x200;

/**
 * More of a file than that is not read: command lines may be megabytes. Other files are given whole by one read, but for
 * lists, of which it gives 4 KiB.
 */
const mostBytes = 64 * 1024;

const descriptorsAtOnce = 256;

/**
 * `/proc` by the C library's own calls, which take half as long as those of `node:fs`. They do not return before they
 * are done: for a thread that may wait.
 *
 * A process may end, and a descriptor be closed, while they are looked at: then there is nothing to find. The same
 * goes for what the kernel does not show us.
 */
export class LinuxProc {
  readonly #open: (path: string) => number | undefined;
  readonly #close: (descriptor: number) => void;
  readonly #read: (descriptor: number, into: Buffer) => number;
  readonly #readLink: (folder: number, path: string) => string | undefined;
  readonly #ownerAndSize: (path: string) => DescriptorCount | undefined;
  readonly #buffer = Buffer.alloc(mostBytes);
  #latestPid: number | undefined;
  #pids: readonly number[] = [];

  /** Throws where the C library lacks one of the calls: `statx` came with glibc 2.28 and musl 1.2.5. */
  constructor(libc: Libc = loadLibc()) {
    const openat = libc.define('int openat(int folder, const char *path, int flags)');
    const close = libc.define('int close(int fd)');
    const read = libc.define('intptr_t read(int fd, void *into, size_t length)');
    const readlinkat = libc.define(
      'intptr_t readlinkat(int folder, const char *path, void *into, size_t length)',
    );
    const statx = libc.define(
      'int statx(int folder, const char *path, int flags, uint32_t mask, void *into)',
    );
    const status = Buffer.alloc(256);
    const target = Buffer.alloc(4096);

    this.#open = (path) => {
      const descriptor = openat(AT_FDCWD, path, (path.endsWith('/') ? O_PATH : O_RDONLY) | O_CLOEXEC);
      return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
    };
    this.#close = (descriptor) => {
      close(descriptor);
    };
    this.#read = (descriptor, into) => Number(read(descriptor, into, into.length));
    this.#readLink = (folder, path) => {
      const length = Number(readlinkat(folder, path, target, target.length));
      return length < 0 ? undefined : target.toString('utf8', 0, length);
    };
    this.#ownerAndSize = (path) => {
      if (statx(AT_FDCWD, path, 0, STATX_UID | STATX_SIZE, status) !== 0) return undefined;
      // struct statx: stx_uid, and stx_size without its upper half
      return { uid: status.readUInt32LE(20), descriptors: status.readUInt32LE(40) };
    };
  }

  /**
   * All processes, and perhaps some that have ended; the one that was started last first, since a program that asks was
   * often only just started. Pids begin anew at some number, so the highest is not the latest.
   */
  pids(): readonly number[] {
    const latest = Number(/\d+\s*$/.exec(this.read('/proc/loadavg') ?? '')?.[0]);
    // To list them takes as long as half of a search. None is new where no pid was given away since.
    if (latest !== this.#latestPid) {
      this.#latestPid = latest;
      // The kernel lists them by number.
      const pids = list('/proc').map(Number).filter(Number.isInteger).reverse();
      this.#pids = [...pids.filter((pid) => pid <= latest), ...pids.filter((pid) => !(pid <= latest))];
    }
    return this.#pids;
  }

  /**
   * Whose a process is; undefined where it has ended. Its folder tells, also where root owns what is in there since the
   * process is not dumpable (`task_dump_owner` of fs/proc/base.c): a terminal that runs with another group (`xterm`).
   */
  effectiveUid(pid: number): number | undefined {
    return this.#ownerAndSize(`/proc/${pid}`)?.uid;
  }

  /** Undefined where the process has ended. */
  descriptorCount(pid: number): DescriptorCount | undefined {
    return this.#ownerAndSize(`/proc/${pid}/fd`);
  }

  /** The sockets that a process has open: inodes, each with a descriptor's name. */
  sockets(pid: number): Map<number, string> {
    const steps = this.socketsInSteps(pid);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** The same, some hundred descriptors at each step; to be gone through to its end. */
  *socketsInSteps(pid: number): Generator<undefined, Map<number, string>> {
    const sockets = new Map<number, string>();
    const path = `/proc/${pid}/fd/`;
    const folder = this.#open(path);
    if (folder === undefined) return sockets;
    try {
      for (const [count, descriptor] of list(path).entries()) {
        if (count > 0 && count % descriptorsAtOnce === 0) yield undefined;
        const inode = inodeOf(this.#readLink(folder, descriptor));
        if (inode !== undefined) sockets.set(inode, descriptor);
      }
    } finally {
      this.#close(folder);
    }
    return sockets;
  }

  /** The inode of the socket that a descriptor of a process stands for; undefined where it is none. */
  socketAt(pid: number, descriptor: string): number | undefined {
    return inodeOf(this.link(`/proc/${pid}/fd/${descriptor}`));
  }

  /** What a process runs: two that are equal run the same executable with the same arguments. Undefined where it has ended. */
  programOf(pid: number): string | undefined {
    try {
      // By its number: in a mount namespace of its own another file may have its path.
      const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
      return `${dev}:${ino} ${this.read(`/proc/${pid}/cmdline`) ?? ''}`;
    } catch {
      return undefined;
    }
  }

  /** The text of a file's first 64 KiB; undefined where it cannot be read. */
  read(path: string): string | undefined {
    const file = this.#open(path);
    if (file === undefined) return undefined;
    const length = this.#read(file, this.#buffer);
    this.#close(file);
    return length < 0 ? undefined : this.#buffer.toString('utf8', 0, length);
  }

  /** Where a symbolic link leads; undefined where it cannot be read. */
  link(path: string): string | undefined {
    return this.#readLink(AT_FDCWD, path);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function inodeOf(target: string | undefined): number | undefined {
  return target?.startsWith('socket:[') ? Number(target.slice('socket:['.length, -1)) : undefined;
}
