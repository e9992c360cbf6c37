import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { linuxLinkLocal } from '../../main/platform/link-local-linux.ts';
import { isRouted } from '../../main/platform/link-local.ts';
import { Resources } from '../../main/resources.ts';
import { networkNamespace, ownNetwork, type Finished, type NetworkNamespace } from './network-namespace.ts';

const ownUid = 54321;
const anotherUid = 54322;
const port = 9254;
const url = 'http://169.254.169.254/latest/';

let opened = new Resources();
afterEach(async () => {
  await opened[Symbol.asyncDispose]();
  opened = new Resources();
});

async function network(): Promise<NetworkNamespace> {
  return opened.use(await networkNamespace());
}

/** A server at `address`, in the place of Latchkey, that tells whom it sees at the ends of a connection. */
async function serve(inside: NetworkNamespace, uid: number, at = port, address = '127.0.0.1'): Promise<void> {
  const program = `require('node:http').createServer(({ socket: { localAddress, localPort, remoteAddress } }, answer) => {
    answer.end(JSON.stringify({ server: ${uid}, localAddress, localPort, remoteAddress }));
  }).listen(${at}, '${address}', () => console.log('listening'))`;
  const server = inside.start([process.execPath, '-e', program], { uid });
  await once(server.stdout, 'data');
}

/** A request with a time limit: curl ends with 7 where it is refused at once, and with 28 where nobody answers. */
function ask(inside: NetworkNamespace, uid: number, target = url): Promise<Finished> {
  const command = ['curl', '--silent', '--show-error', '--noproxy', '*', '--max-time', '2', target];
  return inside.run(command, { uid });
}

const refusedAtOnce = { status: 7, stdout: '' };
const unanswered = { status: 28, stdout: '' };

/** Everything of a network that the scripts could change. */
async function settingsOf(inside: NetworkNamespace): Promise<string> {
  return inside.sh('ip rule; ip route show table all; ip address show; nft list ruleset');
}

describe.skipIf(ownNetwork.missing)(`http://169.254.169.254/ on Linux${ownNetwork.note}`, () => {
  describe('applied for a user', () => {
    test('leads the programs of that user to the port, on a machine with no network', async () => {
      const machine = await network();
      await serve(machine, ownUid);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      const answer = await ask(machine, ownUid);
      expect(JSON.parse(answer.stdout)).toEqual({
        server: ownUid,
        localAddress: '127.0.0.1',
        localPort: port,
        remoteAddress: '127.169.254.169',
      });
    });

    test('leads them to it on a machine with a default route, from the same address', async () => {
      const machine = await network();
      const neighbour = await network();
      await connect(machine, neighbour);
      await machine.sh('ip route add default via 192.0.2.2');
      await serve(machine, ownUid);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      const answer = await ask(machine, ownUid);
      expect(JSON.parse(answer.stdout)).toMatchObject({ server: ownUid, remoteAddress: '127.169.254.169' });
    });

    test('refuses every other user at once, root too', async () => {
      const machine = await network();
      await connect(machine, await network());
      // Without a default route the address would be out of reach for them anyway.
      await machine.sh('ip route add default via 192.0.2.2');
      await serve(machine, ownUid);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      expect(await ask(machine, anotherUid)).toMatchObject(refusedAtOnce);
      expect(await ask(machine, 0)).toMatchObject(refusedAtOnce);
    });

    test('refuses every other port at once', async () => {
      const machine = await network();
      await serve(machine, ownUid);
      await serve(machine, ownUid, 8080, '0.0.0.0');
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      expect(await ask(machine, ownUid, 'http://169.254.169.254:8080/')).toMatchObject(refusedAtOnce);
      expect(await ask(machine, ownUid, `http://169.254.169.254:${port}/`)).toMatchObject(refusedAtOnce);
    });

    test('refuses at once where Latchkey does not run', async () => {
      const machine = await network();
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      expect(await ask(machine, ownUid)).toMatchObject(refusedAtOnce);
    });

    test('lets no other user answer who took the port while Latchkey does not run', async () => {
      const machine = await network();
      await serve(machine, anotherUid);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      expect(await ask(machine, ownUid)).toMatchObject(unanswered);
    });

    test('leads each of several users to a port of their own', async () => {
      const machine = await network();
      await serve(machine, ownUid, port);
      await serve(machine, anotherUid, port + 1);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      await machine.sh(linuxLinkLocal.apply(anotherUid, port + 1));
      expect(JSON.parse((await ask(machine, ownUid)).stdout)).toMatchObject({ server: ownUid });
      expect(JSON.parse((await ask(machine, anotherUid)).stdout)).toMatchObject({ server: anotherUid });
      expect(await ask(machine, 0)).toMatchObject(refusedAtOnce);
    });

    test('goes on for one user where it was for the same port for another', async () => {
      const machine = await network();
      await serve(machine, ownUid);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      await machine.sh(linuxLinkLocal.apply(anotherUid, port));
      expect(JSON.parse((await ask(machine, ownUid)).stdout)).toMatchObject({ server: ownUid });
      expect(await ask(machine, anotherUid)).toMatchObject(unanswered);
    });

    test('follows to another port when it is applied again', async () => {
      const machine = await network();
      await serve(machine, ownUid, port + 1);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      await machine.sh(linuxLinkLocal.apply(ownUid, port + 1));
      expect(JSON.parse((await ask(machine, ownUid)).stdout)).toMatchObject({ localPort: port + 1 });
    });

    test('shows in the kernel’s list of routes, for that user only', async () => {
      const machine = await network();
      const listed = () => machine.sh('cat /proc/net/fib_trie');
      expect(isRouted(await listed(), ownUid)).toBe(false);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      expect(isRouted(await listed(), ownUid)).toBe(true);
      expect(isRouted(await listed(), anotherUid)).toBe(false);
      await machine.sh(linuxLinkLocal.remove(ownUid));
      expect(isRouted(await listed(), ownUid)).toBe(false);
    });
  });

  describe('for the network', () => {
    /** The state of the kernel's look for a hardware address: `REACHABLE` where somebody has answered. */
    async function arp(inside: NetworkNamespace, address: string): Promise<string> {
      await ask(inside, 0, `http://${address}/`);
      return (await inside.sh(`ip neigh show ${address}`)).trim();
    }

    test('does not exist: nobody answers who asks for its hardware address', async () => {
      const [machine, neighbour] = await neighbours();
      expect(await arp(neighbour, '192.0.2.1')).toMatch(/lladdr .* (REACHABLE|DELAY|STALE)$/);
      expect(await arp(neighbour, '169.254.169.254')).toMatch(
        /^169.254.169.254 dev host (FAILED|INCOMPLETE)$/,
      );
      expect(await machine.sh('ip address show')).not.toContain('169.254.169.254');
    });

    test('does not exist where the machine answers for addresses that it has routes to, either', async () => {
      const [machine, neighbour] = await neighbours();
      await machine.sh('cd /proc/sys/net/ipv4 && echo 1 > ip_forward && echo 1 > conf/all/proxy_arp');
      await machine.sh('ip link add far type veth peer name further && ip link set far up');
      await machine.sh('ip route add 198.51.100.1/32 dev far');
      expect(await arp(neighbour, '198.51.100.1')).toMatch(/lladdr/);
      expect(await arp(neighbour, '169.254.169.254')).toMatch(
        /^169.254.169.254 dev host (FAILED|INCOMPLETE)$/,
      );
    });

    test('does not exist: what is sent to it at the hardware address of this machine gets nothing', async () => {
      const [machine, neighbour] = await neighbours();
      const [, address = ''] = /link\/ether (\S+)/.exec(await machine.sh('ip link show host')) ?? [];
      await neighbour.sh(`ip neigh replace 169.254.169.254 lladdr ${address} dev host nud permanent`);
      await serve(machine, 0, 80, '0.0.0.0');
      expect((await ask(neighbour, ownUid, 'http://192.0.2.1/')).status).toBe(0);
      for (const forwards of [0, 1]) {
        await machine.sh(`echo ${forwards} > /proc/sys/net/ipv4/ip_forward`);
        const { status, stdout } = await ask(neighbour, ownUid);
        expect(stdout).toBe('');
        expect([refusedAtOnce.status, unanswered.status]).toContain(status);
      }
    });

    /** A machine on which it is applied and served, and one on the same wire with a route to the address. */
    async function neighbours(): Promise<[machine: NetworkNamespace, neighbour: NetworkNamespace]> {
      const machine = await network();
      const neighbour = await network();
      await connect(machine, neighbour);
      await neighbour.sh('ip route add 169.254.169.254/32 dev host && ip route add 198.51.100.1/32 dev host');
      await serve(machine, ownUid);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      return [machine, neighbour];
    }
  });

  describe('removed', () => {
    test('leaves the machine as it was, also when it was applied twice', async () => {
      const machine = await network();
      const before = await settingsOf(machine);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      const once = await settingsOf(machine);
      expect(once).not.toBe(before);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      expect(await settingsOf(machine)).toBe(once);
      await machine.sh(linuxLinkLocal.remove(ownUid));
      expect(await settingsOf(machine)).toBe(before);
    });

    test('leaves what another user has, and what the firewall had', async () => {
      const machine = await network();
      await machine.sh(
        'nft add table ip filter; nft add chain ip filter own "{ type filter hook output priority 0; }"',
      );
      await serve(machine, anotherUid, port + 1);
      await machine.sh(linuxLinkLocal.apply(anotherUid, port + 1));
      const before = await settingsOf(machine);
      await machine.sh(linuxLinkLocal.apply(ownUid, port));
      await machine.sh(linuxLinkLocal.remove(ownUid));
      expect(await settingsOf(machine)).toBe(before);
      expect(JSON.parse((await ask(machine, anotherUid)).stdout)).toMatchObject({ server: anotherUid });
    });

    test('is no failure where there is nothing to remove', async () => {
      const machine = await network();
      const before = await settingsOf(machine);
      await machine.sh(linuxLinkLocal.remove(ownUid));
      expect(await settingsOf(machine)).toBe(before);
    });
  });

  /** Connects two machines by a wire, on the interface `host` of each: 192.0.2.1 and 192.0.2.2. */
  async function connect(machine: NetworkNamespace, neighbour: NetworkNamespace): Promise<void> {
    await machine.sh(`ip link add host type veth peer name host netns ${neighbour.pid}`);
    await machine.sh('ip address add 192.0.2.1/24 dev host && ip link set host up');
    await neighbour.sh('ip address add 192.0.2.2/24 dev host && ip link set host up');
  }
});

describe('the kernel’s list of routes', () => {
  /** As Linux 6.18 has it, with the tables of two users. */
  const list = (uid: number) => `Id ${169_254_000 + uid}:
  |-- 169.254.169.254
     /32 host UNICAST
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.0.2.0
        /24 link UNICAST
Local:
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.1
        /32 host LOCAL
`;

  test('has the address for the user whose table it is in', () => {
    expect(isRouted(list(1000), 1000)).toBe(true);
    expect(isRouted(list(1000), 1001)).toBe(false);
    expect(isRouted(list(1000), 100)).toBe(false);
  });

  test('has it for nobody where it is in a table of all', () => {
    const inMain = list(1000)
      .replace('192.0.2.0', '169.254.169.254')
      .replace(/Id[^M]*/, '');
    expect(inMain).toContain('|-- 169.254.169.254');
    expect(isRouted(inMain, 1000)).toBe(false);
  });

  test('has it among others of the same table', () => {
    const among = list(1000).replace('  |-- 169', '  +-- 169.254.0.0/16 1 0 1\n     |-- 169');
    expect(isRouted(among, 1000)).toBe(true);
  });

  test('has a table whose number the kernel prints as a negative one', () => {
    const large = list(3_000_000_000).replace('3169254000', '-1125713296');
    expect(isRouted(large, 3_000_000_000)).toBe(true);
  });

  test('has nothing where it is empty', () => {
    expect(isRouted('', 1000)).toBe(false);
  });
});
