/** A crowded machine: many programs with many descriptors each, and a table full of connections that have ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** At most as many connections at once as a server's queue takes. */
const connectionsAtOnce = 200;

export interface CrowdSize {
  readonly programs: number;
  readonly descriptorsEach: number;
  readonly connectionsInTimeWait: number;
}

/** A shell that connects when it is told to, at descriptor 9, and opens or closes a file. */
const shell = `
  for ((count = 0; count < $1; count++)); do exec {opened}</dev/null; done
  echo ready
  while read -r order port; do
    case $order in
      connect) exec 9<&-; exec 9<>/dev/tcp/127.0.0.1/$port; echo done ;;
      stir) if [[ $stirred ]]; then exec 8<&-; stirred=; else exec 8</dev/null; stirred=yes; fi; echo done ;;
    esac
  done`;

export class Crowd implements AsyncDisposable {
  readonly #server: Server;
  readonly #programs: ChildProcess[] = [];
  readonly #accepted: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async gather(size: CrowdSize): Promise<Crowd> {
    const crowd = new Crowd(await listen());
    try {
      for (let count = 0; count < size.programs; count++) await crowd.#start(size.descriptorsEach);
      await leaveInTimeWait(size.connectionsInTimeWait);
      return crowd;
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(descriptors: number): Promise<void> {
    // A shell has three by itself, and while it waits for a line no more.
    const child = spawn('bash', ['-c', shell, 'bash', String(descriptors - 3)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#programs.push(child);
    await once(child.stdout, 'data');
  }

  /** A program by its place, the first being the oldest. */
  program(place: number): ChildProcess {
    const child = this.#programs[place];
    if (child === undefined) throw new Error(`there is no program ${place}`);
    return child;
  }

  /** Lets a program connect anew. @returns our end */
  async connect(program: ChildProcess): Promise<Socket> {
    const accepting = once(this.#server, 'connection');
    // A shell connects at another descriptor first, which is not how programs do it.
    await order(program, `connect ${portOf(this.#server)}`);
    const [socket]: Socket[] = await accepting;
    if (socket === undefined) throw new Error('nothing was accepted');
    this.#accepted.push(socket.on('error', () => undefined));
    return socket;
  }

  /** Lets a program open a descriptor, or close it again. */
  stir(program: ChildProcess): Promise<void> {
    return order(program, 'stir');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#accepted) socket.destroy();
    for (const child of this.#programs) child.kill('SIGKILL');
    await Promise.all(
      this.#programs.map(async (child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')),
    );
    this.#server.close();
  }
}

async function order(program: ChildProcess, line: string): Promise<void> {
  program.stdin?.write(`${line}\n`);
  if (program.stdout) await once(program.stdout, 'data');
}

/** How many connections of this machine have ended and are remembered by the kernel. */
export function connectionsInTimeWait(): number {
  return Number(/^TCP: .* tw (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]);
}

/**
 * Lets connections end on the side that closed first, where the kernel remembers them for a minute. On loopback it gives
 * their ports to new connections with the same other end before that, so that is another one each time.
 */
async function leaveInTimeWait(count: number): Promise<void> {
  for (let made = 0; connectionsInTimeWait() < count; made += connectionsAtOnce) {
    if (made > 2 * count) throw new Error('the kernel remembers too few connections');
    const server = await listen();
    await Promise.all(
      Array.from({ length: connectionsAtOnce }, async () => {
        const socket = connect(portOf(server), '127.0.0.1');
        await once(socket, 'connect');
        socket.end();
        await once(socket.resume(), 'close');
      }),
    );
    server.close();
  }
}

async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.resume());
  server.listen({ port: 0, host: '127.0.0.1', backlog: connectionsAtOnce });
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
