import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DarwinKernel } from '../../main/platform/darwin-kernel.ts';
import { darwinPeerIdentity } from '../../main/platform/darwin-peer-identity.ts';
import { acceptOne, anotherUid, connect, listen, startClient } from './connections.ts';
import { argumentInfo, bsdInfo, vnodePathInfo, xucred, type BsdInfo } from './darwin-structures.ts';
import { needs } from './needs.ts';

const ownUid = process.getuid?.() ?? -1;
const withLsof = needs(lsofPath() !== undefined, 'no lsof here: install the package lsof');
const asRoot = needs(ownUid === 0, 'a client of another user can be started by root only');

interface KnownProcess extends BsdInfo {
  readonly executable?: string;
  readonly commandLine?: readonly string[];
  readonly workingFolder?: string;
  readonly sessionId?: number;
}

/** In the place of macOS's kernel, one that answers in its structures, for these processes of our own. */
function kernelWith(processes: readonly KnownProcess[], sockets: Partial<DarwinKernel> = {}): DarwinKernel {
  const of = (pid: number) => processes.find((process) => process.pid === pid);
  return {
    bsdInfo(pid) {
      const found = of(pid);
      return found && bsdInfo({ uid: ownUid, ...found });
    },
    vnodePathInfo(pid) {
      const folder = of(pid)?.workingFolder;
      return folder === undefined ? undefined : vnodePathInfo(folder, '/');
    },
    arguments(pid) {
      const { executable, commandLine } = of(pid) ?? {};
      return executable && commandLine ? argumentInfo(executable, commandLine) : undefined;
    },
    executable: (pid) => of(pid)?.executable,
    sessionId: (pid) => of(pid)?.sessionId,
    deviceName: (device) => `ttys${String(device & 0xff).padStart(3, '0')}`,
    peerCredentials: () => undefined,
    peerPid: () => undefined,
    ...sockets,
  };
}

const startSeconds = 1_700_000_000;
const terminal: KnownProcess = {
  pid: 500,
  parentPid: 1,
  startSeconds,
  executable: '/Applications/iTerm.app/Contents/MacOS/iTerm2',
  commandLine: ['/Applications/iTerm.app/Contents/MacOS/iTerm2'],
};
const shell: KnownProcess = {
  pid: 600,
  parentPid: 500,
  startSeconds: startSeconds + 1,
  terminalDevice: 0x1000_0003,
  executable: '/bin/zsh',
  commandLine: ['-zsh'],
  workingFolder: '/Users/jane',
  sessionId: 600,
};
const script: KnownProcess = {
  pid: 700,
  parentPid: 600,
  startSeconds: startSeconds + 2,
  startMicroseconds: 345_678,
  terminalDevice: 0x1000_0003,
  executable: '/opt/homebrew/bin/python3.13',
  commandLine: ['python3', 'my scripts/deploy.py', '--password', 'hunter2'],
  workingFolder: '/Users/jane/infra',
  sessionId: 600,
};

/** An accepted connection whose client is, by lsof, the process `pid`. */
const connection = {
  localAddress: '127.0.0.1',
  localPort: 9254,
  remoteAddress: '127.0.0.1',
  remotePort: 51000,
};
function identityWith(kernel: DarwinKernel, pid = script.pid, uid = ownUid) {
  const output = `p${String(pid)}\\nR600\\nu${String(uid)}\\nf7\\nn127.0.0.1:51000->127.0.0.1:9254\\n`;
  return darwinPeerIdentity({ lsof: lsofThatPrints(output), kernel });
}

describe('a client on macOS', () => {
  test('is told with all that the kernel knows, and its parents', async () => {
    const client = await identityWith(kernelWith([terminal, shell, script])).clientAt(connection);
    expect(client).toEqual({
      process: {
        pid: 700,
        start: (startSeconds + 2) * 1_000_000 + 345_678,
        startedAtMs: (startSeconds + 2) * 1000 + 345,
        name: 'deploy.py',
        executable: '/opt/homebrew/bin/python3.13',
        commandLine: ['python3', 'my scripts/deploy.py', '--password', 'hunter2'],
        workingFolder: '/Users/jane/infra',
        sessionId: 600,
        terminal: '/dev/ttys003',
      },
      parents: [
        expect.objectContaining({
          pid: 600,
          name: 'zsh',
          workingFolder: '/Users/jane',
          terminal: '/dev/ttys003',
        }),
        expect.objectContaining({ pid: 500, name: 'iTerm2', workingFolder: undefined, terminal: undefined }),
      ],
      forwarder: undefined,
    });
  });

  test('is said to pass on what others ask', async () => {
    const docker = { ...script, executable: '/Applications/Docker.app/Contents/MacOS/com.docker.backend' };
    const client = await identityWith(kernelWith([docker])).clientAt(connection);
    expect(client).toMatchObject({ process: { name: 'com.docker.backend' }, forwarder: 'Docker' });
  });

  test('has the name that the kernel keeps where the path of its executable is not told', async () => {
    const bare = { pid: 700, startSeconds, name: 'terraform' };
    const client = await identityWith(kernelWith([bare])).clientAt(connection);
    expect(client?.process).toMatchObject({ name: 'terraform', executable: undefined, commandLine: [] });
  });

  test('is nobody where its pid is another user’s by now', async () => {
    const theirs = { ...script, uid: ownUid + 1 };
    expect(await identityWith(kernelWith([theirs])).clientAt(connection)).toBeUndefined();
  });

  test('is nobody where the process with its pid was started only after we asked', async () => {
    const later = { ...script, startSeconds: Math.floor(Date.now() / 1000) + 60 };
    expect(await identityWith(kernelWith([later])).clientAt(connection)).toBeUndefined();
  });

  test('is nobody where another took its pid while it was looked at', async () => {
    let running = script;
    const kernel = kernelWith([script]);
    const changing: DarwinKernel = {
      ...kernel,
      bsdInfo: () => bsdInfo({ uid: ownUid, ...running }),
      executable(pid) {
        running = { ...script, startSeconds: startSeconds + 9 };
        return kernel.executable(pid);
      },
    };
    expect(await identityWith(changing).clientAt(connection)).toBeUndefined();
  });

  test('is nobody where it has ended', async () => {
    expect(await identityWith(kernelWith([])).clientAt(connection)).toBeUndefined();
  });

  test('leaves nothing of its environment in memory of ours', async () => {
    const given: Buffer[] = [];
    const kernel = kernelWith([terminal, shell, script]);
    const watched: DarwinKernel = {
      ...kernel,
      arguments(pid) {
        const info = kernel.arguments(pid);
        if (info) given.push(info);
        return info;
      },
    };
    await identityWith(watched).clientAt(connection);
    expect(given).toHaveLength(3);
    expect(given.every((info) => info.every((byte) => byte === 0))).toBe(true);
  });
});

describe('a client on a Unix socket on macOS', () => {
  const own = { peerCredentials: () => xucred(ownUid), peerPid: () => 700 };

  test('is ours, and told, by the credentials that the kernel noted', async () => {
    const identity = identityWith(kernelWith([terminal, shell, script], own));
    expect(identity.isOwnUserOnLocalSocket(12)).toBe(true);
    expect(await identity.clientOnLocalSocket(12)).toMatchObject({
      process: { pid: 700, name: 'deploy.py' },
      parents: [{ pid: 600 }, { pid: 500 }],
    });
  });

  test("is asked for by the accepted end's descriptor", () => {
    const kernel = kernelWith([], {
      peerCredentials: (descriptor) => xucred(descriptor === 12 ? ownUid : ownUid + 1),
    });
    expect(identityWith(kernel).isOwnUserOnLocalSocket(12)).toBe(true);
    expect(identityWith(kernel).isOwnUserOnLocalSocket(13)).toBe(false);
  });

  test('of another user is not ours, nor looked at', async () => {
    const identity = identityWith(
      kernelWith([script], { ...own, peerCredentials: () => xucred(ownUid + 1) }),
    );
    expect(identity.isOwnUserOnLocalSocket(12)).toBe(false);
    expect(await identity.clientOnLocalSocket(12)).toBeUndefined();
  });

  test('is nobody where the kernel does not say', async () => {
    const identity = identityWith(kernelWith([script], { peerPid: () => 700 }));
    expect(identity.isOwnUserOnLocalSocket(12)).toBe(false);
    expect(await identity.clientOnLocalSocket(12)).toBeUndefined();
    const without = identityWith(kernelWith([script], { ...own, peerPid: () => undefined }));
    expect(await without.clientOnLocalSocket(12)).toBeUndefined();
  });
});

describe('a process on macOS runs', () => {
  const start = (startSeconds + 2) * 1_000_000 + 345_678;

  test('as long as its pid and the time of its start are the same', () => {
    const identity = identityWith(kernelWith([script]));
    expect(identity.isRunning({ pid: 700, start })).toBe(true);
    expect(identity.isRunning({ pid: 700, start: start - 1 })).toBe(false);
    expect(identity.isRunning({ pid: 701, start })).toBe(false);
  });

  test("no longer where its pid is another user's", () => {
    expect(identityWith(kernelWith([{ ...script, uid: ownUid + 1 }])).isRunning({ pid: 700, start })).toBe(
      false,
    );
  });
});

describe.skipIf(withLsof.missing)(`a connection on macOS, by a real lsof${withLsof.note}`, () => {
  const identityOf = (kernel = kernelWith([])) => darwinPeerIdentity({ lsof: lsofPath(), kernel });

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
  ])('is ours when we opened it (server on %s, client connects to %s)', async (address, target) => {
    const { accepted } = await connect(address, target);
    expect(await identityOf().isOwnUser(accepted)).toBe(true);
  });

  test('leads to the program that opened it', async () => {
    const { server, port } = await listen('127.0.0.1');
    const command = `exec 3<>/dev/tcp/127.0.0.1/${String(port)}; read -u 3`;
    const child = spawn('bash', ['-c', command], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const accepted = await acceptOne(server);
    const pid = child.pid ?? 0;
    const identity = identityOf(kernelWith([{ pid, startSeconds, executable: '/bin/bash' }]));
    expect((await identity.clientAt(accepted))?.process).toMatchObject({ pid, name: 'bash' });
  });

  test('is nobody’s once it is gone', async () => {
    const { accepted, client } = await connect('127.0.0.1', '127.0.0.1');
    client.destroy();
    await once(client, 'close');
    const identity = identityOf(kernelWith([{ pid: process.pid, startSeconds }]));
    expect(await identity.isOwnUser(accepted)).toBe(false);
    expect(await identity.clientAt(accepted)).toBeUndefined();
  });

  test.skipIf(asRoot.missing)(`of another user is not ours${asRoot.note}`, async () => {
    const { server, port } = await listen('127.0.0.1');
    const child = startClient(anotherUid, '127.0.0.1', port);
    const accepted = await acceptOne(server);
    const identity = identityOf(kernelWith([{ pid: child.pid ?? 0, startSeconds }]));
    expect(await identity.isOwnUser(accepted)).toBe(false);
    expect(await identity.clientAt(accepted)).toBeUndefined();
  });
});

describe('a connection on macOS', () => {
  test('is not ours where a process whose user is not told has it too', async () => {
    const name = 'n127.0.0.1:51000->127.0.0.1:9254';
    const ours = `p200\\nu${String(ownUid)}\\n${name}\\n`;
    const isOwnUser = (output: string) =>
      darwinPeerIdentity({ lsof: lsofThatPrints(output), kernel: kernelWith([]) }).isOwnUser(connection);
    expect(await isOwnUser(ours)).toBe(true);
    expect(await isOwnUser(`${ours}p201\\n${name}\\n`)).toBe(false);
  });

  test.each(['/nonexistent/lsof', 'no\0path'])('is not ours when there is no lsof (%j)', async (lsof) => {
    const identity = darwinPeerIdentity({ lsof, kernel: kernelWith([script]) });
    expect(await identity.isOwnUser(connection)).toBe(false);
    expect(await identity.clientAt(connection)).toBeUndefined();
  });
});

/** A stand-in for lsof. @param output in which a backslash and `n` stand for the end of a line */
function lsofThatPrints(output: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-lsof-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'lsof');
  writeFileSync(path, `#!/bin/sh\nprintf '${output}'\n`, { mode: 0o700 });
  return path;
}

function lsofPath(): string | undefined {
  return ['/usr/sbin/lsof', '/usr/bin/lsof'].find((path) => existsSync(path));
}
