import { linkLocalAddress, routingTableOf, type LinkLocalScripts } from './link-local.ts';

/**
 * The client's address on connections to 169.254.169.254. All of 127.0.0.0/8 is the machine's own, so none is added;
 * and with another one than 127.0.0.1 a redirected connection never has the same ends as a direct one by chance. Any
 * program can take this address too, with the port of a redirected one: `linuxSockDiag` tells them apart.
 */
const clientAddress = '127.169.254.169';

/** Before the tables of VPNs, which choose theirs by rules as well; after the local one, which is at 0. */
const rulePriority = 169;

/**
 * The scripts for Linux, with `ip` of iproute2 and `nft` of nftables.
 *
 * 169.254.169.254 is on no interface: on `lo` the kernel would answer ARP for it on the network, and take the
 * neighbours' metadata service. A rule leads this user's own packets alone into a table with a route through `lo`, with
 * no default route, too. The firewall then changes where they go. What is still for that address afterwards is another
 * user's or of another port, and refused at once: an SDK would wait a second for nothing.
 *
 * The firewall comes first and goes last: with the route alone a request gets no answer, and waits.
 */
export const linuxLinkLocal: LinkLocalScripts = { apply, remove, notes };

function apply(uid: number, port: number): string {
  return `# Make http://${linkLocalAddress}/ lead to 127.0.0.1:${port} for the programs of user ${uid} alone.
set -e

# The firewall: what user ${uid} sends to ${linkLocalAddress}, port 80, goes to 127.0.0.1:${port}. All else to that address
# is refused, whoever sends it. Only a server of user ${uid} may answer: another user's could take the port while
# Latchkey does not run.
nft -f - <<'RULES'
table ip ${tableOf(uid)}
delete table ip ${tableOf(uid)}
table ip ${tableOf(uid)} {
  chain to_latchkey {
    type nat hook output priority -100; policy accept;
    meta skuid ${uid} ip daddr ${linkLocalAddress} tcp dport 80 ct mark set ${uid} dnat to 127.0.0.1:${port}
  }
  chain all_else {
    type filter hook output priority 0; policy accept;
    ip daddr ${linkLocalAddress} meta l4proto tcp reject with tcp reset
    ip daddr ${linkLocalAddress} reject
    ct direction reply ct mark ${uid} ct original ip daddr ${linkLocalAddress} meta skuid != ${uid} drop
  }
}
RULES

# The route, for user ${uid}'s own packets only: also without a network, and no interface gets the address.
ip route replace ${linkLocalAddress}/32 dev lo scope host src ${clientAddress} table ${routingTableOf(uid)}
ip rule del ${ruleOf(uid)} 2>/dev/null || true
ip rule add ${ruleOf(uid)}
`;
}

function remove(uid: number): string {
  return `# Undo what made http://${linkLocalAddress}/ lead to Latchkey for user ${uid}.
set -e
ip rule del ${ruleOf(uid)} 2>/dev/null || true
ip route del ${linkLocalAddress}/32 table ${routingTableOf(uid)} 2>/dev/null || true
nft -f - <<'RULES'
table ip ${tableOf(uid)}
delete table ip ${tableOf(uid)}
RULES
`;
}

function notes(uid: number): string[] {
  return [
    'It is gone after a restart of the machine, when something loads the firewall anew (nft flush ruleset),',
    'and when systemd-networkd restarts: apply it again then. To keep it, save these lines where only root can',
    `write, for example in /etc/latchkey-link-local-${uid}.sh, and have a systemd unit run that at each start:`,
    `Type=oneshot, ExecStart=/bin/sh /etc/latchkey-link-local-${uid}.sh, After=nftables.service.`,
    'While it is on, nobody on this machine reaches another metadata service, so it is not for an instance of',
    'EC2 or of another cloud. Docker’s containers do not reach Latchkey this way; those of a Podman without root',
    'may, as the program of yours that passes on what they send.',
  ];
}

function tableOf(uid: number): string {
  return `latchkey_link_local_${uid}`;
}

function ruleOf(uid: number): string {
  return `pref ${rulePriority} to ${linkLocalAddress}/32 uidrange ${uid}-${uid} lookup ${routingTableOf(uid)}`;
}
