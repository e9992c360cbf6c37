import type { Socket } from 'node:net';

/**
 * The descriptor of an open socket; undefined where the system has none. Node shows it on the handle only, which is its
 * own: `net.Server.getConnections` and the `cluster` module go by it, nothing promises that it stays.
 */
export function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = '_handle' in socket ? socket._handle : undefined;
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  const { fd } = handle;
  return typeof fd === 'number' && Number.isSafeInteger(fd) && fd >= 0 ? fd : undefined;
}
