import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { linuxPeerIdentity } from '../../main/platform/linux-peer-identity.ts';
import { linuxSockDiag, type LocalEnd } from '../../main/platform/linux-sock-diag.ts';
import { acceptOne, anotherUid, connect, listen, startClient } from './connections.ts';
import { needs } from './needs.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const onLinux = needs(process.platform === 'linux', 'the sock_diag adapter runs on Linux only');
const asRoot = needs(process.getuid?.() === 0, 'a client of another user can be started by root only');
const withPython = needs(spawnSync('python3', ['-V']).status === 0, 'no python3 here');

describe.skipIf(onLinux.missing)(`the peer of a connection on Linux${onLinux.note}`, () => {
  test('over IPv4 is ours when we opened it', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect(peers().isOwnUser(accepted)).toBe(true);
  });

  test('over IPv6 is ours when we opened it', async () => {
    const { accepted } = await connect('::1', '::1');
    expect(accepted.remoteAddress).toBe('::1');
    expect(peers().isOwnUser(accepted)).toBe(true);
  });

  test('is found when an IPv4 client reaches a dual-stack server, which sees it IPv4-mapped', async () => {
    const { accepted } = await connect('::', '127.0.0.1');
    expect(accepted.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(peers().isOwnUser(accepted)).toBe(true);
  });

  test('is found when an IPv6 socket reaches an IPv4 server by its IPv4-mapped address', async () => {
    const { accepted, client } = await connect('127.0.0.1', '::ffff:127.0.0.1');
    expect(accepted.remoteAddress).toBe('127.0.0.1');
    expect(sockDiag().peerSocket(accepted)).toEqual({ uid: process.getuid?.(), inode: inodeOf(client) });
  });

  test('is found when both ends are IPv6 sockets with IPv4-mapped addresses', async () => {
    const { accepted } = await connect('::', '::ffff:127.0.0.1');
    expect(accepted.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(peers().isOwnUser(accepted)).toBe(true);
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

  test.skipIf(withPython.missing)(
    `is found when it is bound to the interface${withPython.note}`,
    async () => {
      const { server, port } = await listen('127.0.0.1');
      startBoundClient(process.getuid?.() ?? 0, port);
      expect(peers().isOwnUser(await acceptOne(server))).toBe(true);
    },
  );

  test('is still found once it has sent all it will send', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.end();
    await once(accepted.socket.resume(), 'end');
    expect(peers().isOwnUser(accepted)).toBe(true);
  });

  test('is still found once we have sent all we will send', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    accepted.socket.end();
    await once(client.resume(), 'end');
    expect(peers().isOwnUser(accepted)).toBe(true);
  });

  test('is nobody once it is gone', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.destroy();
    await once(client, 'close');
    expect(sockDiag().peerSocket(accepted)).toBeUndefined();
    expect(peers().isOwnUser(accepted)).toBe(false);
  });

  test('is nobody when it left its end waiting in TIME_WAIT, whose uid reads as root', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.end();
    await once(accepted.socket.resume(), 'end');
    accepted.socket.end();
    await once(client.resume(), 'close');
    expect(peers().isOwnUser(accepted)).toBe(false);
  });

  test('is nobody when the connection differs in one port or address', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const { localAddress, localPort, remoteAddress, remotePort } = accepted;
    const right = { localAddress, localPort, remoteAddress, remotePort };
    const peer = peers();
    expect(peer.isOwnUser(right)).toBe(true);
    expect(peer.isOwnUser({ ...right, remotePort: remotePort - 1 })).toBe(false);
    expect(peer.isOwnUser({ ...right, localPort: localPort - 1 })).toBe(false);
    expect(peer.isOwnUser({ ...right, remoteAddress: '127.0.0.2' })).toBe(false);
    expect(peer.isOwnUser({ ...right, localAddress: '127.0.0.2' })).toBe(false);
    expect(peer.isOwnUser({ ...right, localAddress: '::1', remoteAddress: '::1' })).toBe(false);
  });

  test('is never a program that only listens on the port', async () => {
    const { port } = await listen('127.0.0.1');
    const local = { localAddress: '127.0.0.1', localPort: 9 };
    expect(peers().isOwnUser({ ...local, remoteAddress: '127.0.0.1', remotePort: port })).toBe(false);
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
      expect(peers().isOwnUser({ ...ports, localAddress: address, remoteAddress: address })).toBe(false);
    }
  });

  test('is nobody once the adapter is disposed', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const peer = peers();
    peer[Symbol.dispose]();
    expect(peer.isOwnUser(accepted)).toBe(false);
    expect(await peer.clientAt(accepted)).toBeUndefined();
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
      expect(sockDiag().peerSocket(accepted)?.uid).toBe(anotherUid);
      expect(peers().isOwnUser(accepted)).toBe(false);
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
      expect(peers().isOwnUser(theirs)).toBe(false);
      expect(peers().isOwnUser(ours)).toBe(true);
    });
  });
});

describe.skipIf(onLinux.missing)(`the peer of a redirected connection on Linux${onLinux.note}`, () => {
  // What a redirection does: the client's socket has another end than the one we see. Here that is a server of ours.
  test('is found by where its client connected to', async () => {
    const { original, redirected, client } = await connectRedirected();
    const diag = sockDiag(() => original);
    expect(diag.peerSocket(redirected)).toEqual({ uid: process.getuid?.(), inode: inodeOf(client) });
    expect(peers(() => original).isOwnUser(redirected)).toBe(true);
  });

  test('is nobody while nothing is redirected', async () => {
    const { redirected } = await connectRedirected();
    expect(peers(() => undefined).isOwnUser(redirected)).toBe(false);
  });

  describe('is decided by a socket with the ends that we see, where there is one', () => {
    // Two connections from one port: the first one straight here, the other one, ours, to the original end.
    test.skipIf(asRoot.missing)(`of another user${asRoot.note}`, async () => {
      const localPort = await freePort();
      const { server, port } = await listen('127.0.0.1');
      const accepting = acceptOne(server);
      startClient(anotherUid, '127.0.0.1', port, localPort);
      const theirs = await accepting;
      const { accepted: original } = await connectFrom(localPort);
      const peer = peers(() => original);
      expect(peer.isOwnUser({ ...theirs, localPort: 9 })).toBe(true);
      expect(peer.isOwnUser(theirs)).toBe(false);
    });

    // Asked for without an interface, the kernel does not tell of such a socket.
    test.skipIf(asRoot.missing || withPython.missing)(
      `of another user, bound to the interface${asRoot.note || withPython.note}`,
      async () => {
        const localPort = await freePort();
        const { server, port } = await listen('127.0.0.1');
        const accepting = acceptOne(server);
        startBoundClient(anotherUid, port, localPort);
        const theirs = await accepting;
        const { accepted: original } = await connectFrom(localPort);
        const peer = peers(() => original);
        expect(peer.isOwnUser({ ...theirs, localPort: 9 })).toBe(true);
        expect(peer.isOwnUser(theirs)).toBe(false);
      },
    );

    test('that has ended', async () => {
      const localPort = await freePort();
      const { accepted: ended, client } = await connectFrom(localPort);
      client.end();
      await once(ended.socket.resume(), 'end');
      ended.socket.end();
      await once(client.resume(), 'close');
      const { accepted: original } = await connectFrom(localPort);
      const peer = peers(() => original);
      expect(peer.isOwnUser({ ...ended, localPort: 9 })).toBe(true);
      expect(peer.isOwnUser(ended)).toBe(false);
    });
  });
});

describe.skipIf(onLinux.missing)(`the peer on a Unix socket of Linux${onLinux.note}`, () => {
  test('is ours when we opened it', async () => {
    const { descriptor } = await acceptOnSocketFile((path) => {
      const client = net.connect(path);
      cleanUps.push(() => client.destroy());
    });
    const peer = peers();
    expect(peer.isOwnUserOnLocalSocket(descriptor)).toBe(true);
    expect((await peer.clientOnLocalSocket(descriptor))?.process.pid).toBe(process.pid);
  });

  test('is the program that connected', async () => {
    let pid: number | undefined;
    const { descriptor } = await acceptOnSocketFile((path) => {
      pid = startUnixClient(path).pid;
    });
    expect((await peers().clientOnLocalSocket(descriptor))?.process).toMatchObject({
      pid,
      executable: process.execPath,
    });
  });

  test.skipIf(asRoot.missing)(`is not ours when another user connected${asRoot.note}`, async () => {
    const { descriptor } = await acceptOnSocketFile((path) => startUnixClient(path, anotherUid));
    const peer = peers();
    expect(peer.isOwnUserOnLocalSocket(descriptor)).toBe(false);
    expect(await peer.clientOnLocalSocket(descriptor)).toBeUndefined();
  });

  test('is no program once the one that connected has ended', async () => {
    let child: ReturnType<typeof startUnixClient> | undefined;
    const { descriptor } = await acceptOnSocketFile((path) => {
      child = startUnixClient(path);
    });
    child?.kill('SIGKILL');
    if (child) await once(child, 'exit');
    expect(await peers().clientOnLocalSocket(descriptor)).toBeUndefined();
  });

  test('is nobody where the descriptor is none of a connected Unix socket', async () => {
    const file = openSync('/dev/null', 'r');
    cleanUps.push(() => closeSync(file));
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    for (const descriptor of [file, descriptorOf(accepted.socket), -1]) {
      expect(peers().isOwnUserOnLocalSocket(descriptor)).toBe(false);
      expect(await peers().clientOnLocalSocket(descriptor)).toBeUndefined();
    }
  });
});

function sockDiag(redirectedFrom: () => LocalEnd | undefined = () => undefined) {
  const diag = linuxSockDiag(redirectedFrom);
  cleanUps.push(() => diag[Symbol.dispose]());
  return diag;
}

function peers(redirectedFrom: () => LocalEnd | undefined = () => undefined) {
  const peer = linuxPeerIdentity({ redirectedFrom });
  cleanUps.push(() => peer[Symbol.dispose]());
  return peer;
}

/** A connection of ours, and how its accepted end would be seen had the system redirected it to another port. */
async function connectRedirected() {
  const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
  const { localAddress, localPort, remoteAddress, remotePort } = accepted;
  const redirected = { localAddress, localPort: 9, remoteAddress, remotePort };
  return { original: { localAddress, localPort }, redirected, client };
}

/** A connection of ours from a port that others may have too. */
async function connectFrom(localPort: number) {
  const { server, port } = await listen('127.0.0.1');
  const accepting = acceptOne(server);
  const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort });
  cleanUps.push(() => client.destroy());
  return { accepted: await accepting, client };
}

/** A client whose socket is bound to `lo` (SO_BINDTODEVICE, which Node does not set), connected until the test ends. */
function startBoundClient(uid: number, port: number, localPort = 0): void {
  const program = `import socket, sys
ours = socket.socket()
ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
ours.setsockopt(socket.SOL_SOCKET, 25, b'lo\\0')
ours.bind(('127.0.0.1', int(sys.argv[2])))
ours.connect(('127.0.0.1', int(sys.argv[1])))
sys.stdin.read()`;
  const child = spawn('python3', ['-c', program, String(port), String(localPort)], {
    uid,
    gid: uid,
    cwd: '/',
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  cleanUps.push(() => child.kill('SIGKILL'));
}

async function freePort(): Promise<number> {
  const { server, port } = await listen('127.0.0.1');
  server.close();
  await once(server, 'close');
  return port;
}

/** @param start lets a client connect to the path. @returns the accepted end */
async function acceptOnSocketFile(start: (path: string) => unknown): Promise<{ descriptor: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-peer-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'socket');
  const server = net.createServer();
  cleanUps.push(() => server.close());
  server.listen({ path, writableAll: true });
  await once(server, 'listening');
  chmodSync(folder, 0o711);
  const accepting: Promise<net.Socket[]> = once(server, 'connection');
  start(path);
  const [socket] = await accepting;
  if (socket === undefined) throw new Error('nothing was accepted');
  cleanUps.push(() => socket.destroy());
  return { descriptor: descriptorOf(socket) };
}

/** A client that stays connected until the test ends. */
function startUnixClient(path: string, uid?: number) {
  const program = `require('node:net').connect(${JSON.stringify(path)})`;
  const user = uid === undefined ? {} : { uid, gid: uid, cwd: '/', env: {} };
  const child = spawn(process.execPath, ['-e', program], { stdio: 'inherit', ...user });
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
  const descriptor = String(descriptorOf(socket));
  return Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1]);
}

function descriptorOf(socket: net.Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number' || !readdirSync('/proc/self/fd').includes(String(fd)))
    throw new Error('no descriptor');
  return fd;
}
