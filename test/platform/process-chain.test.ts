import { describe, expect, test } from 'vitest';
import { forwarderOf, parentChain, type ChainLink } from '../../main/platform/process-chain.ts';

/** The pids of the parents of the process `pid`, among processes. */
function pidsOfParents(pid: number, processes: readonly ChainLink[]): number[] {
  const processOf = (wanted: number) => processes.find((process) => process.pid === wanted);
  const first = processOf(pid);
  if (first === undefined) throw new Error('the first process is not among them');
  return parentChain(first, processOf).map((parent) => parent.pid);
}

const system = { pid: 1, parentPid: 0, start: 1, uid: 1000 };
const terminal = { pid: 10, parentPid: 1, start: 100, uid: 1000 };
const shell = { pid: 20, parentPid: 10, start: 200, uid: 1000 };
const terraform = { pid: 30, parentPid: 20, start: 300, uid: 1000 };

describe('the parents of a process', () => {
  test('are told the nearest first, without the first process of the system', () => {
    expect(pidsOfParents(30, [system, terminal, shell, terraform])).toEqual([20, 10]);
  });

  test('are none for a process that the system started', () => {
    expect(pidsOfParents(10, [system, terminal])).toEqual([]);
    expect(pidsOfParents(1, [system])).toEqual([]);
  });

  test('end where one has ended', () => {
    expect(pidsOfParents(30, [system, terminal, terraform])).toEqual([]);
  });

  test("end at another user's process, also where its own parent is ours again", () => {
    const sudo = { ...shell, uid: 0 };
    expect(pidsOfParents(30, [system, terminal, sudo, terraform])).toEqual([]);
    expect(pidsOfParents(30, [system, { ...terminal, uid: 0 }, shell, terraform])).toEqual([20]);
  });

  test('have no process that was started after its child: its pid was used again', () => {
    expect(pidsOfParents(30, [system, terminal, { ...shell, start: 301 }, terraform])).toEqual([]);
    expect(pidsOfParents(30, [system, { ...terminal, start: 201 }, shell, terraform])).toEqual([20]);
  });

  test('may have been started in the same moment as their child', () => {
    expect(pidsOfParents(30, [system, terminal, { ...shell, start: 300 }, terraform])).toEqual([20, 10]);
  });

  test('end where they would go round', () => {
    const same = { start: 5, uid: 1000 };
    expect(pidsOfParents(2, [{ ...same, pid: 2, parentPid: 2 }])).toEqual([]);
    const round = [2, 3, 4].map((pid) => ({ ...same, pid, parentPid: pid === 4 ? 2 : pid + 1 }));
    expect(pidsOfParents(2, round)).toEqual([3, 4]);
    expect(pidsOfParents(9, [...round, { ...same, pid: 9, parentPid: 2 }])).toEqual([2, 3, 4]);
  });

  test('are 32 at most', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      pid: index + 2,
      parentPid: index + 3,
      start: 5,
    }));
    expect(pidsOfParents(2, many)).toEqual(Array.from({ length: 32 }, (_, index) => index + 3));
  });

  test('are told where the system has no numbers for users', () => {
    const windows = [
      { pid: 4000, parentPid: 3000, start: 2 },
      { pid: 3000, parentPid: 4, start: 1 },
    ];
    expect(pidsOfParents(4000, windows)).toEqual([3000]);
  });
});

describe('a program that passes on what others ask', () => {
  test.each([
    ['/usr/bin/docker-proxy', 'Docker'],
    ['/usr/bin/rootlesskit', 'Docker'],
    ['/Applications/Docker.app/Contents/MacOS/com.docker.backend', 'Docker'],
    ['C:\\Program Files\\Docker\\Docker\\resources\\com.docker.backend.exe', 'Docker'],
    ['C:\\Program Files\\Docker\\Docker\\resources\\vpnkit.exe', 'Docker'],
    ['/usr/bin/slirp4netns', 'Podman'],
    ['/usr/bin/pasta.avx2', 'Podman'],
    ['/opt/podman/bin/gvproxy', 'Podman'],
    ['/usr/libexec/podman/rootlessport', 'Podman'],
    ['C:\\Program Files\\WSL\\wslrelay.exe', 'WSL'],
    ['C:\\Windows\\System32\\wslhost.EXE', 'WSL'],
    ['/usr/sbin/sshd', 'SSH'],
    ['/usr/lib/openssh/sshd-session', 'SSH'],
    ['/usr/bin/ssh', 'SSH'],
    ['/usr/bin/socat', 'socat'],
    ['/usr/bin/socat1', 'socat'],
    ['/usr/local/bin/limactl', 'Lima'],
    ['/usr/bin/qemu-system-x86_64', 'QEMU'],
  ])('is known by its executable: %s of %s', (executable, belongsTo) => {
    expect(forwarderOf(executable, 'another name')).toBe(belongsTo);
  });

  test('is known by its name where its executable may not be known', () => {
    expect(forwarderOf(undefined, 'docker-proxy')).toBe('Docker');
  });

  test.each([
    '/usr/bin/docker',
    '/usr/bin/ssh-agent',
    '/usr/bin/terraform',
    '/opt/docker-proxy/aws',
    '/usr/bin/qemu-img',
  ])('is not %s', (executable) => {
    expect(forwarderOf(executable, 'docker-proxy')).toBeUndefined();
  });
});
