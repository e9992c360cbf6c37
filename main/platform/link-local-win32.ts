import { linkLocalAddress, type LinkLocalScripts } from './link-local.ts';

const loopbackInterface = '"Loopback Pseudo-Interface 1"';
const firewallRule = 'name="Latchkey link-local"';

/** The scripts for Windows: commands of `netsh`, for a PowerShell of the administrator. They know no users. */
export const win32LinkLocal: LinkLocalScripts = { apply, remove, notes };

function apply(_uid: number, port: number): string {
  return `# Make http://${linkLocalAddress}/ lead to 127.0.0.1:${port}. In PowerShell, as administrator.

# Other machines do not reach the address.
netsh advfirewall firewall add rule ${firewallRule} dir=in action=block localip=${linkLocalAddress}

# The address, on the loopback interface, and a system service that passes on what comes to its port 80.
netsh interface ipv4 add address ${loopbackInterface} ${linkLocalAddress} 255.255.255.255
netsh interface portproxy add v4tov4 listenaddress=${linkLocalAddress} listenport=80 connectaddress=127.0.0.1 connectport=${port}
`;
}

function remove(): string {
  return `# Undo what made http://${linkLocalAddress}/ lead to Latchkey. In PowerShell, as administrator.
netsh interface portproxy delete v4tov4 listenaddress=${linkLocalAddress} listenport=80
netsh interface ipv4 delete address ${loopbackInterface} ${linkLocalAddress}
netsh advfirewall firewall delete rule ${firewallRule}
`;
}

function notes(): string[] {
  return [
    'Written after the manual and not tried on Windows. The portproxy passes on what every user of the machine',
    'sends, and hides who that is. Latchkey answers only where it can tell that a program is yours, so it',
    'refuses what comes this way: set AWS_EC2_METADATA_SERVICE_ENDPOINT there instead.',
    'It outlasts a restart, until it is removed.',
  ];
}
