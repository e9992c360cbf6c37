import type { Socket } from 'node:net';
import type { ClientConnections } from '../clients/client-connections.ts';

/** Connections in all. An SDK opens a few, and closes them soon. */
export const mostConnections = 1024;
/** Where so many are open, it is looked whose they are. */
const crowded = 768;
/** What one client may then keep. */
const mostOfOneClient = 512;

/** Keeps one client from taking all the connections there are. */
export class CrowdControl {
  readonly #connections: ClientConnections;
  readonly #open = new Set<Socket>();
  #isLooking = false;

  constructor(connections: ClientConnections) {
    this.#connections = connections;
  }

  /** Counts a connection until it is closed. */
  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    if (this.#open.size < crowded || this.#isLooking) return;
    this.#isLooking = true;
    void this.#thin().finally(() => (this.#isLooking = false));
  }

  /** Closes what clients have beyond their share, the latest first: those that came before go on. */
  async #thin(): Promise<void> {
    const open = [...this.#open];
    const clients = await Promise.all(open.map((socket) => this.#connections.at(socket).identify()));
    const counts = new Map<number | undefined, number>();
    for (const [index, socket] of open.entries()) {
      // Those that cannot be told share one place.
      const pid = clients[index]?.process.pid;
      const count = (counts.get(pid) ?? 0) + 1;
      counts.set(pid, count);
      if (count > mostOfOneClient) socket.destroy();
    }
  }
}
