import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bindings } from '../../main/clients/bindings.ts';
import type { ProcessIdentity } from '../../main/platform/ports.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { composeClient, composeProcess } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const terminal = composeProcess({ pid: 100, start: 10, name: 'gnome-terminal' });
const shell = composeProcess({ pid: 200, start: 20, name: 'bash' });
const otherShell = composeProcess({ pid: 300, start: 30, name: 'zsh' });

let clock: FakeClock;
let core: Core;
let ended: Set<number>;
let bindings: Bindings;
let changes: number;

beforeEach(async () => {
  clock = new FakeClock();
  core = await startCore(clock);
  await core.addKey('work');
  await core.addProfile({ name: 'sandbox' });
  await core.addProfile({ name: 'billing' });
  ended = new Set();
  bindings = new Bindings({
    clock,
    configuration: core.configuration,
    isRunning: ({ pid }: ProcessIdentity) => !ended.has(pid),
  });
  changes = 0;
  bindings.onChange(() => (changes += 1));
});

afterEach(async () => {
  bindings[Symbol.dispose]();
  await core[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
});

describe('a bound process tree', () => {
  it('has its profile, whatever runs in it', () => {
    bindings.bind(shell, 'sandbox');
    expect(bindings.profileOf(composeClient({ pid: 400 }, [shell, terminal]))).toBe('sandbox');
    expect(bindings.profileOf({ process: shell, parents: [terminal], forwarder: undefined })).toBe('sandbox');
    expect(bindings.profileOf(composeClient({ pid: 400 }, [otherShell, terminal]))).toBeUndefined();
  });

  it('inside another one has its own: the nearest decides', () => {
    bindings.bind(terminal, 'billing');
    bindings.bind(shell, 'sandbox');
    expect(bindings.profileOf(composeClient({ pid: 400 }, [shell, terminal]))).toBe('sandbox');
    expect(bindings.profileOf(composeClient({ pid: 400 }, [otherShell, terminal]))).toBe('billing');
  });

  it('is found by its session where the chain of parents has broken', () => {
    bindings.bind(shell, 'sandbox');
    const orphan = composeProcess({ pid: 400, sessionId: shell.pid });
    expect(bindings.profileOf({ process: orphan, parents: [], forwarder: undefined })).toBe('sandbox');
    // Also where what it started has a session of its own.
    expect(bindings.profileOf(composeClient({ pid: 401, sessionId: 401 }, [orphan]))).toBe('sandbox');
    expect(bindings.profileOf(composeClient({ pid: 402, sessionId: otherShell.pid }))).toBeUndefined();
    ended.add(shell.pid);
    expect(bindings.profileOf({ process: orphan, parents: [], forwarder: undefined })).toBeUndefined();
  });

  it('is found by its session only where no parent is bound itself', () => {
    bindings.bind(shell, 'sandbox');
    bindings.bind(otherShell, 'billing');
    const client = composeClient({ pid: 400, sessionId: shell.pid }, [otherShell]);
    expect(bindings.profileOf(client)).toBe('billing');
  });

  it('is not another process that got its pid later', () => {
    bindings.bind(shell, 'sandbox');
    const successor = composeProcess({ pid: shell.pid, start: 99 });
    expect(bindings.profileOf(composeClient({ pid: 400 }, [successor]))).toBeUndefined();
  });

  it('can be bound anew, and set free', () => {
    bindings.bind(shell, 'sandbox');
    bindings.bind(shell, 'billing');
    expect(bindings.list()).toEqual([{ root: shell, profile: 'billing' }]);
    bindings.unbind({ pid: shell.pid, start: 99 });
    expect(bindings.isEmpty).toBe(false);
    bindings.unbind(shell);
    expect(bindings.isEmpty).toBe(true);
    expect(changes).toBe(3);
  });

  it('is refused for a profile that does not exist, and for a process that has ended', () => {
    expect(() => {
      bindings.bind(shell, 'nowhere');
    }).toThrow(/no profile "nowhere"/);
    ended.add(shell.pid);
    expect(() => {
      bindings.bind(shell, 'sandbox');
    }).toThrow(/has ended/);
    expect(bindings.isEmpty).toBe(true);
  });

  it('ends with its process', () => {
    bindings.bind(shell, 'sandbox');
    ended.add(shell.pid);
    clock.advance(15_000);
    expect(bindings.isEmpty).toBe(true);
    expect(changes).toBe(2);
  });

  it('ends with its profile', async () => {
    bindings.bind(shell, 'sandbox');
    bindings.bind(otherShell, 'billing');
    await core.profiles.remove('sandbox');
    expect(bindings.list()).toMatchObject([{ profile: 'billing' }]);
  });
});
