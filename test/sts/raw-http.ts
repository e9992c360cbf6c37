/** HTTP as bytes: what a client really sends, and what a server answers to bytes that no client would send. */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/**
 * The bytes of the one request that a client sends while `call` runs. Nobody answers it; the rejection of
 * the call is awaited and dropped.
 */
export async function recordRequest(call: (url: string) => Promise<unknown>): Promise<Buffer> {
  let recorded = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      recorded = Buffer.concat([recorded, chunk]);
      if (isComplete(recorded)) socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the recorder listens on no port');
  try {
    await call(`http://127.0.0.1:${String(address.port)}`).catch(() => undefined);
  } finally {
    server.close();
  }
  if (!isComplete(recorded)) throw new Error('the client sent no whole request');
  return recorded;
}

function isComplete(request: Buffer): boolean {
  const text = request.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = Number(/^content-length: (\d+)\r$/imu.exec(text)?.[1] ?? '0');
  return request.length === headEnd + 4 + length;
}

/** What came back for some bytes: status 0 and no body if the server ended the connection without an answer. */
export async function sendBytes(
  url: string,
  request: Buffer,
): Promise<{ status: number; head: string; body: string }> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    // Connections that the server resets have said all that there is.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      resolve();
    });
    // Ending our side makes the server close its own after the answer, and not wait for bytes that never come.
    socket.end(request);
  });
  const text = Buffer.concat(chunks).toString('latin1');
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/u.exec(head)?.[1] ?? '0'), head, body };
}
