import { execFile } from 'node:child_process';
import { isIPv6 } from 'node:net';
import type { AcceptedConnection, PeerIdentity } from './ports.ts';

/** A look-up that takes longer than this counts as no answer. */
const lookUpTimeoutMs = 2000;

/**
 * Asks `lsof` which processes hold the other end of a connection.
 * Written to lsof's manual page (its section "OUTPUT FOR OTHER PROGRAMS") and tried with lsof on Linux; it has not
 * been run on a Mac yet.
 * @param command the lsof to run; macOS has its own at `/usr/sbin/lsof`.
 */
export function darwinLsof(command = '/usr/sbin/lsof'): PeerIdentity {
  const ownUid = process.getuid?.();
  return {
    async isOwnUser(connection) {
      const uids = uidsHolding(connection, await listTcpSockets(command, connection.remotePort));
      return uids.length > 0 && uids.every((uid) => uid === ownUid);
    },
  };
}

/** All TCP sockets with the port at either end, each with its process and that one's user; '' where that fails. */
function listTcpSockets(command: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    // -n and -P: no look-up of names. lsof exits with 1 where it found nothing, which reads as no rows.
    const options = ['-nP', `-iTCP:${String(port)}`, '-FpunT'];
    execFile(command, options, { timeout: lookUpTimeoutMs, killSignal: 'SIGKILL' }, (_error, output) => {
      resolve(output);
    });
  });
}

/**
 * The uids of the processes that hold the peer's end of a connection, read from `lsof -F pun` output: one field a
 * line, its first character naming it. A process set begins with `p`, its `u` is the process's uid, and each `n`
 * names one socket as `source->destination`, seen from that process.
 */
export function uidsHolding(connection: AcceptedConnection, lsofOutput: string): number[] {
  const peersName = `${end(connection.remoteAddress, connection.remotePort)}->${end(connection.localAddress, connection.localPort)}`;
  const uids: number[] = [];
  let uid: number | undefined;
  for (const line of lsofOutput.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) uid = undefined;
    else if (line.startsWith('u')) uid = /^\d+$/.test(value) ? Number(value) : undefined;
    else if (line === `n${peersName}`) uids.push(uid ?? Number.NaN);
  }
  return uids;
}

/** One end as lsof names it: IPv6 in brackets, an IPv4-mapped address as IPv4. */
function end(address: string, port: number): string {
  const plain = address.toLowerCase().startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return `${isIPv6(plain) ? `[${plain}]` : plain}:${String(port)}`;
}
