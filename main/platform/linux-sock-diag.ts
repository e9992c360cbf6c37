import { Failure } from '../failure.ts';
import { addressBytes, isMappedIPv4 } from './address-bytes.ts';
import { loadLibc } from './libc.ts';
import type { AcceptedConnection } from './ports.ts';

/** The socket at the other end of a loopback connection: who created it, and which inode names it in `/proc`. */
export interface PeerSocket {
  readonly uid: number;
  readonly inode: number;
}

/** The broker's end of a connection. */
export type LocalEnd = Pick<AcceptedConnection, 'localAddress' | 'localPort'>;

/** The peer's side of loopback connections, as the Linux kernel knows it. */
export interface LinuxSockDiag extends Disposable {
  /** The peer's socket, or undefined where no open socket stands for exactly this connection. */
  peerSocket(connection: AcceptedConnection): PeerSocket | undefined;
}

// linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h, bits/socket.h, net/tcp_states.h
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const MSG_DONTWAIT = 0x40;
const IPPROTO_TCP = 6;
const INET_DIAG_NOCOOKIE = 0xffffffff;

/** ESTABLISHED, FIN_WAIT1, FIN_WAIT2 and CLOSE_WAIT: the states of a connection that was once established. */
const connectedStates: ReadonlySet<number> = new Set([1, 4, 5, 8]);

/** The state of a socket that stands for no connection. */
const LISTEN = 10;

const headerBytes = 16;
const requestBytes = headerBytes + 56;
const answerBytes = headerBytes + 72;
/** Where `struct inet_diag_sockid` begins. */
const requestSocketId = headerBytes + 8;

/** The number of `lo` in every network namespace (`LOOPBACK_IFINDEX` of linux/net.h). */
const loopbackInterface = 1;

/**
 * Asks the kernel over netlink's `sock_diag` for the one socket at the other end of a connection: an exact look-up
 * in its hash table, some microseconds whatever else is open, where reading `/proc/net/tcp` takes milliseconds and
 * any local program can make it slower.
 *
 * Fails with `Internal` where the kernel gives no such socket.
 *
 * @param redirectedFrom where clients connected to whose connections the system redirects here (DNAT), while it does.
 * Their sockets still have that for their other end, so they are asked for by it where there is none by the ends that
 * we see. Any socket there is by those decides, whosever, in whichever state and bound to whatever: it may be another
 * user's.
 */
export function linuxSockDiag(redirectedFrom: () => LocalEnd | undefined): LinuxSockDiag {
  const netlink = openNetlink();
  // One of each for all questions: allocating them costs more than the kernel's answer.
  const request = emptyRequest();
  const answer = Buffer.alloc(1024);
  let sequence = 0;

  /** The socket with these ends, in whichever state; undefined where there is none. */
  function socketWith(id: SocketId): DiagSocket | undefined {
    sequence = (sequence + 1) >>> 0;
    fillIn(request, id, sequence);
    if (!netlink.send(request)) return undefined;
    // The kernel puts its answer in the queue before `send` returns: an empty queue means that none will come, and
    // what is there with another number answers an earlier question.
    for (;;) {
      const length = netlink.receive(answer);
      if (length === undefined) return undefined;
      if (length >= headerBytes && answer.readUInt32LE(8) === sequence) {
        return readAnswer(answer, length);
      }
    }
  }

  function socketSeenFromPeer(connection: AcceptedConnection): DiagSocket | undefined {
    const id = socketIdSeenFromPeer(connection);
    return id && socketWith(id);
  }

  return {
    peerSocket(connection) {
      let found = socketSeenFromPeer(connection);
      const original = found ? undefined : redirectedFrom();
      if (original) {
        const { localAddress, localPort } = original;
        found = socketSeenFromPeer({ ...connection, localAddress, localPort });
      }
      return found?.isConnected ? { uid: found.uid, inode: found.inode } : undefined;
    },
    [Symbol.dispose]: () => netlink.close(),
  };
}

/** The ends of a connection as its client's socket has them: its own first. */
interface SocketId {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly source: Address;
  readonly destination: Address;
}

/** An address in 16 bytes. */
interface Address {
  readonly bytes: Buffer;
  readonly isMapped: boolean;
}

/** Nearly all connections are from one address. Forgetting costs reading it again. */
const mostKnownAddresses = 64;
const knownAddresses = new Map<string, Address>();

function knownAddress(text: string): Address | undefined {
  const known = knownAddresses.get(text);
  if (known) return known;
  const bytes = addressBytes(text);
  if (bytes === undefined) return undefined;
  const address = { bytes, isMapped: isMappedIPv4(bytes) };
  if (knownAddresses.size >= mostKnownAddresses) knownAddresses.clear();
  knownAddresses.set(text, address);
  return address;
}

function socketIdSeenFromPeer(connection: AcceptedConnection): SocketId | undefined {
  const source = knownAddress(connection.remoteAddress);
  const destination = knownAddress(connection.localAddress);
  if (source === undefined || destination === undefined) return undefined;
  return { sourcePort: connection.remotePort, destinationPort: connection.localPort, source, destination };
}

/**
 * One `inet_diag_req_v2` with all that every question has in common, in the machine's own byte order (little-endian
 * wherever Electron runs).
 */
function emptyRequest(): Buffer {
  const request = Buffer.alloc(requestBytes);
  request.writeUInt32LE(requestBytes, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt8(IPPROTO_TCP, headerBytes + 1);
  request.writeUInt32LE(0xffffffff, headerBytes + 4); // any state; see connectedStates
  // Without an interface a socket that is bound to one (SO_BINDTODEVICE, which any user may set) would not be found, and
  // a redirected one with the same port be taken for it: another user's for ours. With it all are that came this way.
  request.writeUInt32LE(loopbackInterface, requestSocketId + 36);
  request.writeUInt32LE(INET_DIAG_NOCOOKIE, requestSocketId + 40);
  request.writeUInt32LE(INET_DIAG_NOCOOKIE, requestSocketId + 44);
  return request;
}

/**
 * Writes into a request what it is about; ports and addresses are big-endian. A request for IPv4 finds an IPv6 socket
 * with IPv4-mapped addresses too: they share a table.
 */
function fillIn(request: Buffer, id: SocketId, sequence: number): void {
  const { source, destination } = id;
  const isMapped = source.isMapped && destination.isMapped;
  const start = isMapped ? 12 : 0;
  request.writeUInt32LE(sequence, 8);
  request.writeUInt8(isMapped ? AF_INET : AF_INET6, headerBytes);
  request.writeUInt16BE(id.sourcePort, requestSocketId);
  request.writeUInt16BE(id.destinationPort, requestSocketId + 2);
  // What an IPv6 address of before has left behind.
  request.fill(0, requestSocketId + 4, requestSocketId + 36);
  source.bytes.copy(request, requestSocketId + 4, start);
  destination.bytes.copy(request, requestSocketId + 20, start);
}

interface DiagSocket extends PeerSocket {
  /** Whether it stands for a connection that was established, and is held by a process. */
  readonly isConnected: boolean;
}

/**
 * What the kernel's answer says of a socket. Where no connection stands, its look-up goes on to listening sockets, which
 * are none of ours to see, and one that is only being made may have the ends of one that was: the state tells these
 * from the peer's. A socket that no process holds any more has inode 0, and on many kernels uid 0 with it: root's, were
 * it believed.
 */
function readAnswer(answer: Buffer, length: number): DiagSocket | undefined {
  if (length < answerBytes || answer.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY) return undefined;
  const state = answer.readUInt8(headerBytes + 1);
  if (state === LISTEN) return undefined;
  const uid = answer.readUInt32LE(headerBytes + 64);
  const inode = answer.readUInt32LE(headerBytes + 68);
  return { uid, inode, isConnected: connectedStates.has(state) && inode !== 0 };
}

interface Netlink {
  /** False if the kernel does not take the message. */
  send(message: Buffer): boolean;
  /** The length of the next message, now in `into`; undefined if none is there. Never waits. */
  receive(into: Buffer): number | undefined;
  close(): void;
}

/** The C library's own socket calls: Node has no netlink. */
function openNetlink(): Netlink {
  const libc = loadLibc();
  const socket = libc.define('int socket(int domain, int type, int protocol)');
  const connect = libc.define('int connect(int fd, const void *address, uint32_t length)');
  const send = libc.define('intptr_t send(int fd, const void *data, size_t length, int flags)');
  const receive = libc.define('intptr_t recv(int fd, void *data, size_t length, int flags)');
  const close = libc.define('int close(int fd)');

  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (typeof fd !== 'number' || fd < 0) throw noNetlink(libc.errno());
  // Connected to the kernel (port 0), the socket takes no message from anybody else.
  const kernelAddress = Buffer.alloc(12);
  kernelAddress.writeUInt16LE(AF_NETLINK, 0);
  if (connect(fd, kernelAddress, kernelAddress.length) !== 0) {
    const errno = libc.errno();
    close(fd);
    throw noNetlink(errno);
  }

  let isOpen = true;
  return {
    send: (message) => isOpen && send(fd, message, message.length, MSG_DONTWAIT) === message.length,
    receive(into) {
      const length = isOpen ? receive(fd, into, into.length, MSG_DONTWAIT) : -1;
      return typeof length === 'number' && length >= 0 ? length : undefined;
    },
    close() {
      if (isOpen) close(fd);
      isOpen = false;
    },
  };
}

function noNetlink(errno: number): Failure {
  return new Failure(
    'Internal',
    `The kernel does not tell whose program is asking: NETLINK_SOCK_DIAG cannot be had (errno ${String(errno)}). A sandbox may forbid it; run Latchkey outside of it.`,
  );
}
