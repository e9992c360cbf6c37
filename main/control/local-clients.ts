import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { descriptorOf } from '../platform/local-socket-descriptor.ts';
import type { Client, PeerIdentity } from '../platform/ports.ts';

/** Which program is at the other end of a connection; undefined where it cannot be told. It never rejects. */
export type ClientOn = (socket: Socket) => Promise<Client | undefined>;

/**
 * Lets only this user's programs reach an HTTP server on a Unix socket; any other connection is destroyed, without a
 * byte of it read or answered, and so is one whose user cannot be told. The socket's folder keeps other users out
 * already; root opens every folder.
 *
 * Which program it is, is looked up from the moment it connects. It takes the place of the server's own listener, as
 * `admitOwnUserOnly` does.
 *
 * @param refused is called for each connection that is not let in
 */
export function admitOwnClientsOnly(server: Server, peer: PeerIdentity, refused: () => void): ClientOn {
  const clients = new WeakMap<Socket, Promise<Client | undefined>>();
  const accepting = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined || !isOwn(peer, descriptor)) {
      socket.destroy();
      refused();
      return;
    }
    clients.set(socket, peer.clientOnLocalSocket(descriptor));
    for (const accept of accepting) Reflect.apply(accept, server, [socket]);
  });
  return (socket) => clients.get(socket) ?? Promise.resolve(undefined);
}

function isOwn(peer: PeerIdentity, descriptor: number): boolean {
  try {
    return peer.isOwnUserOnLocalSocket(descriptor);
  } catch {
    return false;
  }
}
