/** Which programs share one place where there are only so many, and one word of a person's. */
import { describe, expect, it } from 'vitest';
import { groupOf } from '../../main/approvals/process-tree.ts';
import type { Process } from '../../main/platform/ports.ts';
import { composeClient, composeProcess } from '../fixtures/clients.ts';

const terminal = (name: string, sessionId: number): Partial<Process> => ({ terminal: name, sessionId });
const group = (process: Partial<Process>, ...parents: Partial<Process>[]) =>
  groupOf(composeClient(process, parents.map(composeProcess)));

describe('a program is of the same group as', () => {
  it('all of its terminal', () => {
    const one = group({ pid: 1, ...terminal('/dev/pts/1', 10) });
    expect(group({ pid: 2, ...terminal('/dev/pts/1', 10) })).toBe(one);
  });

  it('all of the terminal that the terminals it makes come from', () => {
    const outer = terminal('/dev/pts/1', 10);
    expect(group(terminal('/dev/pts/9', 90), {}, outer)).toBe(group(outer));
  });

  it('what it starts without a terminal', () => {
    const outer = terminal('/dev/pts/1', 10);
    expect(group({ sessionId: 95 }, outer)).toBe(group(outer));
  });

  it('all that has no terminal, where it has none', () => {
    expect(group({ pid: 1, sessionId: 1 })).toBe(group({ pid: 2, sessionId: 2 }, { pid: 3 }));
  });
});

describe('a program is of another group than', () => {
  const one = group(terminal('/dev/pts/1', 10));

  it('what runs in another terminal', () => {
    expect(group(terminal('/dev/pts/2', 10))).not.toBe(one);
  });

  it('what ran in a terminal of that name before: a closed one gives its name to the next', () => {
    expect(group(terminal('/dev/pts/1', 11))).not.toBe(one);
  });

  it('what has no terminal', () => {
    expect(group({ sessionId: 10 })).not.toBe(one);
  });
});
