import { linkLocalAddress, type LinkLocalScripts } from './link-local.ts';

/**
 * The scripts for macOS, after its manual pages ifconfig(8), pf.conf(5) and pfctl(8). pf can match a user when it
 * refuses, not when it redirects: so all is redirected that was not refused before. Its main rules include every
 * anchor under `com.apple/`, so no file of the system is changed.
 */
export const darwinLinkLocal: LinkLocalScripts = { apply, remove, notes };

function apply(uid: number, port: number): string {
  return `# Make http://${linkLocalAddress}/ lead to 127.0.0.1:${port} for the programs of user ${uid} alone.
set -e

# The packet filter: what user ${uid} sends to ${linkLocalAddress}, port 80, goes to 127.0.0.1:${port}. Other users are refused,
# and what comes from another machine is dropped.
pfctl -q -a ${anchorOf(uid)} -f - <<'RULES'
rdr on lo0 inet proto tcp from any to ${linkLocalAddress} port 80 -> 127.0.0.1 port ${port}
block return out quick on lo0 inet proto tcp from any to ${linkLocalAddress} user != ${uid}
block drop in quick on ! lo0 inet from any to ${linkLocalAddress}
RULES
pfctl -E

# The address, on the loopback interface.
ifconfig lo0 alias ${linkLocalAddress} netmask 255.255.255.255
`;
}

function remove(uid: number): string {
  return `# Undo what made http://${linkLocalAddress}/ lead to Latchkey for user ${uid}.
ifconfig lo0 -alias ${linkLocalAddress}
pfctl -q -a ${anchorOf(uid)} -F all
`;
}

function notes(): string[] {
  return [
    'Written after the manual pages and not tried on a Mac. Where Latchkey cannot tell whose program is behind',
    'the packet filter it answers nothing.',
    'It is gone after a restart. The packet filter stays on after --remove; pfctl -X with the token that pfctl -E',
    'printed gives that back. One user at a time: the second one’s rules refuse the first.',
  ];
}

function anchorOf(uid: number): string {
  return `com.apple/latchkey_link_local_${uid}`;
}
