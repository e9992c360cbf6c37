import { describe, expect, test } from 'vitest';
import type { OpenedProcess, WindowsKernel } from '../../main/platform/windows-kernel.ts';
import { windowsPeerIdentity } from '../../main/platform/windows-peer-identity.ts';
import { tcpTable, type TcpRow } from './windows-structures.ts';

const connection = {
  localAddress: '127.0.0.1',
  localPort: 9254,
  remoteAddress: '127.0.0.1',
  remotePort: 51000,
};
/** 2025-01-01T00:00:00Z as a FILETIME, and in microseconds since the Unix epoch. */
const filetime = 133_801_632_000_000_000n;
const microseconds = 1_735_689_600_000_000;
const second = 10_000_000n;

const row: TcpRow = {
  local: '127.0.0.1',
  localPort: 51000,
  remote: '127.0.0.1',
  remotePort: 9254,
  pid: 700,
  boundAt: filetime + 5n * second,
};

interface KnownProcess {
  readonly user?: string | undefined;
  readonly startedAt?: bigint | undefined;
  readonly executable?: string;
  readonly parentPid?: number;
}

const self: KnownProcess = { user: 'S-1-5-21-1-2-3-1001', startedAt: filetime };
const terminal: KnownProcess = {
  ...self,
  executable: 'C:\\Program Files\\WindowsApps\\WindowsTerminal.exe',
  parentPid: 4,
};
const shell: KnownProcess = {
  ...self,
  startedAt: filetime + second,
  executable: 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
  parentPid: 500,
};
const terraform: KnownProcess = {
  ...self,
  startedAt: filetime + 2n * second,
  executable: 'C:\\tools\\terraform.exe',
  parentPid: 600,
};

/** In the place of Windows, what would be open of it. */
function windowsWith(
  processes: Readonly<Record<number, KnownProcess | undefined>>,
  rows: readonly TcpRow[] = [row],
): WindowsKernel & { openHandles: () => number } {
  const all = { [process.pid]: self, ...processes };
  let open = 0;
  return {
    openHandles: () => open,
    tcpConnections: (family) => (family === 'IPv4' ? tcpTable(rows) : undefined),
    open(pid): OpenedProcess | undefined {
      const found = all[pid];
      if (found === undefined) return undefined;
      open += 1;
      return {
        user: () => (found.user === undefined ? undefined : Buffer.from(found.user)),
        startedAt: () => found.startedAt,
        executable: () => found.executable,
        parentPid: () => found.parentPid,
        [Symbol.dispose]: () => {
          open -= 1;
        },
      };
    },
  };
}

const all = { 500: terminal, 600: shell, 700: terraform };

describe('a client on Windows', () => {
  test('is ours, and told with its parents; its command line and folder are not known', async () => {
    const identity = windowsPeerIdentity(windowsWith(all));
    expect(identity.isOwnUser(connection)).toBe(true);
    expect(await identity.clientAt(connection)).toEqual({
      process: {
        pid: 700,
        start: microseconds + 2_000_000,
        startedAtMs: microseconds / 1000 + 2000,
        name: 'terraform.exe',
        executable: 'C:\\tools\\terraform.exe',
        commandLine: [],
        workingFolder: undefined,
        sessionId: undefined,
        terminal: undefined,
      },
      parents: [
        expect.objectContaining({ pid: 600, name: 'powershell.exe' }),
        expect.objectContaining({ pid: 500, name: 'WindowsTerminal.exe' }),
      ],
      forwarder: undefined,
    });
  });

  test('is said to pass on what others ask', async () => {
    const relay = { ...terraform, executable: 'C:\\Program Files\\WSL\\wslrelay.exe' };
    const client = await windowsPeerIdentity(windowsWith({ 700: relay })).clientAt(connection);
    expect(client?.forwarder).toBe('WSL');
  });

  test.each<[string, KnownProcess | undefined]>([
    ['of another user', { ...terraform, user: 'S-1-5-21-1-2-3-1002' }],
    ['whose user is not told', { ...terraform, user: undefined }],
    ['whose start is not told', { ...terraform, startedAt: undefined }],
    ['that we may not ask about', undefined],
  ])('%s is not ours, and not told', async (_name, process) => {
    const identity = windowsPeerIdentity(windowsWith({ ...all, 700: process }));
    expect(identity.isOwnUser(connection)).toBe(false);
    expect(await identity.clientAt(connection)).toBeUndefined();
  });

  test('is nobody where our own user is not told', async () => {
    const nameless = windowsWith({ ...all, [process.pid]: { ...self, user: undefined } });
    expect(windowsPeerIdentity(nameless).isOwnUser(connection)).toBe(false);
    const hidden = windowsWith({ 700: { ...terraform, user: undefined }, [process.pid]: undefined });
    expect(windowsPeerIdentity(hidden).isOwnUser(connection)).toBe(false);
  });

  test('is nobody where the socket is older than the process: its pid was used again', async () => {
    const later = { ...terraform, startedAt: row.boundAt + second };
    const identity = windowsPeerIdentity(windowsWith({ 700: later }));
    expect(identity.isOwnUser(connection)).toBe(false);
    expect(await identity.clientAt(connection)).toBeUndefined();
  });

  test('is nobody where it is not told when the socket was made', () => {
    const identity = windowsPeerIdentity(windowsWith(all, [{ ...row, boundAt: 0n }]));
    expect(identity.isOwnUser(connection)).toBe(false);
  });

  test('is ours where the coarser clock of sockets seems to be one tick behind', () => {
    const justBefore = { ...terraform, startedAt: row.boundAt + 156_000n };
    expect(windowsPeerIdentity(windowsWith({ 700: justBefore })).isOwnUser(connection)).toBe(true);
  });

  test('is nobody once the connection is gone, or where there is no table', async () => {
    const gone = windowsPeerIdentity(windowsWith(all, []));
    expect(gone.isOwnUser(connection)).toBe(false);
    expect(await gone.clientAt(connection)).toBeUndefined();
    const onIPv6 = { ...connection, localAddress: '::1', remoteAddress: '::1' };
    expect(windowsPeerIdentity(windowsWith(all)).isOwnUser(onIPv6)).toBe(false);
  });

  test("has parents of this user's only", async () => {
    const elevated = { ...shell, user: 'S-1-5-18' };
    const client = await windowsPeerIdentity(windowsWith({ ...all, 600: elevated })).clientAt(connection);
    expect(client?.parents).toEqual([]);
  });

  test('leaves no handle open', async () => {
    const windows = windowsWith({ ...all, 500: { ...terminal, user: undefined } });
    const identity = windowsPeerIdentity(windows);
    await identity.isOwnUser(connection);
    await identity.clientAt(connection);
    identity.isRunning({ pid: 700, start: microseconds });
    expect(windows.openHandles()).toBe(0);
  });
});

describe('on a named pipe of Windows', () => {
  test('nobody is ours, since others can open it and Node does not tell who did', async () => {
    const identity = windowsPeerIdentity(windowsWith(all));
    expect(identity.isOwnUserOnLocalSocket(3)).toBe(false);
    expect(await identity.clientOnLocalSocket(3)).toBeUndefined();
  });
});

describe('a process on Windows runs', () => {
  const start = microseconds + 2_000_000;

  test('as long as its pid and the time of its start are the same', () => {
    const identity = windowsPeerIdentity(windowsWith(all));
    expect(identity.isRunning({ pid: 700, start })).toBe(true);
    expect(identity.isRunning({ pid: 700, start: start - 1 })).toBe(false);
    expect(identity.isRunning({ pid: 701, start })).toBe(false);
  });

  test("no longer where its pid is another user's", () => {
    const theirs = { ...terraform, user: 'S-1-5-21-1-2-3-1002' };
    expect(windowsPeerIdentity(windowsWith({ 700: theirs })).isRunning({ pid: 700, start })).toBe(false);
  });
});
