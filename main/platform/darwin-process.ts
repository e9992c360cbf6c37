/** What macOS's kernel tells of a process, read out of the structures that it fills. Pure. */

/**
 * What `proc_pidinfo` tells with the flavor PROC_PIDTBSDINFO, of this user's processes only:
 * `struct proc_bsdinfo` of sys/proc_info.h.
 */
export interface DarwinProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** The effective user's. */
  readonly uid: number;
  /** When it was started, in microseconds since the Unix epoch. */
  readonly start: number;
  /** Its executable's name as the kernel keeps it, of 31 bytes at most. */
  readonly shortName: string;
  /** The device of its controlling terminal. */
  readonly terminalDevice: number | undefined;
}

/** The size of `struct proc_bsdinfo`; the kernel's answer is as long, or there is none. */
export const bsdInfoBytes = 136;
/** The size of `struct proc_vnodepathinfo`: the current and the root folder, each a `struct vnode_info_path`. */
export const vnodePathInfoBytes = 2 * 1176;

/** `struct vnode_info`, before the path of up to MAXPATHLEN (1024) bytes. */
const vnodeInfoBytes = 152;
/** NODEV of sys/param.h: there is no controlling terminal. */
const noDevice = 0xffffffff;

/** Reads a `struct proc_bsdinfo`; undefined where it is none. */
export function readBsdInfo(info: Buffer): DarwinProcess | undefined {
  if (info.length !== bsdInfoBytes) return undefined;
  const device = info.readUInt32LE(108); // e_tdev
  return {
    pid: info.readUInt32LE(12),
    parentPid: info.readUInt32LE(16),
    uid: info.readUInt32LE(20),
    // pbi_name, which is empty for some, then pbi_comm of 16 bytes
    shortName: text(info.subarray(64, 96)) || text(info.subarray(48, 64)),
    terminalDevice: device === noDevice || device === 0 ? undefined : device,
    start: Number(info.readBigUInt64LE(120) * 1_000_000n + info.readBigUInt64LE(128)),
  };
}

/** Reads the working folder out of a `struct proc_vnodepathinfo`; undefined where there is none. */
export function readWorkingFolder(info: Buffer): string | undefined {
  if (info.length !== vnodePathInfoBytes) return undefined;
  return text(info.subarray(vnodeInfoBytes, vnodePathInfoBytes / 2)) || undefined;
}

/**
 * Reads a command line out of what `sysctl` gives for KERN_PROCARGS2 (`sysctl_procargsx` of xnu's
 * bsd/kern/kern_sysctl.c): the count of arguments, then the strings that a new process finds above its stack
 * (`exec_extract_strings` of bsd/kern/kern_exec.c). These are the executable's path, filled up with NULs to a multiple
 * of 8 bytes, then the arguments and the environment, each with a NUL at its end. Of the environment, which may hold
 * secrets, nothing is read.
 *
 * An empty first argument looks like one more NUL of the filling. Whoever skips those takes the arguments for ones that
 * follow, and another script for the one that runs; here the arguments are not told then.
 * @param longest the bytes of arguments that are read; one that is cut off is left out
 */
export function readArguments(info: Buffer, longest: number): string[] {
  if (info.length < 4) return [];
  const count = info.readUInt32LE(0);
  const strings = info.subarray(4);
  const pathEnd = strings.indexOf(0);
  if (pathEnd < 0) return [];
  const filledEnd = Math.ceil((pathEnd + 1) / 8) * 8;
  if (strings.subarray(pathEnd, filledEnd).some((byte) => byte !== 0) || strings[filledEnd] === 0) return [];

  const given: string[] = [];
  const end = Math.min(strings.length, filledEnd + longest);
  for (let from = filledEnd; given.length < count;) {
    const to = strings.indexOf(0, from);
    if (to < 0 || to >= end) break;
    given.push(strings.toString('utf8', from, to));
    from = to + 1;
  }
  return given;
}

/** The user of a `struct xucred` (sys/ucred.h), which getsockopt gives for LOCAL_PEERCRED; undefined where it is none. */
export function readPeerUid(credentials: Buffer): number | undefined {
  // cr_version: XUCRED_VERSION is 0
  return credentials.length >= 8 && credentials.readUInt32LE(0) === 0
    ? credentials.readUInt32LE(4)
    : undefined;
}

/** A text up to its NUL. */
function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
