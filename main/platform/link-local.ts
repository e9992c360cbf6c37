/** The address at which SDKs look for the instance metadata service by themselves, and whether it leads here. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * Where SDKs ask on port 80 unless told otherwise.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export const linkLocalAddress = '169.254.169.254';

/** What a person gives to the system so that the address leads to Latchkey: text for the shell of its administrator. */
export interface LinkLocalScripts {
  /** Makes the address lead to a port of 127.0.0.1 for this user's programs. It may be run again. */
  apply(uid: number, port: number): string;
  /** Undoes that. It may be run where there is nothing to undo. */
  remove(uid: number): string;
  /** What there is to know before it is applied: what it does not protect, and how long it lasts. */
  notes(uid: number): readonly string[];
}

/**
 * The number of a user's own routing table on Linux. Not the main table: the kernel would look there for what comes
 * from the network too, and users would have to agree on who removes the route.
 */
export function routingTableOf(uid: number): number {
  return 169_254_000 + uid;
}

/** A look at the system costs some tenths of a millisecond, and each request may ask. */
const lookAgainMs = 1000;
const lookAgainWhileOffMs = 20;
let lookedAtMs = -Infinity;
let isOn = false;

/**
 * Whether `http://169.254.169.254/` leads to this machine itself now, for this user. It may be a second old. Where the
 * system does not tell, it is false.
 *
 * On Linux this is the route of `latchkey endpoint link-local`; the firewall's rules are root's to read only.
 * Elsewhere it is the address on a loopback interface.
 */
export function linkLocalIsOn(): boolean {
  // By a clock that nobody can set back.
  const nowMs = performance.now();
  // Whoever has just turned it on does not wait for a look of before.
  if (nowMs - lookedAtMs >= (isOn ? lookAgainMs : lookAgainWhileOffMs)) {
    isOn = process.platform === 'linux' ? isRoutedNow() : isOnLoopback();
    lookedAtMs = nowMs;
  }
  return isOn;
}

function isRoutedNow(): boolean {
  const uid = process.getuid?.();
  if (uid === undefined) return false;
  try {
    return isRouted(readFileSync('/proc/net/fib_trie', 'latin1'), uid);
  } catch {
    return false;
  }
}

/**
 * Whether a user's own routing table has the address.
 * @param fibTrie the text of /proc/net/fib_trie: all tables, where /proc/net/route has the main one only
 * (net/ipv4/fib_trie.c, `fib_trie_seq_show`)
 */
export function isRouted(fibTrie: string, uid: number): boolean {
  // The kernel prints the number as a signed one.
  const heading = `Id ${routingTableOf(uid) | 0}:`;
  let isOwnTable = false;
  for (const line of fibTrie.split('\n')) {
    if (!line.startsWith(' ')) isOwnTable = line === heading;
    else if (isOwnTable && line.trimStart() === `|-- ${linkLocalAddress}`) return true;
  }
  return false;
}

function isOnLoopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address, internal }) => internal && address === linkLocalAddress),
  );
}
