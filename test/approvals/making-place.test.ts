/** Who gives way where more programs wait for a person than he can look at. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askerOf } from '../../main/approvals/asker.ts';
import { WaitingRequests } from '../../main/approvals/waiting-requests.ts';
import { composeClient } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;
let waiting: WaitingRequests;
let lastPid: number;

beforeEach(() => {
  clock = new FakeClock();
  waiting = new WaitingRequests(clock, () => undefined);
  lastPid = 5_000_000;
});
afterEach(() => clock[Symbol.dispose]());

/** Has another program of a terminal wait, and gives its pid. */
function join(terminal: string): number {
  lastPid += 1;
  const client = composeClient({ pid: lastPid, commandLine: [], sessionId: 1, terminal });
  // It may have to give way.
  waiting.join(askerOf(client, 'vault', undefined)).catch(() => undefined);
  return lastPid;
}

const joinMany = (count: number, terminal: string) => Array.from({ length: count }, () => join(terminal));
const pids = () => waiting.list().map(({ client }) => client.process.pid);

describe('where 32 programs wait, and another one comes', () => {
  test('one that waits alone stays, though it has waited longest', () => {
    const alone = join('alone');
    const many = Array.from({ length: 7 }, (_, index) => joinMany(4, `terminal ${index}`)).flat();
    const few = joinMany(3, 'few');
    expect(pids()).toHaveLength(32);
    const late = join('late');
    // The first of a terminal that has most.
    expect(pids()).toEqual([alone, ...many.slice(1), ...few, late]);
  });

  test('one stays about which a person has decided, and the next of as many gives way', () => {
    const many = Array.from({ length: 8 }, (_, index) => joinMany(4, `terminal ${index}`)).flat();
    const [decided] = waiting.list();
    if (decided) decided.isBeingDecided = true;
    const late = join('late');
    expect(pids()).toEqual([many[0], ...many.slice(2), late]);
  });
});
