/** What Linux tells of a process: proc(5), proc_pid_stat(5). */
import { readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import type { LinuxProc } from './linux-proc.ts';
import type { Client, Process, ProcessIdentity } from './ports.ts';
import { forwarderOf, parentChain, type ChainLink } from './process-chain.ts';
import { programName } from './program-name.ts';

/** USER_HZ, the unit of times in `/proc`: 100 on every machine that Node runs on. */
const ticksPerSecond = 100;

/** Programs that a shell starts one after the other have the same parents. */
const parentsKeptMs = 1_000;

const removed = / \(deleted\)$/;

/** What of a process one line tells: `/proc/PID/stat`. */
interface Stat {
  /** Its executable's first 15 bytes, or what the process chose. */
  readonly shortName: string;
  readonly hasEnded: boolean;
  readonly parentPid: number;
  readonly sessionId: number;
  /** The number of its controlling terminal's device; 0 is none. */
  readonly terminalDevice: number;
  /** In ticks since the machine was started. */
  readonly start: number;
}

/** Undefined where the text is none of the kernel's. */
export function readStat(text: string): Stat | undefined {
  // The name stands in parentheses, and may hold some itself.
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ', 20);
  const [state = '', parentPid, , sessionId, terminalDevice] = fields;
  const start = Number(fields[19]);
  if (nameEnd < 0 || Number.isNaN(start)) return undefined;
  return {
    shortName: text.slice(text.indexOf('(') + 1, nameEnd),
    hasEnded: /[ZXx]/.test(state),
    parentPid: Number(parentPid),
    sessionId: Number(sessionId),
    terminalDevice: Number(terminalDevice),
    start,
  };
}

/** Whether a process still runs, and is the same one. One that has ended and waits for its parent does not. */
export function isRunning({ pid, start }: ProcessIdentity): boolean {
  try {
    const stat = readStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return stat?.start === start && !stat.hasEnded;
  } catch {
    return false;
  }
}

/** Reads processes of this user, and what started them. */
export class ClientReader {
  readonly #proc: LinuxProc;
  readonly #ownUid = process.getuid?.();
  readonly #parents = new Map<number, { readonly process: Process; readonly readAtMs: number }>();

  constructor(proc: LinuxProc) {
    this.#proc = proc;
  }

  /**
   * Undefined for a process that has ended, or is another user's. Which the parents are, and that they run, is as it is
   * now; what one of them is called, and where it works, may be a second old.
   */
  read(pid: number): Client | undefined {
    const found = this.#linkOf(pid);
    if (found === undefined) return undefined;
    const client = this.#describe(found);
    const chain = parentChain(found, (parentPid) => this.#linkOf(parentPid));
    const nowMs = performance.now();
    for (const [parentPid, { readAtMs }] of this.#parents) {
      if (nowMs - readAtMs >= parentsKeptMs) this.#parents.delete(parentPid);
    }
    const parents = chain.map((link) => this.#describeParent(link, nowMs));
    // What was read meanwhile is another's where the pid was used again.
    if (runningStat(pid, this.#proc)?.start !== found.start) return undefined;
    return { process: client, parents, forwarder: forwarderOf(client.executable, client.name) };
  }

  #linkOf(pid: number): (ChainLink & Stat) | undefined {
    const stat = runningStat(pid, this.#proc);
    if (stat === undefined || this.#proc.effectiveUid(pid) !== this.#ownUid) return undefined;
    return { ...stat, pid, uid: this.#ownUid };
  }

  #describeParent(link: ChainLink & Stat, nowMs: number): Process {
    const kept = this.#parents.get(link.pid);
    if (kept?.process.start === link.start) return kept.process;
    const parent = this.#describe(link);
    this.#parents.set(link.pid, { process: parent, readAtMs: nowMs });
    return parent;
  }

  #describe({ pid, start, sessionId, shortName, terminalDevice }: ChainLink & Stat): Process {
    // The kernel says so of a file that was removed or replaced while it runs.
    const executable = this.#proc.link(`/proc/${pid}/exe`)?.replace(removed, '');
    const workingFolder = this.#proc.link(`/proc/${pid}/cwd`);
    const commandLine = commandLineOf(pid, this.#proc);
    return {
      pid,
      start,
      name: programName(executable, commandLine) || programName(shortName, []),
      executable,
      commandLine,
      // One that was removed is no folder any more: another may have its path.
      workingFolder: removed.test(workingFolder ?? '') ? undefined : workingFolder,
      startedAtMs: Math.round(Date.now() - uptime() * 1000 + (start / ticksPerSecond) * 1000),
      sessionId,
      terminal: terminalOf(terminalDevice),
    };
  }
}

function runningStat(pid: number, proc: LinuxProc): Stat | undefined {
  const stat = readStat(proc.read(`/proc/${pid}/stat`) ?? '');
  return stat?.hasEnded ? undefined : stat;
}

/** What a process was started with; an argument that is cut off is left out. */
function commandLineOf(pid: number, proc: LinuxProc): string[] {
  return proc.read(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
}

/**
 * The path of a terminal's device, by its number (`new_encode_dev` of linux/kdev_t.h). Pseudo-terminals have the major
 * numbers 136 to 143, the machine's own terminals 4; what else there may be is left out (admin-guide/devices.txt).
 */
export function terminalPath(device: number): string | undefined {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `/dev/pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `/dev/tty${minor}` : `/dev/ttyS${minor - 64}`;
  return undefined;
}

function terminalOf(device: number): string | undefined {
  const path = terminalPath(device);
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isCharacterDevice()
    ? path
    : undefined;
}
