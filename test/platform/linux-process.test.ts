import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { LinuxProc } from '../../main/platform/linux-proc.ts';
import { ClientReader, isRunning, readStat, terminalPath } from '../../main/platform/linux-process.ts';
import { anotherUid } from './connections.ts';
import { needs } from './needs.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

const onLinux = needs(process.platform === 'linux', 'processes are read from /proc on Linux only');
const asRoot = needs(process.getuid?.() === 0, 'a program of another user can be started by root only');
const withPython = needs(spawnSync('python3', ['-V']).status === 0, 'no python3 here');

/** As Linux 6.18 printed it of a shell in a terminal. */
const recorded =
  '24 (bash) S 23 24 24 34816 31 4194304 1082 1093 0 1 0 0 0 0 20 0 1 0 4211 4661248 944 18446744073709551615 0 0 0 0 0 0 65536 3686404 1266761467 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n';
const recordedStat = {
  shortName: 'bash',
  hasEnded: false,
  parentPid: 23,
  sessionId: 24,
  terminalDevice: 34816,
  start: 4211,
};

describe('/proc/PID/stat', () => {
  test('tells the parent, the session, the terminal and the start', () => {
    expect(readStat(recorded)).toEqual(recordedStat);
  });

  test('is read right whatever the process calls itself', () => {
    const shortName = ') R 1 1 (x) 2\n)';
    expect(readStat(recorded.replace('bash', shortName))).toEqual({ ...recordedStat, shortName });
  });

  test.each(['Z', 'X'])('tells by %s that the process has ended', (state) => {
    expect(readStat(recorded.replace(' S ', ` ${state} `))?.hasEnded).toBe(true);
  });

  test('tells nothing where it is empty or cut off', () => {
    expect(readStat('')).toBeUndefined();
    expect(readStat(recorded.slice(0, 60))).toBeUndefined();
  });
});

test.each([
  [0, undefined],
  [34816, '/dev/pts/0'],
  [34823, '/dev/pts/7'],
  // The minor number's upper bits are above the major one's.
  [136 * 256 + 0x00100000 + 0x2c, '/dev/pts/300'],
  [137 * 256 + 1, '/dev/pts/257'],
  [4 * 256 + 2, '/dev/tty2'],
  [4 * 256 + 64, '/dev/ttyS0'],
  [5 * 256 + 1, undefined],
])('the terminal with the device number %d is %s', (device, path) => {
  expect(terminalPath(device)).toBe(path);
});

describe.skipIf(onLinux.missing)(`a process${onLinux.note}`, () => {
  test('runs while it is the same one, and not once it has ended', async () => {
    const { pid, child } = await start('sleep', ['60']);
    const identity = { pid, start: startOf(pid) };
    expect(isRunning(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isRunning(identity)).toBe(false);
  });

  test('does not run where another one has its pid', () => {
    expect(isRunning({ pid: process.pid, start: startOf(process.pid) })).toBe(true);
    expect(isRunning({ pid: process.pid, start: startOf(process.pid) - 1 })).toBe(false);
  });

  test('does not run, and is no client, while its parent has yet to hear of its end', async () => {
    // The shell becomes a program that waits for no child.
    const { child } = await start('bash', ['-c', 'sleep 60 >&- & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed]: unknown[] = child.stdout ? await once(child.stdout, 'data') : [];
    const pid = Number(String(printed));
    const identity = { pid, start: startOf(pid) };
    expect(isRunning(identity)).toBe(true);
    await expect.poll(() => readFileSync(`/proc/${child.pid ?? 0}/comm`, 'utf8')).toBe('sleep\n');
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
    expect(isRunning(identity)).toBe(false);
    expect(new ClientReader(new LinuxProc()).read(pid)).toBeUndefined();
  });

  test('is a client of this user', async () => {
    const { pid } = await start('sleep', ['60']);
    const { process: found, parents = [] } = new ClientReader(new LinuxProc()).read(pid) ?? {};
    expect(found).toMatchObject({ pid, start: startOf(pid), name: 'sleep', commandLine: ['sleep', '60'] });
    expect(parents[0]?.pid).toBe(process.pid);
  });

  test.skipIf(asRoot.missing)(`of another user is no client${asRoot.note}`, async () => {
    const { pid } = await start('sleep', ['60'], { uid: anotherUid });
    expect(new ClientReader(new LinuxProc()).read(pid)).toBeUndefined();
  });

  test.skipIf(asRoot.missing || withPython.missing)(
    `of another user is no client, also where root owns what is told of it${asRoot.note || withPython.note}`,
    async () => {
      // prctl(PR_SET_DUMPABLE, 0)
      const program = `import ctypes, sys; ctypes.CDLL(None).prctl(4, 0); print(flush=True); sys.stdin.read()`;
      const { pid, child } = await start('python3', ['-c', program], { uid: anotherUid, stdio: 'pipe' });
      if (child.stdout) await once(child.stdout, 'data');
      expect(statSync(`/proc/${pid}/fd`).uid).toBe(process.getuid?.());
      expect(new ClientReader(new LinuxProc()).read(pid)).toBeUndefined();
    },
  );

  test('has parents that are read once in a second, and are left out as soon as they end', async () => {
    const { child } = await start('bash', ['-c', '(echo $BASHPID; exec sleep 60); :'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [printed]: unknown[] = child.stdout ? await once(child.stdout, 'data') : [];
    const pid = Number(String(printed));
    cleanUps.push(() => process.kill(pid, 'SIGKILL'));
    const proc = new LinuxProc();
    const links = vi.spyOn(proc, 'link');
    const readParent = () => links.mock.calls.some(([path]) => path === `/proc/${child.pid ?? 0}/exe`);
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const reader = new ClientReader(proc);
    expect(reader.read(pid)?.parents[0]?.pid).toBe(child.pid);
    expect(readParent()).toBe(true);

    links.mockClear();
    now.mockReturnValue(1_999);
    expect(reader.read(pid)?.parents[0]?.name).toBe('bash');
    expect(readParent()).toBe(false);

    now.mockReturnValue(2_000);
    expect(reader.read(pid)?.parents[0]?.name).toBe('bash');
    expect(readParent()).toBe(true);

    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(reader.read(pid)?.parents.map((parent) => parent.pid)).not.toContain(child.pid);
  });

  test('is no client where its pid was used again while it was read', async () => {
    const { pid } = await start('sleep', ['60']);
    const proc = new LinuxProc();
    const read = proc.read.bind(proc);
    let reads = 0;
    vi.spyOn(proc, 'read').mockImplementation((path) => {
      const text = read(path);
      if (path !== `/proc/${pid}/stat` || ++reads === 1) return text;
      return text?.replace(` ${startOf(pid)} `, ` ${startOf(pid) + 1} `);
    });
    expect(new ClientReader(proc).read(pid)).toBeUndefined();
    expect(reads).toBe(2);
  });
});

/** A program that runs until the test ends. */
async function start(command: string, options: string[], settings: SpawnOptions = {}) {
  const child: ChildProcess = spawn(command, options, { stdio: 'inherit', ...settings });
  cleanUps.push(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('no program was started');
  return { pid: child.pid, child };
}

/** The 22nd field of proc_pid_stat(5), the name being the second and of one word here. */
function startOf(pid: number): number {
  return Number(/\) \S (?:\S+ ){18}(\S+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
}
