import { describe, expect, test } from 'vitest';
import { checkIsNotAsker } from '../../main/control/decider.ts';
import type { Client } from '../../main/platform/ports.ts';
import { composeClient, composeProcess } from '../fixtures/clients.ts';

const emulator = composeProcess({ pid: 100, name: 'gnome-terminal' });
const shell = composeProcess({ pid: 200, name: 'bash', sessionId: 200, terminal: '/dev/pts/3' });
const otherShell = composeProcess({ pid: 300, name: 'bash', sessionId: 300, terminal: '/dev/pts/4' });
const terraform = { pid: 210, start: 50, name: 'terraform', sessionId: 200, terminal: '/dev/pts/3' };
const asker = composeClient(terraform, [shell, emulator]);

function isRefused(decider: Client, by: Client = asker): boolean {
  try {
    checkIsNotAsker(decider, by);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'Refused' });
    return true;
  }
}

const command = { pid: 900, start: 90, name: 'latchkey' };

describe('a program’s request can be decided', () => {
  test('from another terminal of the same emulator', () => {
    const decider = composeClient({ ...command, sessionId: 300, terminal: '/dev/pts/4' }, [
      otherShell,
      emulator,
    ]);
    expect(isRefused(decider)).toBe(false);
  });

  test('from a terminal of the desktop, where a background program of that has asked', () => {
    const desktop = composeProcess({ pid: 50, name: 'systemd', sessionId: 50 });
    const service = composeClient({ pid: 60, name: 'backup', sessionId: 60 }, [desktop]);
    const decider = composeClient({ ...command, sessionId: 300, terminal: '/dev/pts/4' }, [
      otherShell,
      emulator,
      desktop,
    ]);
    expect(isRefused(decider, service)).toBe(false);
  });

  test('where a former process had its pid', () => {
    const former = composeProcess({ ...terraform, start: 49, terminal: undefined, sessionId: undefined });
    expect(isRefused(composeClient(command, [former]))).toBe(false);
  });
});

describe('a program’s request cannot be decided', () => {
  test('by itself', () => {
    expect(isRefused(asker)).toBe(true);
  });

  test('by what it started, without a terminal', () => {
    expect(isRefused(composeClient(command, [composeProcess(terraform), shell]))).toBe(true);
  });

  test('on a terminal that it made', () => {
    const made = composeProcess({ pid: 220, name: 'sh', sessionId: 220, terminal: '/dev/pts/9' });
    const decider = composeClient({ ...command, sessionId: 220, terminal: '/dev/pts/9' }, [
      made,
      composeProcess(terraform),
      shell,
    ]);
    expect(isRefused(decider)).toBe(true);
  });

  test('on a terminal whose shell is not above the one who decides, so that it may have started it', () => {
    const decider = composeClient({ ...command, sessionId: 777, terminal: '/dev/pts/9' });
    expect(isRefused(decider)).toBe(true);
  });

  test('on its own terminal, where it can type', () => {
    const decider = composeClient({ ...command, sessionId: 200, terminal: '/dev/pts/3' }, [shell, emulator]);
    expect(isRefused(decider)).toBe(true);
  });

  test('on the terminal of one of its parents, where it has none itself', () => {
    const daemon = composeClient({ ...terraform, terminal: undefined, sessionId: 210 }, [shell, emulator]);
    const decider = composeClient({ ...command, sessionId: 200, terminal: '/dev/pts/3' }, [shell, emulator]);
    expect(isRefused(decider, daemon)).toBe(true);
  });

  describe('by what the same program has started', () => {
    const made = composeProcess({ pid: 320, name: 'sh', sessionId: 320, terminal: '/dev/pts/9' });
    const onMadeTerminal = { ...command, sessionId: 320, terminal: '/dev/pts/9' };

    test('with no terminal', () => {
      const script = composeProcess({ pid: 310, name: 'deploy.py', sessionId: 300 });
      const child = composeClient({ pid: 311, name: 'python3', sessionId: 300 }, [script]);
      expect(isRefused(composeClient(onMadeTerminal, [made, script]), child)).toBe(true);
    });

    test('on a terminal, whatever sessions it makes', () => {
      const script = composeProcess({ pid: 310, name: 'deploy.py', sessionId: 300, terminal: '/dev/pts/4' });
      const child = composeClient({ pid: 311, name: 'python3', sessionId: 311 }, [script, otherShell]);
      expect(isRefused(composeClient(onMadeTerminal, [made, script, otherShell]), child)).toBe(true);
    });
  });
});
