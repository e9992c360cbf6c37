import { darwinKernel, type DarwinKernel } from './darwin-kernel.ts';
import { askLsof, holderOf, type LsofProcess } from './darwin-lsof.ts';
import {
  readArguments,
  readBsdInfo,
  readPeerUid,
  readWorkingFolder,
  type DarwinProcess,
} from './darwin-process.ts';
import type { Client, PeerIdentity, Process } from './ports.ts';
import { forwarderOf, parentChain } from './process-chain.ts';
import { programName } from './program-name.ts';

/** More of a command line than that is not read: arguments may be megabytes. */
const commandLineBytes = 64 * 1024;

/** @param lsof macOS has its own at `/usr/sbin/lsof`. */
export interface DarwinOptions {
  readonly lsof?: string | undefined;
  readonly kernel?: DarwinKernel;
}

/**
 * Who is at the other end on macOS: `lsof` tells which processes hold a TCP connection, the kernel all else, since
 * only it tells arguments one by one, and the start of a process exactly.
 *
 * A socket that was inherited is the child's. Where another user's process shares it, the connection is not ours, as
 * far as lsof shows that process: it does to root only.
 */
export function darwinPeerIdentity({
  lsof = '/usr/sbin/lsof',
  kernel = darwinKernel(),
}: DarwinOptions = {}): PeerIdentity {
  const ownUid = process.getuid?.();
  const isOwn = ({ uid }: LsofProcess) => uid !== undefined && uid === ownUid;

  /** A running process of this user. */
  function processOf(pid: number): DarwinProcess | undefined {
    const info = kernel.bsdInfo(pid);
    const found = info && readBsdInfo(info);
    return found?.pid === pid && found.uid === ownUid ? found : undefined;
  }

  /** @param untilMs when it was known that the client has this pid: a process that was started later is another. */
  function clientOf(pid: number, untilMs: number): Client | undefined {
    const found = processOf(pid);
    if (found === undefined || startMsOf(found) > untilMs) return undefined;
    const client = describe(found, kernel);
    const parents = parentChain(found, processOf).map((parent) => describe(parent, kernel));
    // What was read meanwhile is another's where the pid was used again.
    if (processOf(pid)?.start !== found.start) return undefined;
    return { process: client, parents, forwarder: forwarderOf(client.executable, client.name) };
  }

  function isOwnUserOnLocalSocket(descriptor: number): boolean {
    const credentials = kernel.peerCredentials(descriptor);
    return ownUid !== undefined && credentials !== undefined && readPeerUid(credentials) === ownUid;
  }

  return {
    async isOwnUser(connection) {
      const processes = await askLsof(lsof, connection);
      return processes.length > 0 && processes.every(isOwn);
    },
    async clientAt(connection) {
      const askedAtMs = Date.now();
      const pid = holderOf((await askLsof(lsof, connection)).filter(isOwn));
      return pid === undefined ? undefined : clientOf(pid, askedAtMs);
    },
    async soleClientAt(connection) {
      const askedAtMs = Date.now();
      const holders = await askLsof(lsof, connection);
      const [pid, ...others] = new Set(holders.map((holder) => (isOwn(holder) ? holder.pid : undefined)));
      return pid !== undefined && others.length === 0 ? clientOf(pid, askedAtMs) : undefined;
    },
    isOwnUserOnLocalSocket,
    async clientOnLocalSocket(descriptor) {
      if (!isOwnUserOnLocalSocket(descriptor)) return undefined;
      const askedAtMs = Date.now();
      const pid = kernel.peerPid(descriptor);
      return pid === undefined ? undefined : clientOf(pid, askedAtMs);
    },
    isRunning: ({ pid, start }) => processOf(pid)?.start === start,
    problem: undefined,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
}

function startMsOf({ start }: DarwinProcess): number {
  return Math.floor(start / 1000);
}

function describe(found: DarwinProcess, kernel: DarwinKernel): Process {
  const { pid, start, shortName, terminalDevice } = found;
  const executable = kernel.executable(pid);
  const commandLine = commandLineOf(pid, kernel);
  const folders = kernel.vnodePathInfo(pid);
  const device = terminalDevice === undefined ? undefined : kernel.deviceName(terminalDevice);
  return {
    pid,
    start,
    name: programName(executable, commandLine) || programName(shortName, []),
    executable,
    commandLine,
    workingFolder: folders && readWorkingFolder(folders),
    startedAtMs: startMsOf(found),
    sessionId: kernel.sessionId(pid),
    terminal: device && `/dev/${device}`,
  };
}

function commandLineOf(pid: number, kernel: DarwinKernel): string[] {
  const info = kernel.arguments(pid);
  if (info === undefined) return [];
  const commandLine = readArguments(info, commandLineBytes);
  info.fill(0);
  return commandLine;
}
