import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LinuxProc } from '../../main/platform/linux-proc.ts';
import { ProgramSearch } from '../../main/platform/linux-program-search.ts';
import { connect } from './connections.ts';
import { needs } from './needs.ts';

const onLinux = needs(process.platform === 'linux', 'programs are found in /proc on Linux only');

describe.skipIf(onLinux.missing)(`the program that holds a socket${onLinux.note}`, () => {
  test('is not one that has given it up while it was read, but who has it still', async () => {
    const { client } = await connect('127.0.0.1', '127.0.0.1');
    const other = spawn('sleep', ['60'], { stdio: [client, 'ignore', 'inherit'] });
    onTestFinished(() => void other.kill('SIGKILL'));
    await once(other, 'spawn');
    const { pid = 0 } = other;
    const inode = Number(/\d+/.exec(readlinkSync(`/proc/${pid}/fd/0`))?.[0]);

    const proc = new LinuxProc();
    const [link, socketAt] = [proc.link.bind(proc), proc.socketAt.bind(proc)];
    let isRead = false;
    vi.spyOn(proc, 'link').mockImplementation((path) => {
      isRead ||= path === `/proc/${pid}/exe`;
      return link(path);
    });
    // The other one is newer, so it is found first; and what it closes when it is read is this.
    vi.spyOn(proc, 'socketAt').mockImplementation((holder, descriptor) =>
      holder === pid && isRead ? undefined : socketAt(holder, descriptor),
    );
    const { byInode } = new ProgramSearch(proc).find({ inodes: [inode], pids: [] });
    expect(isRead).toBe(true);
    expect(byInode.get(inode)?.process.pid).toBe(process.pid);
  });
});
