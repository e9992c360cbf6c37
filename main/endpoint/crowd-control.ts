import type { Socket } from 'node:net';
import { groupOf } from '../approvals/process-tree.ts';
import type { ClientConnections } from '../clients/client-connections.ts';

/**
 * Connections to one server, beyond which Node closes new ones unseen: far more than are left open, so that a newcomer
 * finds a place while it is looked whose the many are.
 */
export const mostConnections = 2048;
/** Where so many are open at all servers, it is looked whose they are. An SDK opens a few, and closes them soon. */
const crowded = 768;
/** How many stay open then. */
const mostLeft = 640;
/** What the programs of one terminal, or all without one, may then keep. */
const mostOfOneGroup = 512;

/** Keeps the programs of one terminal from taking all the connections there are. */
export class CrowdControl {
  readonly #connections: ClientConnections;
  readonly #closed: (socket: Socket) => void;
  #isLooking = false;

  /** @param closed is told of each connection that was closed */
  constructor(connections: ClientConnections, closed: (socket: Socket) => void) {
    this.#connections = connections;
    this.#closed = closed;
  }

  /** Looks at all that are open where they are many. */
  look(): void {
    if (this.#connections.open.size < crowded || this.#isLooking) return;
    this.#isLooking = true;
    void this.#thin().finally(() => (this.#isLooking = false));
  }

  /** Closes what groups have beyond their share, the latest first: those that came before go on. */
  async #thin(): Promise<void> {
    const open = [...this.#connections.open];
    const clients = await Promise.all(open.map(([, connection]) => connection.identify()));
    const groups = new Map<string, Socket[]>();
    for (const [index, [socket]] of open.entries()) {
      if (socket.destroyed) continue;
      const client = clients[index];
      // Those that cannot be told share one place.
      const group = client ? groupOf(client) : '';
      const sockets = groups.get(group);
      if (sockets) sockets.push(socket);
      else groups.set(group, [socket]);
    }
    const share = shareOf([...groups.values()].map(({ length }) => length));
    for (const sockets of groups.values()) {
      for (const socket of sockets.slice(share)) {
        this.#closed(socket);
        socket.destroy();
      }
    }
  }
}

/** How many each group may keep, one at least: what small ones leave over is for the large ones. */
function shareOf(sizes: readonly number[]): number {
  let left = mostLeft;
  let groups = sizes.length;
  for (const size of sizes.toSorted((one, other) => one - other)) {
    const share = Math.floor(left / groups);
    if (size > share) return Math.max(1, Math.min(share, mostOfOneGroup));
    left -= size;
    groups -= 1;
  }
  return mostOfOneGroup;
}
