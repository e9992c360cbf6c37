/** What Windows' GetExtendedTcpTable fills in, composed byte by byte as tcpmib.h lays it out. */
import { isIPv4 } from 'node:net';

export interface TcpRow {
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
  readonly pid: number;
  /** A FILETIME. */
  readonly boundAt: bigint;
  /** MIB_TCP_STATE; ESTAB unless given. */
  readonly state?: number;
}

/** A `MIB_TCPTABLE_OWNER_MODULE` or `MIB_TCP6TABLE_OWNER_MODULE`: rows of 160 or 192 bytes, aligned to 8. */
export function tcpTable(rows: readonly TcpRow[], count = rows.length): Buffer {
  return Buffer.concat([word(count), Buffer.alloc(4, 0xee), ...rows.map(tcpRow)]);
}

function tcpRow(row: TcpRow): Buffer {
  const { local, localPort, remote, remotePort, pid, boundAt, state = 5 } = row;
  const owner = [word(pid), long(boundAt), Buffer.alloc(16 * 8, 0xee)]; // dwOwningPid, liCreateTimestamp, OwningModuleInfo
  if (isIPv4(local)) {
    return Buffer.concat([
      word(state),
      ipv4(local),
      port(localPort),
      ipv4(remote),
      port(remotePort),
      ...owner,
    ]);
  }
  const scope = word(0);
  const ends = [ipv6(local), scope, port(localPort), ipv6(remote), scope, port(remotePort)];
  return Buffer.concat([...ends, word(state), ...owner]);
}

/** In network byte order; the upper two bytes may hold anything. */
function port(value: number): Buffer {
  const bytes = Buffer.alloc(4, 0xee);
  bytes.writeUInt16BE(value);
  return bytes;
}

function word(value: number): Buffer {
  return Buffer.from(Uint32Array.of(value).buffer);
}

function long(value: bigint): Buffer {
  return Buffer.from(BigUint64Array.of(value).buffer);
}

function ipv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Of addresses that end in one group: `::1`. */
function ipv6(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(parseInt(address.replace('::', ''), 16), 14);
  return bytes;
}
