import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Failure } from '../failure.ts';
import type { AcceptedConnection, PeerIdentity } from './ports.ts';

/** A literal address: a name could be made to lead somewhere else. */
export const loopbackAddress = '127.0.0.1';

/**
 * Lets a server listen on loopback.
 * @param port 0 takes any free one
 * @returns the port it listens on
 * @throws the system's own error (`EADDRINUSE`…)
 */
export async function listenOnLoopback(server: Server, port: number): Promise<number> {
  server.listen({ host: loopbackAddress, port, exclusive: true });
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound === 'object' && bound) return bound.port;
  throw new Failure('Internal', 'A server listens on no port');
}

/** Ends a server, on loopback or a socket file, and every connection to it. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/**
 * Lets only connections of this user's processes reach an HTTP server; any other is destroyed, without a byte of it
 * read or answered, and so is one whose user cannot be told.
 *
 * It takes the place of the server's own listener, since that answers some requests (one without Host, or with
 * `Expect: 100-continue`) before any handler is asked.
 *
 * @param refused is told of each connection that is not let in
 */
export function admitOwnUserOnly(server: Server, peer: PeerIdentity, refused?: () => void): void {
  const accepting = server.listeners('connection');
  server.removeAllListeners('connection');

  function decide(socket: Socket, isOwn: boolean) {
    if (isOwn && !socket.destroyed) {
      for (const accept of accepting) Reflect.apply(accept, server, [socket]);
      return;
    }
    // One that has gone already asks for nothing.
    if (!isOwn && socket.remoteAddress !== undefined) refused?.();
    socket.destroy();
  }

  let local: LocalEnd | undefined;
  server.on('connection', (socket: Socket) => {
    // Asked of the system once for the server, not for each of its connections.
    local ??= localEndOf(server);
    const isOwn = isOwnUser(peer, socket, local);
    if (typeof isOwn === 'boolean') {
      decide(socket, isOwn);
      return;
    }
    // Without a listener an error of a connection that is not handed on yet would end this process.
    socket.on('error', ignore);
    const decideLater = (answer: boolean) => {
      socket.off('error', ignore);
      decide(socket, answer);
    };
    isOwn.then(decideLater, () => {
      decideLater(false);
    });
  });
}

function ignore(): void {
  // The other end has gone: there is nobody to tell.
}

type LocalEnd = Pick<AcceptedConnection, 'localAddress' | 'localPort'>;

function localEndOf(server: Server): LocalEnd | undefined {
  const bound = server.address();
  return typeof bound === 'object' && bound
    ? { localAddress: bound.address, localPort: bound.port }
    : undefined;
}

function isOwnUser(
  peer: PeerIdentity,
  { remoteAddress, remotePort }: Socket,
  local: LocalEnd | undefined,
): Promise<boolean> | boolean {
  try {
    // No remote end: it has gone already.
    if (local === undefined || !remoteAddress || !remotePort) return false;
    // Field by field: a spread costs as much as the kernel's answer.
    const { localAddress, localPort } = local;
    return peer.isOwnUser({ localAddress, localPort, remoteAddress, remotePort });
  } catch {
    return false;
  }
}

/** The two ends of an accepted connection; undefined where the other one has gone already. */
export function endsOf({
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
}: Socket): AcceptedConnection | undefined {
  return localAddress && localPort && remoteAddress && remotePort
    ? { localAddress, localPort, remoteAddress, remotePort }
    : undefined;
}
