/** What a program cannot do by making itself large: hold up the search for others. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LinuxProc } from '../../main/platform/linux-proc.ts';
import { LinuxProcesses } from '../../main/platform/linux-processes.ts';
import { linuxSockDiag } from '../../main/platform/linux-sock-diag.ts';
import { SocketSearch } from '../../main/platform/linux-socket-search.ts';
import { connect } from './connections.ts';
import { needs } from './needs.ts';

const onLinux = needs(process.platform === 'linux', 'programs are found in /proc on Linux only');

/** A socket of this process. */
async function ownSocket(): Promise<number> {
  const { accepted } = await connect('127.0.0.1', '127.0.0.1');
  using kernel = linuxSockDiag(() => undefined);
  const { inode = 0 } = kernel.peerSocket(accepted) ?? {};
  return inode;
}

function processesBy(workerFile?: URL): LinuxProcesses {
  const processes = new LinuxProcesses(workerFile);
  onTestFinished(() => processes[Symbol.dispose]());
  return processes;
}

describe.skipIf(onLinux.missing)(`a search everywhere${onLinux.note}`, () => {
  test('finds nothing where it has gone on for three seconds, and its thread answers the next question', async () => {
    const inode = await ownSocket();
    expect((await processesBy().soleClientHolding(inode))?.process.pid).toBe(process.pid);
    const late = processesBy(new URL('./search-limits-worker.ts', import.meta.url));
    expect(await late.soleClientHolding(inode)).toBeUndefined();
    expect((await late.clientOf(process.pid))?.process.pid).toBe(process.pid);
  });

  test('does not look into a process with more than 65,536 descriptors', async () => {
    const inode = await ownSocket();
    const proc = new LinuxProc();
    const { uid = -1 } = proc.descriptorCount(process.pid) ?? {};
    vi.spyOn(proc, 'pids').mockReturnValue([process.pid]);
    const count = vi.spyOn(proc, 'descriptorCount').mockReturnValue({ uid, descriptors: 65_536 });
    expect(holdersOf(proc, inode)).toEqual([process.pid]);
    count.mockReturnValue({ uid, descriptors: 65_537 });
    expect(holdersOf(proc, inode)).toEqual([]);
  });
});

function holdersOf(proc: LinuxProc, inode: number): number[] {
  const steps = new SocketSearch(proc).everywhere([inode]);
  for (;;) {
    const step = steps.next();
    if (step.done) return (step.value.get(inode) ?? []).map(({ pid }) => pid);
  }
}
