import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import type net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { linuxPeerIdentity } from '../../main/platform/linux-peer-identity.ts';
import { LinuxProcesses } from '../../main/platform/linux-processes.ts';
import type { Client, Process } from '../../main/platform/ports.ts';
import { acceptOne, anotherUid, connect, listen, type Accepted } from './connections.ts';
import { needs } from './needs.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const onLinux = needs(process.platform === 'linux', 'programs are found in /proc on Linux only');
const withPython = needs(spawnSync('python3', ['-V']).status === 0, 'no python3 here');
const asRoot = needs(process.getuid?.() === 0, 'a program of another user can be started by root only');
/** An argument that no name may show. */
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

describe.skipIf(onLinux.missing)(`the program at the other end of a connection${onLinux.note}`, () => {
  test('has the name of the script that Node runs', async () => {
    const { server, port } = await listen('127.0.0.1');
    const script = write(
      'asks.mjs',
      `(await import('node:net')).connect(Number(process.argv[2]), '127.0.0.1')`,
    );
    const commandLine = ['--no-warnings', script, String(port), secret];
    const child = start(process.execPath, commandLine);
    expect(await processAt(await acceptOne(server))).toMatchObject({
      pid: child.pid,
      name: 'asks.mjs',
      executable: process.execPath,
      commandLine: [process.execPath, ...commandLine],
    });
  });

  test.skipIf(withPython.missing)(
    `has the name of the script that Python runs${withPython.note}`,
    async () => {
      const { server, port } = await listen('127.0.0.1');
      const script = write(
        'asks.py',
        `import socket, sys\nwith socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as ours: ours.recv(1)`,
      );
      const child = start('python3', ['-W', 'ignore', script, String(port), secret]);
      expect(await processAt(await acceptOne(server))).toMatchObject({ pid: child.pid, name: 'asks.py' });
    },
  );

  test('has the name of the shell where there is no script, and nothing of its text', async () => {
    const { server, port } = await listen('127.0.0.1');
    const child = start('bash', ['-c', `${connectInBash(port)}; read -u 3; : ${secret}`, 'name', secret]);
    expect(await processAt(await acceptOne(server))).toMatchObject({ pid: child.pid, name: 'bash' });
  });

  test('has the name and path that its executable had before it was replaced', async () => {
    const { server, port } = await listen('127.0.0.1');
    const executable = write('asks', '');
    copyFileSync('/bin/bash', executable);
    const child = start(executable, ['-c', `${connectInBash(port)}; read -u 3`]);
    const accepted = await acceptOne(server);
    rmSync(executable);
    expect(await processAt(accepted)).toMatchObject({ pid: child.pid, name: 'asks', executable });
  });

  test('has a working folder, and none once that is removed', async () => {
    const { server, port } = await listen('127.0.0.1');
    const folder = join(write('file', ''), '../work');
    mkdirSync(folder);
    start('bash', ['-c', `${connectInBash(port)}; read -u 3`], { cwd: folder });
    const accepted = await acceptOne(server);
    expect((await processAt(accepted))?.workingFolder).toBe(realpathSync(folder));
    rmSync(folder, { recursive: true });
    expect((await processAt(accepted))?.workingFolder).toBeUndefined();
  });

  test('has the time at which it was started', async () => {
    const { server, port } = await listen('127.0.0.1');
    const beforeMs = Date.now();
    start('bash', ['-c', `${connectInBash(port)}; read -u 3`]);
    const accepted = await acceptOne(server);
    const found = await processAt(accepted);
    // The kernel counts in hundredths of a second.
    expect(found?.startedAtMs).toBeGreaterThanOrEqual(beforeMs - 30);
    expect(found?.startedAtMs).toBeLessThanOrEqual(Date.now() + 30);
  });

  test('has no more of its arguments than 64 KiB, none of them cut', async () => {
    const { server, port } = await listen('127.0.0.1');
    const long = 'x'.repeat(60_000);
    start('bash', ['-c', `${connectInBash(port)}; read -u 3`, 'name', long, long]);
    const text = expect.stringContaining('/dev/tcp/');
    expect((await processAt(await acceptOne(server)))?.commandLine).toEqual([
      'bash',
      '-c',
      text,
      'name',
      long,
    ]);
  });

  test('may be this one', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect((await processAt(accepted))?.pid).toBe(process.pid);
  });

  test.each([
    ['::1', '::1'],
    ['::', '127.0.0.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
  ])('is found by its IPv6 socket (server on %s, client connects to %s)', async (address, target) => {
    const { accepted } = await connect(address, target);
    expect((await processAt(accepted))?.pid).toBe(process.pid);
  });

  describe('that has lent the connection to a program it started', () => {
    /** A shell whose child has the connection, too, once `lend` is called. @param child what it runs */
    async function lender(child: string) {
      const { server, port } = await listen('127.0.0.1');
      const shell = start('bash', ['-c', `${connectInBash(port)}; read -u 3; ${child} & wait`]);
      const accepted = await acceptOne(server);
      const lend = async () => {
        // The first line lets the shell start its child, which sends the second one back.
        accepted.socket.write('first\nsecond\n');
        await once(accepted.socket, 'data');
      };
      return { accepted, shell, lend };
    }

    test('is that program, and not the newer one', async () => {
      const { accepted, shell, lend } = await lender('cat <&3 >&3');
      await lend();
      expect((await processAt(accepted))?.pid).toBe(shell.pid);
    });

    test('is nobody, where it must be told for sure which of both asks', async () => {
      const { accepted, shell, lend } = await lender('cat <&3 >&3');
      const peer = peers();
      expect((await peer.soleClientAt(accepted))?.process.pid).toBe(shell.pid);
      await lend();
      expect(await peer.soleClientAt(accepted)).toBeUndefined();
    });

    test('is nobody then, also where both are the same interpreter with different scripts', async () => {
      const script = write('other.sh', 'read -r line; echo $line; read -r line');
      const { accepted, lend } = await lender(`bash ${script} <&3 >&3`);
      await lend();
      expect(await peers().soleClientAt(accepted)).toBeUndefined();
    });

    test('is told for sure where the other is only another process of the same program', async () => {
      const { accepted, shell, lend } = await lender('(read -r line <&3; echo $line >&3; read -r line <&3)');
      await lend();
      expect((await peers().soleClientAt(accepted))?.process.pid).toBe(shell.pid);
    });
  });

  test.skipIf(asRoot.missing)(`is none of another user, even with our socket${asRoot.note}`, async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    const child = start('sleep', ['60'], { uid: anotherUid, stdio: [client, 'ignore', 'inherit'] });
    await once(child, 'spawn');
    client.destroy();
    await once(client, 'close');
    const peer = peers();
    expect(peer.isOwnUser(accepted)).toBe(true);
    expect(await peer.clientAt(accepted)).toBeUndefined();
  });

  test.skipIf(asRoot.missing)(`is not looked for when another user connected${asRoot.note}`, async () => {
    const { server, port } = await listen('127.0.0.1');
    start('bash', ['-c', `${connectInBash(port)}; read -u 3`], { uid: anotherUid });
    const { peer, asked } = peerThatIsWatched();
    expect(await peer.clientAt(await acceptOne(server))).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
  });

  test('is nobody when the connection is closed already, and is not looked for', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.destroy();
    await once(client, 'close');
    const { peer, asked } = peerThatIsWatched();
    expect(await peer.clientAt(accepted)).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
  });

  test('is nobody when the connection closes before its program is found', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    const { peer, asked } = peerThatIsWatched();
    const looking = peer.clientAt(accepted);
    client.destroy();
    await once(client, 'close');
    expect(await looking).toBeUndefined();
    // Not everywhere: the socket is gone.
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test('is looked for everywhere where nothing tells that it has connected, while it is connected', async () => {
    const { server, port } = await listen('127.0.0.1');
    const again = `read -r line; exec 3<&-; ${connectInBash(port)}; read -u 3`;
    const child = start('bash', ['-c', `${connectInBash(port)}; ${again}`], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    await acceptOne(server);
    const { peer, asked } = peerThatIsWatched();
    // It is newer than this process, so it is looked into first.
    const { accepted: ours } = await connect('127.0.0.1', '127.0.0.1');
    expect((await peer.clientAt(ours))?.process.pid).toBe(process.pid);
    const accepting = acceptOne(server);
    child.stdin?.write('\n');
    asked.mockClear();
    expect((await peer.clientAt(await accepting))?.process.pid).toBe(child.pid);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('is told of hundreds of connections at once by one search', async () => {
    const { server, port } = await listen('127.0.0.1');
    const script = write(
      'hundred.mjs',
      `const { connect } = await import('node:net');
      for (let count = 0; count < 100; count++) connect(Number(process.argv[2]), '127.0.0.1').on('connect', function () {
        this.write(String(process.pid));
      });`,
    );
    const accepting = acceptMany(server, 300);
    for (let count = 0; count < 3; count++) start(process.execPath, [script, String(port)]);
    const connections = await accepting;
    const pids = await Promise.all(connections.map(readPid));
    expect(new Set(pids).size).toBe(3);

    const { peer, asked } = peerThatIsWatched();
    const clients = await Promise.all(connections.map((connection) => peer.clientAt(connection)));
    expect(clients.map((client) => client?.process.pid)).toEqual(pids);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

describe.skipIf(onLinux.missing)(`what started a program${onLinux.note}`, () => {
  test('is told as the chain of its parents, the nearest first', async () => {
    const { server, port } = await listen('127.0.0.1');
    const script = write('deploy.sh', `bash -c '${connectInBash(port)}; read -u 3; :'; :`);
    const shell = start('bash', ['-c', `bash ${script}; :`]);
    const client = await clientAt(await acceptOne(server));
    const parents = client?.parents ?? [];
    expect(parents.slice(0, 2).map(({ name }) => name)).toEqual(['deploy.sh', 'bash']);
    expect(parents.slice(1, 3).map(({ pid }) => pid)).toEqual([shell.pid, process.pid]);
    const starts = [client?.process, ...parents].map((found) => found?.start ?? NaN);
    expect(starts).toEqual(starts.toSorted((one, other) => other - one));
  });

  test.skipIf(withPython.missing)(`is a shell in a terminal${withPython.note}`, async () => {
    const { server, port } = await listen('127.0.0.1');
    const emulator = start('python3', [
      '-c',
      `import pty, sys; pty.spawn(['bash', '-c', sys.argv[1]])`,
      `bash -c '${connectInBash(port)}; read -u 3; :'; :`,
    ]);
    const { process: program, parents = [] } = (await clientAt(await acceptOne(server))) ?? {};
    expect(parents.slice(0, 2).map(({ name }) => name)).toEqual(['bash', expect.stringMatching(/^python3/)]);
    const [shell, parent] = parents;
    expect(parent?.pid).toBe(emulator.pid);
    expect([program?.sessionId, shell?.sessionId]).toEqual([shell?.pid, shell?.pid]);
    expect(program?.terminal).toMatch(/^\/dev\/pts\/\d+$/);
    expect(shell?.terminal).toBe(program?.terminal);
    expect(parent?.terminal).not.toBe(program?.terminal);
  });

  test.skipIf(asRoot.missing || withPython.missing)(
    `is not told beyond another user's process${asRoot.note || withPython.note}`,
    async () => {
      const { server, port } = await listen('127.0.0.1');
      const program = write(
        'steps.py',
        `import os, socket, sys
if os.fork() == 0:
    os.seteuid(${anotherUid})
    if os.fork() == 0:
        os.seteuid(0)
        with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as ours: ours.recv(1)
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()`,
      );
      start('python3', [program, String(port)]);
      const client = await clientAt(await acceptOne(server));
      expect(client?.process.name).toBe('steps.py');
      expect(client?.parents).toEqual([]);
    },
  );

  test('is told together with what it belongs to, where it only passes on what others ask', async () => {
    const { server, port } = await listen('127.0.0.1');
    const executable = write('docker-proxy', '');
    copyFileSync('/bin/bash', executable);
    start(executable, ['-c', `${connectInBash(port)}; read -u 3`]);
    expect((await clientAt(await acceptOne(server)))?.forwarder).toBe('Docker');
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    expect((await clientAt(accepted))?.forwarder).toBeUndefined();
  });
});

describe.skipIf(onLinux.missing)(`the thread that looks for programs${onLinux.note}`, () => {
  test('is started anew at the next look-up where it has ended', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const { peer, asked } = peerThatIsWatched();
    expect((await peer.clientAt(accepted))?.process.pid).toBe(process.pid);
    const [first] = asked.mock.contexts;
    if (first instanceof Worker) await first.terminate();
    expect(peer.problem).toBe('It cannot be looked up which programs ask: the thread for it has ended');
    expect((await peer.clientAt(accepted))?.process.pid).toBe(process.pid);
    expect(asked.mock.contexts.at(-1)).not.toBe(first);
    expect(peer.problem).toBeUndefined();
  });

  test.each([
    [
      'ends',
      'the thread for it has ended',
      `require('node:worker_threads').parentPort.on('message', () => process.exit())`,
    ],
    [
      'fails',
      'on purpose',
      `require('node:worker_threads').parentPort.on('message', () => { throw new Error('on purpose') })`,
    ],
    ['cannot be loaded', 'on purpose', `throw new Error('on purpose')`],
  ])('finds nothing where it %s, and has that as its problem', async (_what, reason, code) => {
    // Without a limit on time.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const processes = processesBy(code);
    expect(processes.problem).toBeUndefined();
    expect(await processes.clientOf(process.pid)).toBeUndefined();
    expect(await processes.clientHolding(1, () => true)).toBeUndefined();
    expect(processes.problem).toBe(`It cannot be looked up which programs ask: ${reason}`);
  });

  test('finds nothing in five seconds that it does not answer, and the next one is asked instead', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = vi.spyOn(Worker.prototype, 'postMessage');
    const processes = processesBy(`setInterval(() => undefined, 1000)`);
    let found: Client | undefined | 'nothing yet' = 'nothing yet';
    const looking = processes.clientOf(process.pid).then((client) => (found = client));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(found).toBe('nothing yet');
    await vi.advanceTimersByTimeAsync(1);
    await looking;
    expect(found).toBeUndefined();
    expect(processes.problem).toBe('It cannot be looked up which programs ask: there was no answer in 5 s');
    // Nor is it asked to look everywhere then.
    const again = processes.clientHolding(1, () => true);
    await vi.advanceTimersByTimeAsync(5_000);
    await again;
    expect(new Set(asked.mock.contexts).size).toBe(2);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('is asked other things while it looks everywhere', async () => {
    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const peer = peers();
    await peer.clientAt(accepted);
    const told: string[] = [];
    await Promise.all([
      peer.soleClientAt(accepted).then(() => told.push('everywhere')),
      peer.clientAt(accepted).then(() => told.push('where it should be')),
    ]);
    expect(told).toEqual(['where it should be', 'everywhere']);
  });

  test('tells when its problem comes and when it has gone, and not that it lasts', async () => {
    const processes = new LinuxProcesses(pathToFileURL('/there/is/no/such/thread.js'));
    cleanUps.push(() => processes[Symbol.dispose]());
    const told: (string | undefined)[] = [];
    processes.onChange(() => told.push(processes.problem));
    await processes.clientOf(process.pid);
    await processes.clientOf(process.pid);
    expect(told).toEqual([expect.stringContaining('/there/is/no/such/thread.js')]);

    const { accepted } = await connect('127.0.0.1', '127.0.0.1');
    const { peer, asked } = peerThatIsWatched();
    await peer.clientAt(accepted);
    peer.onChange(() => told.push(peer.problem));
    const [thread] = asked.mock.contexts;
    if (thread instanceof Worker) await thread.terminate();
    await peer.clientAt(accepted);
    await peer.clientAt(accepted);
    expect(told.slice(1)).toEqual([expect.stringContaining('has ended'), undefined]);
  });

  test('ends with its owner, and what is looked for then is not found', async () => {
    const asked = vi.spyOn(Worker.prototype, 'postMessage');
    const processes = new LinuxProcesses();
    const looking = processes.clientOf(process.pid);
    await Promise.resolve();
    expect(asked).toHaveBeenCalledTimes(1);
    processes[Symbol.dispose]();
    expect(await looking).toBeUndefined();
    expect(await processes.clientOf(process.pid)).toBeUndefined();
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

function peers() {
  const peer = linuxPeerIdentity();
  cleanUps.push(() => peer[Symbol.dispose]());
  return peer;
}

/** Which also tells the questions that its thread was asked. */
function peerThatIsWatched() {
  return { peer: peers(), asked: vi.spyOn(Worker.prototype, 'postMessage') };
}

/** @param code a CommonJS program in the place of the thread */
function processesBy(code: string): LinuxProcesses {
  const processes = new LinuxProcesses(pathToFileURL(write('thread.cjs', code)));
  cleanUps.push(() => processes[Symbol.dispose]());
  return processes;
}

function clientAt(accepted: Accepted): Promise<Client | undefined> {
  return peers().clientAt(accepted);
}

async function processAt(accepted: Accepted): Promise<Process | undefined> {
  return (await clientAt(accepted))?.process;
}

/** A program that runs until the test ends. */
function start(
  command: string,
  options: string[],
  settings: { uid?: number; cwd?: string; stdio?: StdioOptions } = {},
): ChildProcess {
  const child = spawn(command, options, { stdio: 'inherit', ...settings });
  cleanUps.push(() => child.kill('SIGKILL'));
  return child;
}

/** A file with this name in a folder of its own. */
function write(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-program-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function connectInBash(port: number): string {
  return `exec 3<>/dev/tcp/127.0.0.1/${String(port)}`;
}

async function acceptMany(server: net.Server, count: number): Promise<Accepted[]> {
  const connections: Accepted[] = [];
  while (connections.length < count) connections.push(await acceptOne(server));
  return connections;
}

async function readPid({ socket }: Accepted): Promise<number> {
  const [data]: unknown[] = await once(socket, 'data');
  return Number(String(data));
}
