import { execFile } from 'node:child_process';
import { isIPv6 } from 'node:net';
import { shownName } from './program-name.ts';
import type { AcceptedConnection, PeerIdentity, Program } from './ports.ts';

/** A look-up that takes longer than this counts as no answer. */
const lookUpTimeoutMs = 2000;

/** A process that holds a socket, as lsof tells of it. */
export interface LsofProcess {
  readonly pid: number | undefined;
  readonly parentPid: number | undefined;
  readonly uid: number | undefined;
  /** The executable's name, on macOS of 31 characters at most, as the kernel has it. */
  readonly command: string;
}

/**
 * Asks `lsof` which processes hold the other end of a connection. A program that an interpreter runs has the
 * interpreter's name here, since lsof tells of no arguments.
 * Written to lsof's manual page (its section "OUTPUT FOR OTHER PROGRAMS") and tried with lsof on Linux; it has not
 * been run on a Mac yet.
 * @param command the lsof to run; macOS has its own at `/usr/sbin/lsof`.
 */
export function darwinLsof(command = '/usr/sbin/lsof'): PeerIdentity {
  const ownUid = process.getuid?.();
  const isOwn = ({ uid }: LsofProcess) => uid !== undefined && uid === ownUid;

  async function processesAt(connection: AcceptedConnection): Promise<LsofProcess[]> {
    return processesHolding(connection, await listTcpSockets(command, connection.remotePort));
  }

  return {
    async isOwnUser(connection) {
      const processes = await processesAt(connection);
      return processes.length > 0 && processes.every(isOwn);
    },
    async programAt(connection) {
      const processes = await processesAt(connection);
      return programOf(processes.filter(isOwn));
    },
  };
}

/** The program meant by the processes that share a socket: one that is not another's parent. */
export function programOf(processes: readonly LsofProcess[]): Program | undefined {
  const parents = new Set(processes.map(({ parentPid }) => parentPid));
  const { pid, command = '' } = processes.findLast(({ pid }) => !parents.has(pid)) ?? {};
  const name = shownName(command);
  return pid === undefined || name === '' ? undefined : { pid, name };
}

/** All TCP sockets with the port at either end, each with the process that holds it; '' where that fails. */
function listTcpSockets(command: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    // -n and -P: no look-up of names. lsof exits with 1 where it found nothing, which reads as no rows.
    const options = ['-nP', `-iTCP:${String(port)}`, '-FpRcunT'];
    execFile(command, options, { timeout: lookUpTimeoutMs, killSignal: 'SIGKILL' }, (_error, output) => {
      resolve(output);
    });
  });
}

/**
 * The processes that hold the peer's end of a connection, read from `lsof -F pRcun` output: one field a line, its
 * first character naming it. A process set begins with `p`, its `R`, `c` and `u` are the parent's pid, the command
 * and the uid, and each `n` names one socket as `source->destination`, seen from that process.
 */
export function processesHolding(connection: AcceptedConnection, lsofOutput: string): LsofProcess[] {
  const peersName = `${end(connection.remoteAddress, connection.remotePort)}->${end(connection.localAddress, connection.localPort)}`;
  const processes: LsofProcess[] = [];
  let fields = new Map<string, string>();
  for (const line of lsofOutput.split('\n')) {
    if (line.startsWith('p')) fields = new Map();
    fields.set(line.slice(0, 1), line.slice(1));
    if (line !== `n${peersName}`) continue;
    processes.push({
      pid: number(fields.get('p')),
      parentPid: number(fields.get('R')),
      uid: number(fields.get('u')),
      command: unescaped(fields.get('c') ?? ''),
    });
  }
  return processes;
}

function number(field: string | undefined): number | undefined {
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : undefined;
}

/** lsof writes a backslash as two, and bytes that its locale cannot show as `\xNN`. */
function unescaped(text: string): string {
  return text.replace(/\\\\|(?:\\x[0-9a-f]{2})+/g, (escape) =>
    escape === '\\\\' ? '\\' : Buffer.from(escape.replaceAll('\\x', ''), 'hex').toString(),
  );
}

/** One end as lsof names it: IPv6 in brackets, an IPv4-mapped address as IPv4. */
function end(address: string, port: number): string {
  const plain = address.toLowerCase().startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return `${isIPv6(plain) ? `[${plain}]` : plain}:${String(port)}`;
}
