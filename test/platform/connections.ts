/** Connections on this machine, which end with the test that made them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import type { AcceptedConnection } from '../../main/platform/ports.ts';

export interface Accepted extends AcceptedConnection {
  readonly socket: net.Socket;
}

export async function listen(address: string): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer({ allowHalfOpen: true });
  onTestFinished(() => void server.close());
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return { server, port: bound.port };
}

/** A connection of this process to itself. */
export async function connect(
  address: string,
  target: string,
): Promise<{ accepted: Accepted; client: net.Socket }> {
  const { server, port } = await listen(address);
  const accepting = acceptOne(server);
  const client = net.connect({ port, host: target, allowHalfOpen: true });
  onTestFinished(() => void client.destroy());
  await once(client, 'connect');
  return { accepted: await accepting, client };
}

export function acceptOne(server: net.Server): Promise<Accepted> {
  return new Promise((resolve, reject) => {
    server.once('connection', (socket) => {
      onTestFinished(() => void socket.destroy());
      const { localAddress, localPort, remoteAddress, remotePort } = socket;
      if (localAddress === undefined || localPort === undefined) reject(new Error('no local end'));
      else if (remoteAddress === undefined || remotePort === undefined) reject(new Error('no remote end'));
      else resolve({ socket, localAddress, localPort, remoteAddress, remotePort });
    });
  });
}

/** A user that owns nothing; 65534 is the one that stands for unmapped users. */
export const anotherUid = 54321;

/** A client of another user's, which stays connected until the test ends. @param localPort its own, 0 for any */
export function startClient(uid: number, host: string, port: number, localPort = 0): ChildProcess {
  const program = `require('node:net').connect(${JSON.stringify({ port, host, localPort })})`;
  const child = spawn(process.execPath, ['-e', program], {
    uid,
    gid: uid,
    cwd: '/',
    env: {},
    stdio: 'inherit',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
