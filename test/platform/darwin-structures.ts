/**
 * What macOS's kernel fills in, composed byte by byte as its headers lay it out: sys/proc_info.h, sys/ucred.h, and
 * `sysctl_procargsx` of bsd/kern/kern_sysctl.c.
 */

export interface BsdInfo {
  readonly pid: number;
  readonly parentPid?: number;
  readonly uid?: number;
  readonly comm?: string;
  readonly name?: string;
  readonly terminalDevice?: number;
  readonly startSeconds?: number;
  readonly startMicroseconds?: number;
}

/** `struct proc_bsdinfo`, in its order. */
export function bsdInfo(info: BsdInfo): Buffer {
  return Buffer.concat([
    words(0, 2, 0), // pbi_flags, pbi_status (SRUN), pbi_xstatus
    words(info.pid, info.parentPid ?? 1),
    words(info.uid ?? 501, 20, 502, 21, 503, 22), // effective, real and saved user and group
    words(0), // rfu_1
    padded(info.comm ?? '', 16), // pbi_comm
    padded(info.name ?? '', 32), // pbi_name
    words(9, 8, 7), // pbi_nfiles, pbi_pgid, pbi_pjobc
    words(info.terminalDevice ?? 0xffffffff, 6, 0), // e_tdev, e_tpgid, pbi_nice
    long(info.startSeconds ?? 1_700_000_000),
    long(info.startMicroseconds ?? 0),
  ]);
}

/** `struct proc_vnodepathinfo`: twice a `struct vnode_info_path`. */
export function vnodePathInfo(workingFolder: string, rootFolder = ''): Buffer {
  const statBytes = 4 + 2 + 2 + 8 + 4 + 4 + 10 * 8 + 4 * 4 + 2 * 8; // struct vinfo_stat
  const vnodeInfo = Buffer.alloc(statBytes + 4 + 4 + 8, 0xff); // then vi_type, vi_pad, vi_fsid
  return Buffer.concat([vnodeInfo, padded(workingFolder, 1024), vnodeInfo, padded(rootFolder, 1024)]);
}

/** What KERN_PROCARGS2 gives: the strings as the kernel put them above a new process's stack, for 64-bit programs. */
export function argumentInfo(
  executable: string,
  commandLine: readonly string[],
  environment: readonly string[] = [
    'HOME=/Users/jane',
    'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  ],
): Buffer {
  const path = Buffer.from(`${executable}\0`);
  const strings = [...commandLine, ...environment].map((text) => `${text}\0`).join('');
  return Buffer.concat([
    words(commandLine.length),
    padded(path, Math.ceil(path.length / 8) * 8),
    Buffer.from(strings),
  ]);
}

/** `struct xucred`: the version, the user, and 16 groups with their number. */
export function xucred(uid: number, version = 0): Buffer {
  return Buffer.concat([words(version, uid, 1), words(...Array.from({ length: 16 }, () => 20))]);
}

function words(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function long(value: number): Buffer {
  return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
}

function padded(content: string | Buffer, bytes: number): Buffer {
  const field = Buffer.alloc(bytes);
  Buffer.from(content).copy(field);
  return field;
}
