import { describe, expect, test } from 'vitest';
import { microsecondsOf, ownerOf } from '../../main/platform/windows-tcp-table.ts';
import { tcpTable, type TcpRow } from './windows-structures.ts';

/** 2025-01-01T00:00:00Z as a FILETIME, and in microseconds since the Unix epoch. */
const filetime = 133_801_632_000_000_000n;
const microseconds = 1_735_689_600_000_000;

const connection = {
  localAddress: '127.0.0.1',
  localPort: 9254,
  remoteAddress: '127.0.0.1',
  remotePort: 51000,
};
const client: TcpRow = {
  local: '127.0.0.1',
  localPort: 51000,
  remote: '127.0.0.1',
  remotePort: 9254,
  pid: 4711,
  boundAt: filetime,
};
/** The broker's own end of it. */
const broker: TcpRow = { ...client, localPort: 9254, remotePort: 51000, pid: 1 };
const other: TcpRow = { ...client, localPort: 51001, pid: 2 };

function ownerAmong(rows: readonly TcpRow[], asked = connection) {
  return ownerOf(asked, (family) => (family === 'IPv4' ? tcpTable(rows) : undefined));
}

describe("the table of Windows' TCP connections", () => {
  test("tells who made the peer's socket, and when", () => {
    expect(ownerAmong([broker, other, client])).toEqual({ pid: 4711, boundAt: microseconds });
  });

  test('tells nobody for a connection that differs in one port or address', () => {
    for (const almost of [
      { ...client, localPort: 51001 },
      { ...client, remotePort: 9255 },
      { ...client, local: '127.0.0.2' },
      { ...client, remote: '127.0.0.2' },
    ]) {
      expect(ownerAmong([broker, almost])).toBeUndefined();
    }
  });

  test.each([
    ['ESTAB', 5],
    ['FIN_WAIT1', 6],
    ['FIN_WAIT2', 7],
    ['CLOSE_WAIT', 8],
  ])('has the peer in the state %s', (_name, state) => {
    expect(ownerAmong([{ ...client, state }])?.pid).toBe(4711);
  });

  test.each([
    ['CLOSED', 1],
    ['LISTEN', 2],
    ['SYN_SENT', 3],
    ['SYN_RCVD', 4],
    ['CLOSING', 9],
    ['LAST_ACK', 10],
    ['TIME_WAIT', 11],
    ['DELETE_TCB', 12],
  ])('has no peer in the state %s', (_name, state) => {
    expect(ownerAmong([{ ...client, state }])).toBeUndefined();
  });

  test('has IPv6 connections in one of its own', () => {
    const asked = { ...connection, localAddress: '::1', remoteAddress: '::1' };
    const table = tcpTable([
      { ...broker, local: '::1', remote: '::1' },
      { ...client, local: '::2', remote: '::1', pid: 3 },
      { ...client, local: '::1', remote: '::1' },
    ]);
    const owner = ownerOf(asked, (family) => (family === 'IPv6' ? table : undefined));
    expect(owner).toEqual({ pid: 4711, boundAt: microseconds });
    expect(ownerOf({ ...asked, remotePort: 51001 }, () => table)).toBeUndefined();
  });

  test('has connections of IPv4-mapped addresses in that of IPv4', () => {
    const mapped = { ...connection, localAddress: '::ffff:127.0.0.1', remoteAddress: '::FFFF:127.0.0.1' };
    expect(ownerAmong([client], mapped)?.pid).toBe(4711);
  });

  test('is read no further than it goes, whatever it says of itself', () => {
    const table = tcpTable([broker, client], 1_000_000);
    expect(ownerOf(connection, () => table)?.pid).toBe(4711);
    expect(ownerOf(connection, () => table.subarray(0, -1))).toBeUndefined();
    expect(ownerOf(connection, () => tcpTable([broker, client], 1))).toBeUndefined();
    for (const length of [0, 4, 8]) {
      expect(ownerOf(connection, () => table.subarray(0, length))).toBeUndefined();
    }
  });

  test('tells nobody where it cannot be had, or for what is no address', () => {
    expect(ownerOf(connection, () => undefined)).toBeUndefined();
    expect(ownerAmong([client], { ...connection, remoteAddress: 'localhost' })).toBeUndefined();
  });
});

describe('a FILETIME', () => {
  test('is told in microseconds since 1970, none of which are lost', () => {
    expect(microsecondsOf(116_444_736_000_000_000n)).toBe(0);
    expect(microsecondsOf(filetime)).toBe(microseconds);
    expect(microsecondsOf(filetime + 10n)).toBe(microseconds + 1);
  });
});
