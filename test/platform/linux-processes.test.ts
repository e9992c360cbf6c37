import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, promises, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { linuxProcesses } from '../../main/platform/linux-processes.ts';
import { programName, shownName } from '../../main/platform/program-name.ts';
import { linuxSockDiag } from '../../main/platform/linux-sock-diag.ts';
import type { AcceptedConnection } from '../../main/platform/ports.ts';
import { needs } from './needs.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const onLinux = needs(process.platform === 'linux', 'programs are found in /proc on Linux only');
const withPython = needs(spawnSync('python3', ['-V']).status === 0, 'no python3 here');
const asRoot = needs(process.getuid?.() === 0, 'a program of another user can be started by root only');
/** An argument that no result may show. */
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

describe.skipIf(onLinux.missing)(`the program at the other end of a connection${onLinux.note}`, () => {
  test('has the name of the script that Node runs', async () => {
    const { port, accept } = await listen();
    const script = write(
      'asks.mjs',
      `(await import('node:net')).connect(Number(process.argv[2]), '127.0.0.1')`,
    );
    const child = start(process.execPath, ['--no-warnings', script, String(port), secret]);
    expect(await peers().programAt(await accept())).toEqual({ pid: child.pid, name: 'asks.mjs' });
  });

  test.skipIf(withPython.missing)(
    `has the name of the script that Python runs${withPython.note}`,
    async () => {
      const { port, accept } = await listen();
      const script = write(
        'asks.py',
        `import socket, sys\nwith socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as ours: ours.recv(1)`,
      );
      const child = start('python3', ['-W', 'ignore', script, String(port), secret]);
      expect(await peers().programAt(await accept())).toEqual({ pid: child.pid, name: 'asks.py' });
    },
  );

  test('has the name of the shell where there is no script, and nothing of its text', async () => {
    const { port, accept } = await listen();
    const child = start('bash', ['-c', `${connectInBash(port)}; read -u 3; : ${secret}`, 'name', secret]);
    expect(await peers().programAt(await accept())).toEqual({ pid: child.pid, name: 'bash' });
  });

  test('has the name that its executable had before it was replaced', async () => {
    const { port, accept } = await listen();
    const executable = write('asks', '');
    copyFileSync('/bin/bash', executable);
    const child = start(executable, ['-c', `${connectInBash(port)}; read -u 3`]);
    const accepted = await accept();
    rmSync(executable);
    expect(await peers().programAt(accepted)).toEqual({ pid: child.pid, name: 'asks' });
  });

  test('may be this one', async () => {
    const { accepted } = await connectHere();
    expect((await peers().programAt(accepted))?.pid).toBe(process.pid);
  });

  test('is the child that inherited the socket, also once the parent has answered', async () => {
    const { port, accept } = await listen();
    const parent = start('bash', ['-c', `${connectInBash(port)}; read -u 3; cat <&3 >&3 & wait`]);
    const accepted = await accept();
    const peer = peers();
    expect((await peer.programAt(accepted))?.pid).toBe(parent.pid);
    // The first line lets the parent start its child, which sends the second one back.
    accepted.socket.write('first\nsecond\n');
    await once(accepted.socket, 'data');
    const child = await peer.programAt(accepted);
    expect(child?.name).toBe('cat');
    expect(child?.pid).not.toBe(parent.pid);
    expect(await peers().programAt(accepted)).toEqual(child);
  });

  test.skipIf(asRoot.missing)(`is none of another user, even with our socket${asRoot.note}`, async () => {
    const { accepted, client } = await connectHere();
    const child = start('sleep', ['60'], { uid: 54321, stdio: [client, 'ignore', 'inherit'] });
    await once(child, 'spawn');
    client.destroy();
    await once(client, 'close');
    const peer = peers();
    expect(peer.isOwnUser(accepted)).toBe(true);
    expect(await peer.programAt(accepted)).toBeUndefined();
  });

  test.skipIf(asRoot.missing)(`is not looked for when another user connected${asRoot.note}`, async () => {
    const { port, accept } = await listen();
    start('bash', ['-c', `${connectInBash(port)}; read -u 3`], { uid: 54321 });
    let searches = 0;
    const peer = peers(async () => (searches++, pidsNow()));
    expect(await peer.programAt(await accept())).toBeUndefined();
    expect(searches).toBe(0);
  });

  test('is told of hundreds of connections at once by two searches at most', async () => {
    const { port, accept } = await listen();
    const script = write(
      'hundred.mjs',
      `const { connect } = await import('node:net');
      for (let count = 0; count < 100; count++) connect(Number(process.argv[2]), '127.0.0.1').on('connect', function () {
        this.write(String(process.pid));
      });`,
    );
    for (let count = 0; count < 3; count++) start(process.execPath, [script, String(port)]);
    const connections = await Promise.all(Array.from({ length: 300 }, accept));
    const pids = await Promise.all(connections.map(readPid));

    const listing = vi.spyOn(promises, 'readdir');
    const peer = peers();
    const first = peer.programAt(connections[0] ?? never());
    await new Promise((resolve) => setImmediate(resolve));
    const others = connections.slice(1).map((connection) => peer.programAt(connection));
    expect(await Promise.all([first, ...others])).toEqual(pids.map((pid) => ({ pid, name: 'hundred.mjs' })));
    const programs = new Set(pids);
    expect(programs.size).toBe(3);
    for (const pid of programs) {
      const looks = listing.mock.calls.filter(([path]) => path === `/proc/${String(pid)}/fd`);
      expect(looks.length).toBeLessThanOrEqual(2);
    }
  });

  test('is the end of the search: no more processes are looked at than need be', async () => {
    const listing = vi.spyOn(promises, 'readdir');
    const { accepted } = await connectHere();
    const noProcesses = Array.from({ length: 100 }, (_, index) => 2 ** 30 + index);
    const peer = peers(async () => [process.pid, ...noProcesses]);
    expect((await peer.programAt(accepted))?.pid).toBe(process.pid);
    expect(listing.mock.calls.length).toBeLessThan(50);
  });

  test('is looked for among those that answered last before all processes are listed again', async () => {
    let searches = 0;
    const peer = peers(async () => (searches++, pidsNow()));
    const { accepted } = await connectHere();
    const program = await peer.programAt(accepted);
    expect(searches).toBe(1);
    const { accepted: another } = await connectHere();
    expect(await peer.programAt(another)).toEqual(program);
    expect(searches).toBe(1);
  });

  test('is not taken for nobody by a search that began before it was started', async () => {
    const { port, accept } = await listen();
    const [listed, release] = [gate(), gate()];
    const peer = peers(async () => {
      const pids = pidsNow();
      listed.open();
      await release.opened;
      return pids;
    });
    const early = peer.programAt((await connectHere()).accepted);
    await listed.opened;
    const child = start('bash', ['-c', `${connectInBash(port)}; read -u 3`]);
    const late = peer.programAt(await accept());
    release.open();
    expect((await early)?.pid).toBe(process.pid);
    expect((await late)?.pid).toBe(child.pid);
  });

  test('is nobody when the connection closes before its program is found', async () => {
    const { accepted, client } = await connectHere();
    const peer = peers(async () => {
      client.destroy();
      await once(client, 'close');
      return pidsNow();
    });
    expect(await peer.programAt(accepted)).toBeUndefined();
  });

  test('is nobody when the connection is closed already, and no process is looked at', async () => {
    const { accepted, client } = await connectHere();
    client.destroy();
    await once(client, 'close');
    let searches = 0;
    expect(await peers(async () => (searches++, pidsNow())).programAt(accepted)).toBeUndefined();
    expect(searches).toBe(0);
  });

  test('is found though other processes have ended since they were listed', async () => {
    const ended = start('true', []);
    await once(ended, 'exit');
    const { accepted } = await connectHere();
    const peer = peers(async () => [ended.pid ?? never(), 2 ** 30, process.pid]);
    expect((await peer.programAt(accepted))?.pid).toBe(process.pid);
  });
});

describe('the name a person knows a program by', () => {
  test.each([
    ['/usr/bin/terraform', ['terraform', 'plan', secret], 'terraform'],
    ['/opt/app/my program', ['x'], 'my program'],
    [undefined, ['/usr/bin/curl', secret], 'curl'],
    [undefined, ['-zsh'], 'zsh'],
    [undefined, [], ''],
    // Interpreters, with and without a version
    ['/usr/bin/python3.11', ['python3', '/usr/local/bin/aws', 's3', 'ls'], 'aws'],
    ['/usr/bin/python3.13t', ['python', '-u', '-X', 'dev', '-Wignore', './report.py', secret], 'report.py'],
    ['/usr/bin/python3', ['python3', '-m', 'http.server', secret], 'http.server'],
    ['/usr/bin/python3', ['python3', '-Imhttp.server', secret], 'http.server'],
    ['/usr/bin/python3', ['python3', '-c', secret, 'x.py'], 'python3'],
    ['/usr/bin/python3', ['python3', '-Ic', secret], 'python3'],
    ['/usr/bin/python3', ['python3', '-', secret], 'python3'],
    ['/usr/bin/python3-config', ['python3-config', '--libs'], 'python3-config'],
    ['/usr/bin/pypy3.10', ['pypy3', 'job.py'], 'job.py'],
    ['/usr/bin/node', ['node', '-r', './hook.cjs', '--no-warnings', 'dist/server.js', secret], 'server.js'],
    ['/usr/bin/node', ['node', '--import=tsx', '--', 'main.ts'], 'main.ts'],
    ['/usr/bin/node', ['node', '--env-file', '.env', 'main.ts'], 'main.ts'],
    ['/usr/bin/node', ['node', '--experimental-loader', 'x.mjs', 'main.ts'], 'main.ts'],
    ['/usr/bin/node', ['node', '-e', secret], 'node'],
    ['/usr/bin/node', ['node', `--eval=${secret}`, 'x.js'], 'node'],
    ['/usr/bin/node', ['node', '-pe', secret], 'node'],
    ['/usr/bin/node-18', ['npm run watch'], 'node-18'],
    ['/usr/bin/ruby3.2', ['ruby', '-I', 'lib', '-rjson', 'bin/deploy'], 'deploy'],
    ['/usr/bin/ruby', ['ruby', '-rjson', '-ne', secret], 'ruby'],
    ['/usr/bin/perl5.36.0', ['perl', '-MFile::Temp', '-w', 'collect.pl', secret], 'collect.pl'],
    ['/usr/bin/perl', ['perl', '-MJSON', '-lane', secret], 'perl'],
    ['/usr/bin/perl', ['perl', '-0777', '-pi.bak', '-E', secret], 'perl'],
    ['/usr/bin/bash', ['bash', '--norc', '-eo', 'pipefail', '/ci/deploy.sh', secret], 'deploy.sh'],
    ['/usr/bin/bash', ['bash', '+x', '--rcfile', 'a', 'deploy.sh'], 'deploy.sh'],
    ['/usr/bin/bash', ['bash', '-lc', secret], 'bash'],
    ['/usr/bin/bash', ['bash', '-s', '--', secret], 'bash'],
    ['/usr/bin/bash', ['-bash'], 'bash'],
    ['/usr/bin/fish', ['fish', '-C', secret], 'fish'],
    ['/usr/bin/dash', ['/bin/sh', './run'], 'run'],
    ['/usr/bin/php8.2', ['php', '-d', `x=${secret}`, 'artisan', 'queue:work'], 'artisan'],
    ['/usr/bin/php', ['php', '-f', 'job.php', secret], 'job.php'],
    ['/usr/bin/php', ['php', '-r', secret], 'php'],
    ['/usr/bin/lua5.4', ['lua', '-l', 'socket', 'poll.lua'], 'poll.lua'],
    ['/usr/bin/java', ['java', '-Xmx1g', `-Dkey=${secret}`, '-jar', '/srv/build.jar', secret], 'build.jar'],
    ['/usr/bin/java', ['java', '-cp', `a.jar:${secret}`, 'com.example.Main', secret], 'com.example.Main'],
    ['/usr/bin/java', ['java', '--module-path', 'mods', '-m', 'app/com.example.Main'], 'com.example.Main'],
    ['/usr/bin/java', ['java', '@options.txt'], 'java'],
    ['/usr/bin/java', ['java', '-jar'], 'java'],
  ])('of %s, started as %j, is %s', (executable, commandLine, name) => {
    expect(programName(executable, commandLine)).toBe(name);
  });

  test('is of one line, in its own order and at most 64 characters', () => {
    expect(shownName('a\u202Egpj.\u2066exe\u0007\n\u200B\u2028')).toBe('agpj.exe');
    expect(shownName('é🔑'.repeat(40))).toBe('é🔑'.repeat(32));
    expect(shownName('x'.repeat(64))).toBe('x'.repeat(64));
  });

  test('of a script that consists of nothing to show is its interpreter’s', () => {
    expect(programName('/usr/bin/python3', ['python3', '/tmp/\u202E\n'])).toBe('python3');
  });
});

interface Accepted extends AcceptedConnection {
  readonly socket: net.Socket;
}

function peers(listProcesses?: () => Promise<number[]>) {
  const peer = linuxSockDiag(linuxProcesses(listProcesses));
  cleanUps.push(() => peer[Symbol.dispose]());
  return peer;
}

async function listen(): Promise<{ port: number; accept: () => Promise<Accepted> }> {
  const connections: Accepted[] = [];
  const waiting: ((connection: Accepted) => void)[] = [];
  const server = net.createServer((socket) => {
    cleanUps.push(() => socket.destroy());
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (!localAddress || !localPort || !remoteAddress || !remotePort) throw new Error('one end is missing');
    const connection = { socket, localAddress, localPort, remoteAddress, remotePort };
    const waiter = waiting.shift();
    if (waiter) waiter(connection);
    else connections.push(connection);
  });
  cleanUps.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  const accept = async () => connections.shift() ?? new Promise<Accepted>((resolve) => waiting.push(resolve));
  return { port: bound.port, accept };
}

/** A connection whose both ends are in this process. */
async function connectHere(): Promise<{ accepted: Accepted; client: net.Socket }> {
  const { port, accept } = await listen();
  const client = net.connect(port, '127.0.0.1');
  cleanUps.push(() => client.destroy());
  return { accepted: await accept(), client };
}

/** A program that runs until the test ends. */
function start(
  command: string,
  options: string[],
  settings: { uid?: number; stdio?: StdioOptions } = {},
): ChildProcess {
  const child = spawn(command, options, { stdio: 'inherit', ...settings });
  cleanUps.push(() => child.kill('SIGKILL'));
  return child;
}

/** A file with this name in a folder of its own. */
function write(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-program-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function connectInBash(port: number): string {
  return `exec 3<>/dev/tcp/127.0.0.1/${String(port)}`;
}

async function readPid({ socket }: Accepted): Promise<number> {
  const [data]: unknown[] = await once(socket, 'data');
  return Number(String(data));
}

/** The processes as `/proc` lists them, the oldest first. */
function pidsNow(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

function never(): never {
  throw new Error('there is none');
}
