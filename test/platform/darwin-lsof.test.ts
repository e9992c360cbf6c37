import { describe, expect, test } from 'vitest';
import { holderOf, processesHolding } from '../../main/platform/darwin-lsof.ts';

const connection = {
  localAddress: '127.0.0.1',
  localPort: 9254,
  remoteAddress: '127.0.0.1',
  remotePort: 51000,
};
const brokersRow = ['p100', 'R1', 'u501', 'f22', 'n127.0.0.1:9254->127.0.0.1:51000'];
const clientsName = 'n127.0.0.1:51000->127.0.0.1:9254';
const clientsRow = ['p200', 'R1', 'u501', 'f7', clientsName];
const client = { pid: 200, parentPid: 1, uid: 501 };
/** As lsof 4.95 printed it, with more fields than we ask for, of a program that left its socket to another. */
const recorded = [
  'p6410\nR6404\ncmy prog\\\\\\xc3\\xa9^Ax\nu501\nn127.0.0.1:9254\nTST=LISTEN\nTQR=1\nTQS=0',
  `${clientsName}\nTST=ESTABLISHED\nTQR=0\nTQS=0\np6451\nR6410\ncsleep\nu501\n${clientsName}\nTST=ESTABLISHED\n`,
].join('\n');

describe('what lsof prints', () => {
  test("gives the process at the peer's end, not the broker's own row", () => {
    expect(processesHolding(connection, [...brokersRow, ...clientsRow, ''].join('\n'))).toEqual([client]);
  });

  test('gives each process that shares the socket', () => {
    expect(processesHolding(connection, recorded)).toEqual([
      { pid: 6410, parentPid: 6404, uid: 501 },
      { pid: 6451, parentPid: 6410, uid: 501 },
    ]);
  });

  test('gives nobody for another port that begins with the same digits', () => {
    const longer = ['p200', 'u501', 'f7', 'n127.0.0.1:51000->127.0.0.1:92540'];
    expect(processesHolding(connection, longer.join('\n'))).toEqual([]);
  });

  test('names IPv6 addresses in brackets and IPv4-mapped ones as IPv4', () => {
    const ipv6 = { ...connection, localAddress: '::1', remoteAddress: '::1' };
    const ipv6Rows = clientsRow.with(4, 'n[::1]:51000->[::1]:9254');
    expect(processesHolding(ipv6, ipv6Rows.join('\n'))).toEqual([client]);
    const mapped = { ...connection, localAddress: '::ffff:127.0.0.1', remoteAddress: '::ffff:127.0.0.1' };
    expect(processesHolding(mapped, clientsRow.join('\n'))).toEqual([client]);
  });

  test('leaves open what is not told of a process, and takes it from no other', () => {
    const bare = [...clientsRow, 'p201', 'f7', clientsName].join('\n');
    expect(processesHolding(connection, bare)).toEqual([
      client,
      { pid: 201, parentPid: undefined, uid: undefined },
    ]);
  });

  test('is nothing for an empty or foreign text', () => {
    expect(processesHolding(connection, '')).toEqual([]);
    expect(processesHolding(connection, 'lsof: WARNING: cannot stat() nfs file system\n')).toEqual([]);
  });
});

describe('the process meant by those that share a socket', () => {
  test('is the child, in whichever order they come', () => {
    const processes = processesHolding(connection, recorded);
    expect(holderOf(processes)).toBe(6451);
    expect(holderOf(processes.toReversed())).toBe(6451);
  });

  test('is nobody where there is none, or none with a pid', () => {
    expect(holderOf([])).toBeUndefined();
    expect(holderOf([{ ...client, pid: undefined }])).toBeUndefined();
  });
});
