import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { LinuxProc } from '../../main/platform/linux-proc.ts';
import { SocketSearch } from '../../main/platform/linux-socket-search.ts';
import { anotherUid, listen } from './connections.ts';
import { needs } from './needs.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const onLinux = needs(process.platform === 'linux', 'sockets are looked for in /proc on Linux only');
const asRoot = needs(process.getuid?.() === 0, 'a program of another user can be started by root only');
/** A socket that there is not: inodes have 32 bits. */
const noInode = 2 ** 33;

describe.skipIf(onLinux.missing)(`a search for a socket${onLinux.note}`, () => {
  test('finds the process that holds it', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    expect(newSearch().search.search([inode])).toEqual(
      new Map([[inode, { pid: program.pid, descriptor: '7' }]]),
    );
  });

  test('finds several at once, and nothing for one that nobody holds', async () => {
    const [one, other] = [await startProgram(), await startProgram()];
    const inodes = [await one.connect(7), await other.connect(7), await other.connect(8)];
    const holders = newSearch().search.search([...inodes, noInode]);
    expect(inodes.map((inode) => holders.get(inode)?.pid)).toEqual([one.pid, other.pid, other.pid]);
    expect(holders.size).toBe(3);
  });

  test('looks into no process for one that was seen before', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    const { search, lookedInto } = newSearch();
    lookIntoAll(search);
    lookedInto.length = 0;
    expect(holderOf(search, inode)).toBe(program.pid);
    expect(lookedInto).toEqual([]);
  });

  test('looks into no process for a program that connects again', async () => {
    const program = await startProgram();
    const first = await program.connect(7);
    const { search, lookedInto } = newSearch();
    expect(holderOf(search, first)).toBe(program.pid);
    const second = await program.connect(7);
    lookedInto.length = 0;
    expect(holderOf(search, second)).toBe(program.pid);
    expect(lookedInto).toEqual([]);
  });

  test('looks into a process that was looked into before only if it has more or fewer descriptors now', async () => {
    const [program, idle] = [await startProgram(), await startProgram()];
    const { search, lookedInto } = newSearch();
    lookIntoAll(search);
    expect(lookedInto).toContain(idle.pid);
    lookedInto.length = 0;
    const inode = await program.connect(7);
    expect(holderOf(search, inode)).toBe(program.pid);
    expect(lookedInto).toContain(program.pid);
    expect(lookedInto).not.toContain(idle.pid);
  });

  test('begins with the newest process, and ends when all is found', async () => {
    const [oldest, program, newest] = [await startProgram(), await startProgram(), await startProgram()];
    const inode = await program.connect(7);
    const { search, lookedInto } = newSearch();
    search.search([inode]);
    expect(lookedInto).toContain(newest.pid);
    expect(lookedInto).not.toContain(oldest.pid);
  });

  test('leaves large processes, and those that have fewer descriptors than before, to the end', async () => {
    const [program, large, fewer] = [await startProgram(), await startProgram(300), await startProgram(3)];
    const { search, lookedInto } = newSearch();
    lookIntoAll(search);
    const inode = await program.connect(7);
    await large.connect(7);
    await fewer.order('exec {opened}<&-; echo done');
    lookedInto.length = 0;
    expect(holderOf(search, inode)).toBe(program.pid);
    expect(lookedInto).not.toContain(large.pid);
    expect(lookedInto).not.toContain(fewer.pid);
    const another = await large.connect(8);
    expect(holderOf(search, another)).toBe(large.pid);
    expect(lookedInto.indexOf(fewer.pid)).toBeLessThan(lookedInto.indexOf(large.pid));
  });

  test('leaves a huge process to a look everywhere, which goes through it in steps', async () => {
    const proc = new LinuxProc();
    const program = await startProgram(300);
    const inode = await program.connect(7);
    const count = proc.descriptorCount.bind(proc);
    vi.spyOn(proc, 'descriptorCount').mockImplementation((pid) => {
      const counted = count(pid);
      return counted && pid === program.pid ? { ...counted, descriptors: 5_000 } : counted;
    });
    vi.spyOn(proc, 'pids').mockReturnValue([program.pid]);
    const search = new SocketSearch(proc);
    expect(holderOf(search, inode)).toBeUndefined();
    expect(search.lookAhead()).toBe(false);
    expect([...search.everywhere([inode])].length).toBeGreaterThan(1);
    expect(holderOf(search, inode)).toBe(program.pid);
  });

  test('everywhere finds one that took the place of another without changing the number of descriptors', async () => {
    const program = await startProgram();
    await program.connect(7);
    const { search } = newSearch();
    lookIntoAll(search);
    const inode = await program.connect(7);
    expect(search.search([inode])).toEqual(new Map());
    expect(holdersEverywhere(search, inode)).toEqual([program.pid]);
  });

  test('finds one in a new process, or everywhere, also where Linux does not tell how many descriptors there are', async () => {
    const proc = new LinuxProc();
    const { uid = -1 } = proc.descriptorCount(process.pid) ?? {};
    vi.spyOn(proc, 'descriptorCount').mockReturnValue({ uid, descriptors: 0 });
    const search = new SocketSearch(proc);
    const program = await startProgram();
    const first = await program.connect(7);
    expect(holderOf(search, first)).toBe(program.pid);
    const second = await program.connect(8);
    expect(search.search([second])).toEqual(new Map());
    expect(holdersEverywhere(search, second)).toEqual([program.pid]);
  });

  test('means the program that lends its socket to what it starts, whichever answered last', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    const { search } = newSearch();
    expect(holderOf(search, inode)).toBe(program.pid);
    const child = await program.startChild('(echo $BASHPID; exec sleep 60)');
    expect(readlinkSync(`/proc/${child}/fd/7`)).toBe(`socket:[${inode}]`);
    expect(holderOf(search, inode)).toBe(program.pid);
    expect(holderOf(newSearch().search, inode)).toBe(program.pid);
  });

  test('means the outermost where a child has lent it on', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    await program.startChild('((echo $BASHPID; exec sleep 60); true) 2>/dev/null');
    expect(holderOf(newSearch().search, inode)).toBe(program.pid);
  });

  test('means the child once its parent has closed the socket', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    const child = await program.startChild('(echo $BASHPID; exec sleep 60)');
    await program.order('exec 7<&-; echo done');
    expect(holderOf(newSearch().search, inode)).toBe(child);
  });

  test('means the child once its parent has something else in the place of the socket', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    const child = await program.startChild('(echo $BASHPID; exec sleep 60)');
    await program.connect(7);
    expect(holderOf(newSearch().search, inode)).toBe(child);
  });

  test('everywhere finds all that hold it, the newest first, one process at a time', async () => {
    const program = await startProgram();
    const inode = await program.connect(7);
    const child = await program.startChild('(exec 9<&7 7<&-; echo $BASHPID; exec sleep 60)');
    const { search, lookedInto } = newSearch();
    expect(holdersEverywhere(search, inode)).toEqual([child, program.pid]);
    lookedInto.length = 0;
    const steps = search.everywhere([inode]);
    steps.next();
    steps.next();
    expect(lookedInto).toHaveLength(2);
  });

  test.skipIf(asRoot.missing)(`looks into no other user's process${asRoot.note}`, async () => {
    const theirs = await startProgram(0, anotherUid);
    const inode = await theirs.connect(7);
    const { search, lookedInto } = newSearch();
    expect(search.search([inode])).toEqual(new Map());
    expect(holdersEverywhere(search, inode)).toEqual([]);
    expect(lookedInto).toContain(process.pid);
    expect(lookedInto).not.toContain(theirs.pid);
  });

  test('leaves out what ends, or is no process, while it is looked at', async () => {
    const proc = new LinuxProc();
    const ended = spawn('true');
    await once(ended, 'exit');
    const program = await startProgram();
    const inode = await program.connect(7);
    vi.spyOn(proc, 'pids').mockReturnValue([ended.pid ?? 0, 2 ** 30, program.pid]);
    expect(holderOf(new SocketSearch(proc), inode)).toBe(program.pid);
  });
});

describe.skipIf(onLinux.missing)(`between two searches${onLinux.note}`, () => {
  test('processes are looked into that none has come to yet, one at a time, and no other', async () => {
    const [older, newer] = [await startProgram(), await startProgram()];
    const inode = await newer.connect(7);
    const { search, lookedInto } = newSearch();
    search.search([inode]);
    const before = [...lookedInto];
    lookedInto.length = 0;
    expect(search.lookAhead()).toBe(true);
    expect(lookedInto.length).toBeLessThanOrEqual(1);
    while (search.lookAhead());
    expect(lookedInto).toContain(older.pid);
    for (const pid of before) expect(lookedInto).not.toContain(pid);
    expect(search.lookAhead()).toBe(false);
  });
});

function newSearch() {
  const proc = new LinuxProc();
  const lookedInto: number[] = [];
  const sockets = proc.sockets.bind(proc);
  vi.spyOn(proc, 'sockets').mockImplementation((pid) => {
    lookedInto.push(pid);
    return sockets(pid);
  });
  return { search: new SocketSearch(proc), lookedInto };
}

/** The process that a search finds. */
function holderOf(search: SocketSearch, inode: number): number | undefined {
  return search.search([inode]).get(inode)?.pid;
}

function holdersEverywhere(search: SocketSearch, inode: number): number[] {
  const steps = search.everywhere([inode]);
  for (;;) {
    const step = steps.next();
    if (step.done) return (step.value.get(inode) ?? []).map(({ pid }) => pid);
  }
}

function lookIntoAll(search: SocketSearch): void {
  search.search([noInode]);
}

/** A shell that does as it is told. @param descriptors how many more it has than it needs */
async function startProgram(descriptors = 0, uid = process.getuid?.()) {
  const { port } = await listen('127.0.0.1');
  const shell = `
    for ((count = 0; count < ${descriptors}; count++)); do exec {opened}</dev/null; done
    echo ready; while read -r line; do eval "$line"; done`;
  const child: ChildProcess = spawn('bash', ['-c', shell], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid }),
  });
  cleanUps.push(() => child.kill('SIGKILL'));
  const { pid, stdin, stdout } = child;
  if (pid === undefined || !stdin || !stdout) throw new Error('no program was started');
  await once(stdout, 'data');

  /** @returns what it prints next */
  async function order(line: string): Promise<string> {
    stdin?.write(`${line}\n`);
    const [printed]: unknown[] = stdout ? await once(stdout, 'data') : [];
    return String(printed);
  }

  return {
    pid,
    order,
    /** @param command prints its pid first. @returns that */
    async startChild(command: string): Promise<number> {
      const pid = Number(await order(`${command} &`));
      // After its parent, which would tell of it.
      cleanUps.unshift(() => process.kill(pid, 'SIGKILL'));
      return pid;
    },
    /** Connects at a descriptor, in the place of what was there. @returns the inode of the socket */
    async connect(descriptor: number): Promise<number> {
      const opened = `exec ${descriptor}<&-; exec ${descriptor}<>/dev/tcp/127.0.0.1/${port}; echo done`;
      await order(opened);
      const target = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      return Number(/^socket:\[(\d+)\]$/.exec(target)?.[1]);
    },
  };
}
