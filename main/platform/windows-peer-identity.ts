import type { AcceptedConnection, Client, PeerIdentity, Process } from './ports.ts';
import { forwarderOf, parentChain, type ChainLink } from './process-chain.ts';
import { programName } from './program-name.ts';
import { windowsKernel, type OpenedProcess, type WindowsKernel } from './windows-kernel.ts';
import { microsecondsOf, ownerOf, type SocketOwner } from './windows-tcp-table.ts';

/**
 * Sockets' times are told by the system's tick, which lags behind the clock that processes' are told by: 15.6 ms at
 * most.
 */
const tickMicroseconds = 16_000;

/**
 * Who is at the other end on Windows: the table of TCP connections tells which process made the socket, that process's
 * token which user it is. What of a user's runs in a sandbox or elevated counts as the user's.
 *
 * The table keeps the pid of a process that has ended while another has the socket, and Windows uses pids again soon:
 * so a process that was started after the socket was bound is not its owner. A program that inherited its socket is
 * shown as the one that made it, and is nobody once that has ended.
 *
 * Command lines and working folders are not told: they are in the other process's memory, which has no documented form.
 *
 * Local sockets are named pipes there, and nobody on them is ours: Node gives no handle to ask for the other end's
 * process, and the pipes that it makes (libuv passes no security attributes) can be opened by everybody for reading,
 * and by administrators, also over the network, for writing.
 * https://learn.microsoft.com/windows/win32/ipc/named-pipe-security-and-access-rights
 */
export function windowsPeerIdentity(kernel: WindowsKernel = windowsKernel()): PeerIdentity {
  const ownUser = readUser(kernel, process.pid);

  /** A running process of this user, and what it is told by: read by one handle, so that all is of the same one. */
  function processOf(pid: number): WindowsProcess | undefined {
    const opened = kernel.open(pid);
    if (opened === undefined) return undefined;
    try {
      if (ownUser === undefined || opened.user()?.equals(ownUser) !== true) return undefined;
      return describe(pid, opened);
    } finally {
      opened[Symbol.dispose]();
    }
  }

  function ownerAt(connection: AcceptedConnection): SocketOwner | undefined {
    return ownerOf(connection, (family) => kernel.tcpConnections(family));
  }

  function ownerProcess(owner: SocketOwner): WindowsProcess | undefined {
    const found = processOf(owner.pid);
    return found && found.start <= owner.boundAt + tickMicroseconds ? found : undefined;
  }

  function clientOf(owner: SocketOwner): Client | undefined {
    const found = ownerProcess(owner);
    if (found === undefined) return undefined;
    const parents = parentChain(found, processOf);
    return {
      process: withoutParent(found),
      parents: parents.map(withoutParent),
      forwarder: forwarderOf(found.executable, found.name),
    };
  }

  async function clientAt(connection: AcceptedConnection): Promise<Client | undefined> {
    const owner = ownerAt(connection);
    return owner && clientOf(owner);
  }

  return {
    isOwnUser(connection) {
      const owner = ownerAt(connection);
      return owner !== undefined && ownerProcess(owner) !== undefined;
    },
    clientAt,
    // The system names one owner of a connection.
    soleClientAt: clientAt,
    isOwnUserOnLocalSocket: () => false,
    clientOnLocalSocket: async () => undefined,
    isRunning: ({ pid, start }) => processOf(pid)?.start === start,
    problem: undefined,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
}

interface WindowsProcess extends Process, ChainLink {
  readonly pid: number;
  readonly start: number;
}

function readUser(kernel: WindowsKernel, pid: number): Buffer | undefined {
  const opened = kernel.open(pid);
  try {
    return opened?.user();
  } finally {
    opened?.[Symbol.dispose]();
  }
}

function describe(pid: number, opened: OpenedProcess): WindowsProcess | undefined {
  const startedAt = opened.startedAt();
  if (startedAt === undefined) return undefined;
  const start = microsecondsOf(startedAt);
  const executable = opened.executable();
  return {
    pid,
    parentPid: opened.parentPid() ?? 0,
    start,
    name: programName(executable, []),
    executable,
    commandLine: [],
    workingFolder: undefined,
    startedAtMs: Math.floor(start / 1000),
    sessionId: undefined,
    terminal: undefined,
  };
}

function withoutParent({ parentPid: _, ...told }: WindowsProcess): Process {
  return told;
}
