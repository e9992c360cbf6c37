/** What started a process, and whom a process speaks for. Pure, and the same on every system. */
import { fileName } from './program-name.ts';

/** What of a process its place in the chain follows from. */
export interface ChainLink {
  readonly pid: number;
  readonly parentPid: number;
  /** As `ProcessIdentity.start`: greater for one that was started later. */
  readonly start: number;
  /** Whose it is, where the system has such numbers: a chain stays with one user. */
  readonly uid?: number | undefined;
}

/** More parents than this are nobody's to read; a chain that long was made on purpose. */
const mostParents = 32;

/**
 * The parents of a process, the nearest first. The chain ends before the system's first process (pid 1; 0 is none), at
 * another user's process, at one that is in the chain already, and after 32. A parent that was started after its child
 * is none: its pid belonged to the real one, which has ended, and was used again.
 *
 * @param processOf the running process with a pid; undefined where there is none, or none that may be known
 */
export function parentChain<P extends ChainLink>(first: P, processOf: (pid: number) => P | undefined): P[] {
  const parents: P[] = [];
  const seen = new Set([first.pid]);
  let child = first;
  while (parents.length < mostParents && child.parentPid > 1 && !seen.has(child.parentPid)) {
    const parent = processOf(child.parentPid);
    if (parent === undefined || parent.uid !== first.uid || parent.start > child.start) break;
    seen.add(parent.pid);
    parents.push(parent);
    child = parent;
  }
  return parents;
}

/**
 * Programs that pass on the connections of others, out of containers, virtual machines and other hosts, by the names
 * of their executables. Who is behind them is not known to this machine's kernel.
 */
const forwarders: readonly { readonly name: RegExp; readonly belongsTo: string }[] = [
  // RootlessKit carries the ports of Docker without root.
  {
    name: /^(docker-proxy|com\.docker\..+|vpnkit(-bridge)?|rootlesskit(-docker-proxy)?)$/,
    belongsTo: 'Docker',
  },
  // The ways out of a network namespace without root, and out of Podman's virtual machine.
  {
    name: /^(rootlessport(-child)?|slirp4netns|(pasta|passt)(\.avx2)?|gvproxy|conmon(rs)?|netavark)$/,
    belongsTo: 'Podman',
  },
  { name: /^(wslrelay|wslhost|wslservice)$/, belongsTo: 'WSL' },
  // The session of a server opens what a client forwards from its end, and the client what the server does (-R).
  { name: /^(sshd(-session|-auth)?|ssh|dropbear|dbclient|plink)$/, belongsTo: 'SSH' },
  { name: /^socat\d?$/, belongsTo: 'socat' },
  { name: /^(colima|limactl)$/, belongsTo: 'Lima' },
  { name: /^OrbStack Helper/, belongsTo: 'OrbStack' },
  { name: /^(qemu-system-.+|qemu-kvm)$/, belongsTo: 'QEMU' },
  { name: /^(VirtualBoxVM|VBoxHeadless|VBoxNetNAT)$/, belongsTo: 'VirtualBox' },
];

/**
 * What a program belongs to (`Docker`, `WSL`…) that only passes on what others ask; undefined for any other. The name
 * alone decides, which whoever starts a program may choose: it explains to a person, and allows nothing.
 *
 * @param executable its path, where it is known
 * @param name what a person calls it: looked at where there is no path
 */
export function forwarderOf(executable: string | undefined, name: string): string | undefined {
  const called = fileName(executable ?? name).replace(/\.exe$/i, '');
  return forwarders.find((forwarder) => forwarder.name.test(called))?.belongsTo;
}
