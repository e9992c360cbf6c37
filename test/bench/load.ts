/** A load on one server: as many requests as it answers, by a fixed number of clients, for a fixed time. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly port: number;
  /** The request as it goes over the wire. */
  readonly request: string;
  readonly clients: number;
  readonly durationMs: number;
  /** Whether each request has a connection of its own. */
  readonly connectEachTime: boolean;
}

export interface Measured {
  readonly requestsPerSecond: number;
  /** The 99th percentile of the time to the whole answer. */
  readonly p99Ms: number;
}

export async function measure(load: Load): Promise<Measured> {
  const timesMs: number[] = [];
  // Kept-alive connections are made before the time begins: how they are accepted is the other load's matter.
  const sockets = load.connectEachTime ? [] : await connectAll(load);
  const startMs = performance.now();
  const endMs = startMs + load.durationMs;
  await Promise.all(
    load.connectEachTime
      ? Array.from({ length: load.clients }, () => reconnecting(load, endMs, timesMs))
      : sockets.map((socket) => keptAlive(socket, load, endMs, timesMs)),
  );
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  timesMs.sort((one, other) => one - other);
  return {
    requestsPerSecond: timesMs.length / elapsedSeconds,
    p99Ms: timesMs[Math.floor(timesMs.length * 0.99)] ?? Number.NaN,
  };
}

/** One after the other, each until its first answer. */
async function connectAll({ port, clients, request }: Load): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < clients) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    await exchange(socket, request);
    sockets.push(socket);
  }
  return sockets;
}

async function keptAlive(socket: Socket, load: Load, endMs: number, timesMs: number[]): Promise<void> {
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await exchange(socket, load.request);
    timesMs.push(performance.now() - startMs);
  }
  socket.destroy();
}

async function reconnecting(load: Load, endMs: number, timesMs: number[]): Promise<void> {
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const socket = connect(load.port, '127.0.0.1');
    await exchange(socket, load.request);
    timesMs.push(performance.now() - startMs);
    // A reset leaves no TIME_WAIT, of which the machine would otherwise run out of ports.
    socket.resetAndDestroy();
  }
}

/** Sends a request and waits for the whole of an answer with a Content-Length. */
function exchange(socket: Socket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    function onData(chunk: string) {
      received += chunk;
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < headEnd + 4 + length) return;
      stop();
      if (received.startsWith('HTTP/1.1 200')) resolve();
      else reject(new Error(`unexpected answer: ${received.slice(0, 100)}`));
    }
    function onClose() {
      stop();
      reject(new Error('the server closed the connection'));
    }
    function stop() {
      socket.off('data', onData).off('close', onClose).off('error', onClose);
    }
    socket.setEncoding('latin1');
    socket.on('data', onData).on('close', onClose).on('error', onClose);
    socket.write(request);
  });
}
