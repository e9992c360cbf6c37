import { execFile } from 'node:child_process';
import { isIPv6 } from 'node:net';
import type { AcceptedConnection } from './ports.ts';

/** A look-up that takes longer than this counts as no answer. */
const lookUpTimeoutMs = 2000;

/** A process that holds a socket, as lsof tells of it. */
export interface LsofProcess {
  readonly pid: number | undefined;
  readonly parentPid: number | undefined;
  readonly uid: number | undefined;
}

/**
 * Asks `lsof` which processes hold the peer's end of a connection. It shows another user's processes to root only.
 * Never rejects: there is nobody where it fails or takes longer than 2 s.
 *
 * Written to lsof's manual page (its section "OUTPUT FOR OTHER PROGRAMS") and tried with lsof on Linux; it has not
 * been run on a Mac yet.
 * @param command the lsof to run
 */
export async function askLsof(command: string, connection: AcceptedConnection): Promise<LsofProcess[]> {
  // Some errors are thrown at the start of a program already.
  const output = await listTcpSockets(command, connection.remotePort).catch(() => '');
  return processesHolding(connection, output);
}

/** The process meant by those that share a socket: one that is not another's parent, the child after a `fork`. */
export function holderOf(processes: readonly LsofProcess[]): number | undefined {
  const parents = new Set(processes.map(({ parentPid }) => parentPid));
  return processes.findLast(({ pid }) => !parents.has(pid))?.pid;
}

/** All TCP sockets with the port at either end, each with the process that holds it; '' where that fails. */
function listTcpSockets(command: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    // -n and -P: no look-up of names. lsof exits with 1 where it found nothing, which reads as no rows.
    const options = ['-nP', `-iTCP:${String(port)}`, '-FpRun'];
    execFile(command, options, { timeout: lookUpTimeoutMs, killSignal: 'SIGKILL' }, (_error, output) => {
      resolve(output);
    });
  });
}

/**
 * The processes that hold the peer's end of a connection, read from `lsof -F pRun` output: one field a line, its
 * first character naming it. A process set begins with `p`, its `R` and `u` are the parent's pid and the uid, and
 * each `n` names one socket as `source->destination`, seen from that process.
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
    });
  }
  return processes;
}

function number(field: string | undefined): number | undefined {
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : undefined;
}

/** One end as lsof names it: IPv6 in brackets, an IPv4-mapped address as IPv4. */
function end(address: string, port: number): string {
  const plain = address.toLowerCase().startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return `${isIPv6(plain) ? `[${plain}]` : plain}:${String(port)}`;
}
