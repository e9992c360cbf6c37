import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { darwinLsof, processesHolding, programOf } from '../../main/platform/darwin-lsof.ts';
import { linuxSockDiag } from '../../main/platform/linux-sock-diag.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import type { AcceptedConnection } from '../../main/platform/ports.ts';
import { needs } from './needs.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const onLinux = needs(process.platform === 'linux', 'the sock_diag adapter runs on Linux only');
const asRoot = needs(process.getuid?.() === 0, 'a client of another user can be started by root only');
const withLsof = needs(lsofPath() !== undefined, 'no lsof here: install the package lsof');
/** A user that owns nothing; 65534 is the one that stands for unmapped users. */
const anotherUid = 54321;

describe.skipIf(onLinux.missing)(`the peer of a connection on Linux${onLinux.note}`, () => {
  test('over IPv4 is ours when we opened it', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect(sockDiag().isOwnUser(accepted)).toBe(true);
  });

  test('over IPv6 is ours when we opened it', async () => {
    const { accepted } = await connect('::1', '::1');
    expect(accepted.remoteAddress).toBe('::1');
    expect(sockDiag().isOwnUser(accepted)).toBe(true);
  });

  test('is found when an IPv4 client reaches a dual-stack server, which sees it IPv4-mapped', async () => {
    const { accepted } = await connect('::', '127.0.0.1');
    expect(accepted.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(sockDiag().isOwnUser(accepted)).toBe(true);
  });

  test('is found when an IPv6 socket reaches an IPv4 server by its IPv4-mapped address', async () => {
    const { accepted, client } = await connect('127.0.0.1', '::ffff:127.0.0.1');
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect(sockDiag().peerSocket(accepted)).toEqual({ uid: process.getuid?.(), inode: inodeOf(client) });
  });

  test('is found when both ends are IPv6 sockets with IPv4-mapped addresses', async () => {
    const { accepted } = await connect('::', '::ffff:127.0.0.1');
    expect(accepted.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(sockDiag().isOwnUser(accepted)).toBe(true);
  });

  test('is named by the inode that its process has open', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    const peer = sockDiag().peerSocket(accepted);
    expect(peer).toEqual({ uid: process.getuid?.(), inode: inodeOf(client) });
  });

  test('is found among hundreds of connections, each by its own inode', async () => {
    const diag = sockDiag();
    const pairs = await Promise.all(Array.from({ length: 200 }, () => connect('127.0.0.1', '127.0.0.1')));
    const inodes = pairs.map(({ accepted }) => diag.peerSocket(accepted)?.inode);
    expect(inodes).toEqual(pairs.map(({ client }) => inodeOf(client)));
    expect(new Set(inodes).size).toBe(200);
  });

  test('is still found once it has sent all it will send', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.end();
    await once(accepted.socket.resume(), 'end');
    expect(sockDiag().isOwnUser(accepted)).toBe(true);
  });

  test('is still found once we have sent all we will send', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    accepted.socket.end();
    await once(client.resume(), 'end');
    expect(sockDiag().isOwnUser(accepted)).toBe(true);
  });

  test('is nobody once it is gone', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.destroy();
    await once(client, 'close');
    expect(sockDiag().peerSocket(accepted)).toBeUndefined();
    expect(sockDiag().isOwnUser(accepted)).toBe(false);
  });

  test('is nobody when it left its end waiting in TIME_WAIT, whose uid reads as root', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.end();
    await once(accepted.socket.resume(), 'end');
    accepted.socket.end();
    await once(client.resume(), 'close');
    expect(sockDiag().isOwnUser(accepted)).toBe(false);
  });

  test('is nobody when the connection differs in one port or address', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const { localAddress, localPort, remoteAddress, remotePort } = accepted;
    const right = { localAddress, localPort, remoteAddress, remotePort };
    const diag = sockDiag();
    expect(diag.isOwnUser(right)).toBe(true);
    expect(diag.isOwnUser({ ...right, remotePort: remotePort - 1 })).toBe(false);
    expect(diag.isOwnUser({ ...right, localPort: localPort - 1 })).toBe(false);
    expect(diag.isOwnUser({ ...right, remoteAddress: '127.0.0.2' })).toBe(false);
    expect(diag.isOwnUser({ ...right, localAddress: '127.0.0.2' })).toBe(false);
    expect(diag.isOwnUser({ ...right, localAddress: '::1', remoteAddress: '::1' })).toBe(false);
  });

  test('is never a program that only listens on the port', async () => {
    const { port } = await listen('127.0.0.1');
    const local = { localAddress: '127.0.0.1', localPort: 9 };
    expect(sockDiag().isOwnUser({ ...local, remoteAddress: '127.0.0.1', remotePort: port })).toBe(false);
  });

  test('is never a program that is still trying to connect', async () => {
    // A stopped server completes no more connections than its queue takes: the kernel lets the others wait.
    const program = `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 },
      () => process.send(server.address().port))`;
    const stopped = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    cleanUps.push(() => stopped.kill('SIGKILL'));
    const [port]: unknown[] = await once(stopped, 'message');
    stopped.kill('SIGSTOP');
    const clients = Array.from({ length: 6 }, () => net.connect(Number(port), '127.0.0.1'));
    cleanUps.push(...clients.map((client) => () => client.destroy()));
    const trying = await waitUntilOneTries(Number(port));
    const local = { localAddress: '127.0.0.1', localPort: Number(port) };
    expect(
      sockDiag().peerSocket({ ...local, remoteAddress: '127.0.0.1', remotePort: trying }),
    ).toBeUndefined();
  });

  test('is nobody when the address is no address', () => {
    const ports = { localPort: 1, remotePort: 2 };
    for (const address of ['', 'localhost', 'fe80::1%lo', '127.0.0', '::g']) {
      expect(sockDiag().isOwnUser({ ...ports, localAddress: address, remoteAddress: address })).toBe(false);
    }
  });

  test('is nobody once the adapter is disposed', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const diag = sockDiag();
    diag[Symbol.dispose]();
    expect(diag.isOwnUser(accepted)).toBe(false);
  });

  describe.skipIf(asRoot.missing)(`of another user${asRoot.note}`, () => {
    test.each([
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['::', '127.0.0.1'],
      ['127.0.0.1', '::ffff:127.0.0.1'],
    ])('is not ours (server on %s, client connects to %s)', async (address, target) => {
      const { server, port } = await listen(address);
      startClient(anotherUid, target, port);
      const accepted = await acceptOne(server);
      const diag = sockDiag();
      expect(diag.peerSocket(accepted)?.uid).toBe(anotherUid);
      expect(diag.isOwnUser(accepted)).toBe(false);
    });

    test('is not ours when our own program connects to the same port at the same time', async () => {
      const { server, port } = await listen('127.0.0.1');
      const accepting = acceptOne(server);
      startClient(anotherUid, '127.0.0.1', port);
      const theirs = await accepting;
      const acceptingOurs = acceptOne(server);
      const client = net.connect(port, '127.0.0.1');
      cleanUps.push(() => client.destroy());
      const ours = await acceptingOurs;
      expect(sockDiag().isOwnUser(theirs)).toBe(false);
      expect(sockDiag().isOwnUser(ours)).toBe(true);
    });
  });
});

describe('the platform', () => {
  test.skipIf(onLinux.missing)(`decides which adapter tells the peer${onLinux.note}`, async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect(await peerIdentity('linux').isOwnUser(accepted)).toBe(true);
  });

  test.skipIf(onLinux.missing)(`decides which adapter tells the program${onLinux.note}`, async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect((await peerIdentity('linux').programAt(accepted))?.pid).toBe(process.pid);
  });

  test('is refused where no adapter exists yet, with the reason', () => {
    expect(() => peerIdentity('win32')).toThrow(
      expect.objectContaining({
        name: 'Failure',
        code: 'Refused',
        message: expect.stringContaining('on Windows'),
      }),
    );
    expect(() => peerIdentity('freebsd')).toThrow(/on freebsd/);
  });
});

describe('what lsof prints', () => {
  const connection = {
    localAddress: '127.0.0.1',
    localPort: 9254,
    remoteAddress: '127.0.0.1',
    remotePort: 51000,
  };
  const brokersRow = ['p100', 'R1', 'clatchkey', 'u501', 'f22', 'n127.0.0.1:9254->127.0.0.1:51000'];
  const clientsName = 'n127.0.0.1:51000->127.0.0.1:9254';
  const clientsRow = ['p200', 'R1', 'caws', 'u501', 'f7', clientsName, 'TST=ESTABLISHED'];
  const client = { pid: 200, parentPid: 1, command: 'aws', uid: 501 };
  /** As lsof 4.95 printed it of a program that started another, to which it left its socket. */
  const recorded = [
    'p6410\nR6404\ncmy prog\\\\\\xc3\\xa9^Ax\nu501\nn127.0.0.1:9254\nTST=LISTEN\nTQR=1\nTQS=0',
    `${clientsName}\nTST=ESTABLISHED\nTQR=0\nTQS=0\np6451\nR6410\ncsleep\nu501\n${clientsName}\nTST=ESTABLISHED\n`,
  ].join('\n');

  test("gives the process at the peer's end, not the broker's own row", () => {
    expect(processesHolding(connection, [...brokersRow, ...clientsRow, ''].join('\n'))).toEqual([client]);
  });

  test('gives each process that shares the socket', () => {
    expect(processesHolding(connection, recorded)).toEqual([
      { pid: 6410, parentPid: 6404, command: 'my prog\\é^Ax', uid: 501 },
      { pid: 6451, parentPid: 6410, command: 'sleep', uid: 501 },
    ]);
  });

  test('gives nobody for another port that begins with the same digits', () => {
    const longer = ['p200', 'u501', 'f7', 'n127.0.0.1:51000->127.0.0.1:92540'];
    expect(processesHolding(connection, longer.join('\n'))).toEqual([]);
  });

  test('names IPv6 addresses in brackets and IPv4-mapped ones as IPv4', () => {
    const ipv6 = { ...connection, localAddress: '::1', remoteAddress: '::1' };
    const ipv6Rows = clientsRow.with(5, 'n[::1]:51000->[::1]:9254');
    expect(processesHolding(ipv6, ipv6Rows.join('\n'))).toEqual([client]);
    const mapped = { ...connection, localAddress: '::ffff:127.0.0.1', remoteAddress: '::ffff:127.0.0.1' };
    expect(processesHolding(mapped, clientsRow.join('\n'))).toEqual([client]);
  });

  test('leaves open what is not told of a process, and takes it from no other', () => {
    const bare = [...clientsRow, 'p201', 'f7', clientsName].join('\n');
    expect(processesHolding(connection, bare)).toEqual([
      client,
      { pid: 201, parentPid: undefined, uid: undefined, command: '' },
    ]);
  });

  test('is nothing for an empty or foreign text', () => {
    expect(processesHolding(connection, '')).toEqual([]);
    expect(processesHolding(connection, 'lsof: WARNING: cannot stat() nfs file system\n')).toEqual([]);
  });

  test('means the child where processes share the socket, in whichever order they come', () => {
    const processes = processesHolding(connection, recorded);
    expect(programOf(processes)).toEqual({ pid: 6451, name: 'sleep' });
    expect(programOf(processes.toReversed())).toEqual({ pid: 6451, name: 'sleep' });
  });

  test('means no program where there is no process, or none with a name', () => {
    expect(programOf([])).toBeUndefined();
    expect(programOf([{ ...client, command: '' }])).toBeUndefined();
    expect(programOf([{ ...client, pid: undefined }])).toBeUndefined();
  });
});

describe.skipIf(withLsof.missing)(`the macOS adapter with a real lsof${withLsof.note}`, () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
  ])('knows our own connection (server on %s, client connects to %s)', async (address, target) => {
    const { accepted } = await connect(address, target);
    expect(await darwinLsof(lsofPath()).isOwnUser(accepted)).toBe(true);
  });

  test('knows the program that connected', async () => {
    const { server, port } = await listen('127.0.0.1');
    const command = `exec 3<>/dev/tcp/127.0.0.1/${String(port)}; read -u 3`;
    const child = spawn('bash', ['-c', command], { stdio: 'inherit' });
    cleanUps.push(() => child.kill('SIGKILL'));
    const accepted = await acceptOne(server);
    expect(await darwinLsof(lsofPath()).programAt(accepted)).toEqual({ pid: child.pid, name: 'bash' });
  });

  test('knows no connection that is gone', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.destroy();
    await once(client, 'close');
    expect(await darwinLsof(lsofPath()).isOwnUser(accepted)).toBe(false);
    expect(await darwinLsof(lsofPath()).programAt(accepted)).toBeUndefined();
  });

  test.skipIf(asRoot.missing)(`knows another user's client as not ours${asRoot.note}`, async () => {
    const { server, port } = await listen('127.0.0.1');
    startClient(anotherUid, '127.0.0.1', port);
    const accepted = await acceptOne(server);
    expect(await darwinLsof(lsofPath()).isOwnUser(accepted)).toBe(false);
    expect(await darwinLsof(lsofPath()).programAt(accepted)).toBeUndefined();
  });

  test('counts a process whose user is not told as nobody we know', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const name = `n127.0.0.1:${accepted.remotePort}->127.0.0.1:${accepted.localPort}`;
    const ours = `p200\\nu${String(process.getuid?.())}\\ncours\\n${name}\\n`;
    const isOwnUser = (output: string) => darwinLsof(lsofThatPrints(output)).isOwnUser(accepted);
    expect(await isOwnUser(ours)).toBe(true);
    expect(await isOwnUser(`${ours}p201\\ncforeign\\n${name}\\n`)).toBe(false);
  });

  test('knows nobody when there is no lsof', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect(await darwinLsof('/nonexistent/lsof').isOwnUser(accepted)).toBe(false);
    expect(await darwinLsof('/nonexistent/lsof').programAt(accepted)).toBeUndefined();
  });
});

interface Accepted extends AcceptedConnection {
  readonly socket: net.Socket;
}

async function listen(address: string): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer({ allowHalfOpen: true });
  cleanUps.push(() => server.close());
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  return { server, port: bound.port };
}

async function connect(address: string, target: string): Promise<{ accepted: Accepted; client: net.Socket }> {
  const { server, port } = await listen(address);
  const accepting = acceptOne(server);
  const client = net.connect({ port, host: target, allowHalfOpen: true });
  cleanUps.push(() => client.destroy());
  await once(client, 'connect');
  return { accepted: await accepting, client };
}

function acceptOne(server: net.Server): Promise<Accepted> {
  return new Promise((resolve, reject) => {
    server.once('connection', (socket) => {
      cleanUps.push(() => socket.destroy());
      const { localAddress, localPort, remoteAddress, remotePort } = socket;
      if (localAddress === undefined || localPort === undefined) reject(new Error('no local end'));
      else if (remoteAddress === undefined || remotePort === undefined) reject(new Error('no remote end'));
      else resolve({ socket, localAddress, localPort, remoteAddress, remotePort });
    });
  });
}

function sockDiag() {
  const diag = linuxSockDiag();
  cleanUps.push(() => diag[Symbol.dispose]());
  return diag;
}

/** A client of another user's, which stays connected until the test ends. */
function startClient(uid: number, host: string, port: number): ChildProcess {
  const program = `require('node:net').connect(${String(port)}, ${JSON.stringify(host)})`;
  const child = spawn(process.execPath, ['-e', program], {
    uid,
    gid: uid,
    cwd: '/',
    env: {},
    stdio: 'inherit',
  });
  cleanUps.push(() => child.kill('SIGKILL'));
  return child;
}

/** The local port of a socket in SYN_SENT (state 02 of /proc/net/tcp) towards `port`. */
async function waitUntilOneTries(port: number): Promise<number> {
  const portInHex = port.toString(16).toUpperCase().padStart(4, '0');
  const row = new RegExp(`^ *\\d+: 0100007F:([0-9A-F]{4}) 0100007F:${portInHex} 02 `, 'm');
  for (;;) {
    const local = row.exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1];
    if (local !== undefined) return parseInt(local, 16);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The inode of a socket of this process, found by its descriptor. */
function inodeOf(socket: net.Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number' || !readdirSync('/proc/self/fd').includes(String(fd)))
    throw new Error('no descriptor');
  return Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${String(fd)}`))?.[1]);
}

/** A stand-in for lsof. @param output in which a backslash and `n` stand for the end of a line */
function lsofThatPrints(output: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-lsof-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'lsof');
  writeFileSync(path, `#!/bin/sh\nprintf '${output}'\n`, { mode: 0o700 });
  return path;
}

function lsofPath(): string | undefined {
  return ['/usr/sbin/lsof', '/usr/bin/lsof'].find((path) => existsSync(path));
}
