import { loadLibc } from './libc.ts';
import { bsdInfoBytes, vnodePathInfoBytes } from './darwin-process.ts';

/**
 * The calls to macOS's kernel that Node lacks, each with the structure that it fills, or undefined where it fails.
 * None waits for anything: some microseconds each.
 */
export interface DarwinKernel {
  /** `struct proc_bsdinfo` of a process: of this user's processes that run, no zombies. */
  bsdInfo(pid: number): Buffer | undefined;
  /** `struct proc_vnodepathinfo` of a process. */
  vnodePathInfo(pid: number): Buffer | undefined;
  /**
   * What a process was started with, in the form of KERN_PROCARGS2. It holds the environment too: wipe it. The next
   * call uses the same memory.
   */
  arguments(pid: number): Buffer | undefined;
  executable(pid: number): string | undefined;
  /** The pid of the leader of a process's session. */
  sessionId(pid: number): number | undefined;
  /** The name of a character device in `/dev`. */
  deviceName(device: number): string | undefined;
  /** `struct xucred` of whoever connected to a Unix socket, by the descriptor of the accepted end. */
  peerCredentials(descriptor: number): Buffer | undefined;
  /** The pid of the process that used the other end of a Unix socket last. */
  peerPid(descriptor: number): number | undefined;
}

// sys/proc_info.h
const PROC_PIDTBSDINFO = 3;
const PROC_PIDVNODEPATHINFO = 9;
const PROC_PIDPATHINFO_MAXSIZE = 4 * 1024;
// sys/un.h
const SOL_LOCAL = 0;
const LOCAL_PEERCRED = 1;
const LOCAL_PEERPID = 2;
// sys/sysctl.h
const CTL_KERN = 1;
const KERN_PROCARGS2 = 49;
// sys/stat.h
const S_IFCHR = 0o020000;

/** The size of `struct xucred` (sys/ucred.h) with its 16 groups. */
const xucredBytes = 76;
/** The arguments and the environment of a process have at most ARG_MAX bytes (sys/syslimits.h). */
const mostArgumentBytes = 1024 * 1024;

/**
 * The calls by the C library of this process, which has libproc's too. They follow Apple's headers; they have not been
 * run on a Mac yet.
 * Throws where the library lacks one: this is not macOS.
 */
export function darwinKernel(): DarwinKernel {
  const libc = loadLibc();
  const pidInfo = libc.define(
    'int proc_pidinfo(int pid, int flavor, uint64_t argument, void *buffer, int length)',
  );
  const pidPath = libc.define('int proc_pidpath(int pid, void *buffer, uint32_t length)');
  const sysctl = libc.define(
    'int sysctl(const int32_t *name, uint32_t parts, void *old, uint64_t *oldLength, const void *new, size_t newLength)',
  );
  const sessionOf = libc.define('int getsid(int pid)');
  const nameOfDevice = libc.define('const char *devname(int32_t device, uint16_t type)');
  const getSocketOption = libc.define(
    'int getsockopt(int descriptor, int level, int name, void *value, uint32_t *length)',
  );
  let argumentBuffer: Buffer | undefined;

  /** What proc_pidinfo fills: it returns the number of bytes, at most 0 where it fails. */
  function processInfo(pid: number, flavor: number, length: number): Buffer | undefined {
    const buffer = Buffer.alloc(length);
    return pidInfo(pid, flavor, 0, buffer, length) === length ? buffer : undefined;
  }

  function socketOption(descriptor: number, name: number, length: number): Buffer | undefined {
    const value = Buffer.alloc(length);
    const filled = Uint32Array.of(length);
    const isDone = getSocketOption(descriptor, SOL_LOCAL, name, value, filled) === 0;
    return isDone && filled[0] === length ? value : undefined;
  }

  return {
    bsdInfo: (pid) => processInfo(pid, PROC_PIDTBSDINFO, bsdInfoBytes),
    vnodePathInfo: (pid) => processInfo(pid, PROC_PIDVNODEPATHINFO, vnodePathInfoBytes),
    arguments(pid) {
      const buffer = (argumentBuffer ??= Buffer.alloc(mostArgumentBytes));
      const length = BigUint64Array.of(BigInt(buffer.length));
      const name = Int32Array.of(CTL_KERN, KERN_PROCARGS2, pid);
      const isDone = sysctl(name, name.length, buffer, length, null, 0) === 0;
      // Of what does not fit, the kernel gives the end.
      const filled = Number(length[0]);
      return isDone && filled < buffer.length ? buffer.subarray(0, filled) : undefined;
    },
    executable(pid) {
      const path = Buffer.alloc(PROC_PIDPATHINFO_MAXSIZE);
      const length = pidPath(pid, path, path.length);
      return typeof length === 'number' && length > 0 ? path.toString('utf8', 0, length) : undefined;
    },
    sessionId(pid) {
      const leader = sessionOf(pid);
      return typeof leader === 'number' && leader > 0 ? leader : undefined;
    },
    deviceName(device) {
      const name = nameOfDevice(device | 0, S_IFCHR);
      return typeof name === 'string' && /^\w+$/.test(name) ? name : undefined;
    },
    peerCredentials: (descriptor) => socketOption(descriptor, LOCAL_PEERCRED, xucredBytes),
    peerPid: (descriptor) => socketOption(descriptor, LOCAL_PEERPID, 4)?.readInt32LE(0),
  };
}
