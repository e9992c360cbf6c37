/**
 * Windows' table of TCP connections as GetExtendedTcpTable fills it, for the class
 * TCP_TABLE_OWNER_MODULE_CONNECTIONS. Pure.
 *
 * https://learn.microsoft.com/windows/win32/api/tcpmib/ns-tcpmib-mib_tcptable_owner_module
 * https://learn.microsoft.com/windows/win32/api/tcpmib/ns-tcpmib-mib_tcprow_owner_module
 * https://learn.microsoft.com/windows/win32/api/tcpmib/ns-tcpmib-mib_tcp6row_owner_module
 */
import { addressBytes, isMappedIPv4 } from './address-bytes.ts';
import type { AcceptedConnection } from './ports.ts';

/** Who made a socket. */
export interface SocketOwner {
  readonly pid: number;
  /** When it was bound, in microseconds since the Unix epoch. The pid stays in the table after its process has ended. */
  readonly boundAt: number;
}

export type AddressFamily = 'IPv4' | 'IPv6';

/** Where the fields of a row begin; the rows follow the number of them, at a multiple of 8. */
interface RowLayout {
  readonly state: number;
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly pid: number;
  readonly boundAt: number;
  readonly addressBytes: number;
  readonly bytes: number;
}

const firstRow = 8;

const layouts: Readonly<Record<AddressFamily, RowLayout>> = {
  IPv4: {
    state: 0,
    localAddress: 4,
    localPort: 8,
    remoteAddress: 12,
    remotePort: 16,
    pid: 20,
    boundAt: 24,
    addressBytes: 4,
    bytes: 160,
  },
  IPv6: {
    localAddress: 0,
    localPort: 20,
    remoteAddress: 24,
    remotePort: 44,
    state: 48,
    pid: 52,
    boundAt: 56,
    addressBytes: 16,
    bytes: 192,
  },
};

/** MIB_TCP_STATE ESTAB, FIN_WAIT1, FIN_WAIT2 and CLOSE_WAIT: the states of a connection that was once established. */
const connectedStates: ReadonlySet<number> = new Set([5, 6, 7, 8]);

/**
 * Who made the peer's socket of a connection: the one row with exactly its ends, seen from there.
 * @param tableOf the table of a family. A connection of IPv4 addresses, be they mapped into IPv6, is in IPv4's.
 */
export function ownerOf(
  connection: AcceptedConnection,
  tableOf: (family: AddressFamily) => Buffer | undefined,
): SocketOwner | undefined {
  const peer = addressBytes(connection.remoteAddress);
  const ours = addressBytes(connection.localAddress);
  if (peer === undefined || ours === undefined) return undefined;
  const family = isMappedIPv4(peer) && isMappedIPv4(ours) ? 'IPv4' : 'IPv6';
  const table = tableOf(family);
  const layout = layouts[family];
  if (table === undefined || table.length < firstRow) return undefined;
  const count = Math.min(table.readUInt32LE(0), Math.floor((table.length - firstRow) / layout.bytes));
  for (let index = 0; index < count; index++) {
    const row = firstRow + index * layout.bytes;
    const has = (bytes: Buffer, field: number) =>
      bytes.equals(table.subarray(row + field, row + field + bytes.length));
    // Ports are in network byte order, in the first two of their four bytes.
    if (
      table.readUInt16BE(row + layout.localPort) === connection.remotePort &&
      table.readUInt16BE(row + layout.remotePort) === connection.localPort &&
      has(peer.subarray(-layout.addressBytes), layout.localAddress) &&
      has(ours.subarray(-layout.addressBytes), layout.remoteAddress) &&
      connectedStates.has(table.readUInt32LE(row + layout.state))
    ) {
      return {
        pid: table.readUInt32LE(row + layout.pid),
        boundAt: microsecondsOf(table.readBigUInt64LE(row + layout.boundAt)),
      };
    }
  }
  return undefined;
}

/** 1601-01-01, where FILETIME begins, to 1970-01-01, in units of 100 ns. */
const unixEpochAsFiletime = 116_444_736_000_000_000n;

/** A FILETIME (units of 100 ns since 1601) in microseconds since the Unix epoch, which a number can hold exactly. */
export function microsecondsOf(filetime: bigint): number {
  return Number((filetime - unixEpochAsFiletime) / 10n);
}
