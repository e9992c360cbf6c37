import { loadLibc } from './libc.ts';

/** Who connected to a Unix socket: the kernel noted it then, whoever holds the other end now. */
export interface PeerCredentials {
  readonly uid: number;
  /** Undefined for a process of another pid namespace. */
  readonly pid: number | undefined;
}

// asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `struct ucred` of linux/socket.h: pid, uid and gid. */
const credentialsBytes = 12;

/**
 * Asks for the credentials of a Unix socket's peer (SO_PEERCRED of unix(7)), which Node does not expose.
 * @returns what answers for the descriptor of an accepted connection: undefined where it is none of a Unix socket
 */
export function linuxPeerCredentials(): (descriptor: number) => PeerCredentials | undefined {
  const getsockopt = loadLibc().define(
    'int getsockopt(int fd, int level, int option, void *value, void *length)',
  );
  return (descriptor) => {
    const credentials = Buffer.alloc(credentialsBytes);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(credentialsBytes);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return undefined;
    if (length.readUInt32LE() !== credentialsBytes) return undefined;
    return { pid: credentials.readInt32LE(0) || undefined, uid: credentials.readUInt32LE(4) };
  };
}
