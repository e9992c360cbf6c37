import { linkLocalAddress, linkLocalIsOn } from './link-local.ts';
import { linuxPeerCredentials } from './linux-peer-credentials.ts';
import { isRunning } from './linux-process.ts';
import { LinuxProcesses } from './linux-processes.ts';
import { linuxSockDiag, type LocalEnd, type PeerSocket } from './linux-sock-diag.ts';
import type { AcceptedConnection, PeerIdentity } from './ports.ts';

/** What the kernel shows for a uid that our user namespace does not map (/proc/sys/kernel/overflowuid). */
const overflowUid = 65534;

export interface LinuxOptions {
  /** Where clients connected to whose connections the system redirects to this program, while it does. */
  readonly redirectedFrom?: () => LocalEnd | undefined;
  readonly processes?: LinuxProcesses;
}

/**
 * Who is at the other end on Linux: of a TCP connection the kernel tells the socket (`sock_diag`), and `/proc` which
 * process has it open; of a Unix socket's it tells the process (SO_PEERCRED).
 *
 * A TCP client counts as whoever created its socket: one that was started through `sudo` is root's, not ours. Another
 * user's is not looked for, and of a process that is not dumpable the user alone is known.
 * Fails with `Internal` where the kernel gives no such socket.
 */
export function linuxPeerIdentity({
  redirectedFrom = whileLinkLocalIsOn,
  processes = new LinuxProcesses(),
}: LinuxOptions = {}): PeerIdentity & Disposable {
  const ownUid = process.getuid?.();
  const diag = linuxSockDiag(redirectedFrom);
  const peerCredentials = linuxPeerCredentials();

  function isOwn(uid: number): boolean {
    return uid === ownUid && uid !== overflowUid;
  }

  function ownSocketAt(connection: AcceptedConnection): PeerSocket | undefined {
    const peer = diag.peerSocket(connection);
    return peer && isOwn(peer.uid) ? peer : undefined;
  }

  return {
    isOwnUser: (connection) => ownSocketAt(connection) !== undefined,
    async clientAt(connection) {
      const inode = ownSocketAt(connection)?.inode;
      return inode === undefined
        ? undefined
        : processes.clientHolding(inode, () => ownSocketAt(connection)?.inode === inode);
    },
    async soleClientAt(connection) {
      const inode = ownSocketAt(connection)?.inode;
      return inode === undefined ? undefined : processes.soleClientHolding(inode);
    },
    isOwnUserOnLocalSocket(descriptor) {
      const peer = peerCredentials(descriptor);
      return peer !== undefined && isOwn(peer.uid);
    },
    async clientOnLocalSocket(descriptor) {
      const peer = peerCredentials(descriptor);
      return peer?.pid !== undefined && isOwn(peer.uid) ? processes.clientOf(peer.pid) : undefined;
    },
    isRunning,
    get problem() {
      return processes.problem;
    },
    onChange: (listener) => processes.onChange(listener),
    [Symbol.dispose]() {
      processes[Symbol.dispose]();
      diag[Symbol.dispose]();
    },
  };
}

function whileLinkLocalIsOn(): LocalEnd | undefined {
  return linkLocalIsOn() ? { localAddress: linkLocalAddress, localPort: 80 } : undefined;
}
