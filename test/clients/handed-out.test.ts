import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandedOut } from '../../main/clients/handed-out.ts';
import type { ClientConnection } from '../../main/clients/client-connections.ts';
import { Secret } from '../../main/secret.ts';
import type { Session } from '../../main/sts/session.ts';
import { composeClient, connectionOf } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const minute = 60_000;
let clock: FakeClock;
let handedOut: HandedOut;
let changes: number;

beforeEach(() => {
  clock = new FakeClock();
  handedOut = new HandedOut(clock);
  changes = 0;
  handedOut.onChange(() => (changes += 1));
});

afterEach(() => {
  clock[Symbol.dispose]();
});

function session(lifeMs = 60 * minute): Session {
  return {
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    sessionToken: new Secret('token'),
    issuedAtMs: clock.now(),
    expiresAtMs: clock.now() + lifeMs,
  };
}

/** A new connection of a program of this name. */
function program(name: string): ClientConnection {
  return connectionOf(() => Promise.resolve(composeClient({ name })));
}

/** A new connection of nobody knows which program. */
const unknown = () => connectionOf(() => Promise.resolve(undefined));
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('what was handed out', () => {
  it('is told with its end and the programs that have it, until that end', async () => {
    const { expiresAtMs } = session();
    handedOut.note('reader', session(), program('terraform'));
    await settle();
    handedOut.note('reader', session(), program('aws'));
    await settle();
    expect(handedOut.holdings()).toEqual([
      { profile: 'reader', untilMs: expiresAtMs, programs: ['aws', 'terraform'] },
    ]);
    clock.advance(60 * minute);
    expect(handedOut.holdings()).toEqual([]);
  });

  it('is told apart by whether it may read only', async () => {
    const { expiresAtMs } = session();
    handedOut.note('reader', session(), program('terraform'));
    await settle();
    handedOut.note('reader', session(15 * minute), program('aws'), true);
    await settle();
    expect(handedOut.holdings()).toEqual([
      { profile: 'reader', untilMs: expiresAtMs, programs: ['terraform'] },
      { profile: 'reader', readOnly: true, untilMs: expiresAtMs - 45 * minute, programs: ['aws'] },
    ]);
  });

  it('is told also where nobody knows which program has it', async () => {
    handedOut.note('reader', session(), unknown());
    await settle();
    expect(handedOut.holdings()).toMatchObject([{ profile: 'reader', programs: [] }]);
  });

  it('names a program only as long as the session that it got', async () => {
    handedOut.note('reader', session(10 * minute), program('aws'));
    await settle();
    handedOut.note('reader', session(60 * minute), program('terraform'));
    await settle();
    clock.advance(10 * minute);
    expect(handedOut.holdings()).toMatchObject([{ programs: ['terraform'] }]);
  });

  it('comes with the latest end first', () => {
    handedOut.note('short', session(10 * minute), unknown());
    handedOut.note('long', session(60 * minute), unknown());
    expect(handedOut.holdings().map(({ profile }) => profile)).toEqual(['long', 'short']);
  });
});

describe('noting it', () => {
  it('looks the program up once for a connection that gets the same session again and again', async () => {
    let lookUps = 0;
    const connection = connectionOf(() => {
      lookUps += 1;
      return Promise.resolve(composeClient());
    });
    const same = session();
    for (let request = 0; request < 100; request++) {
      handedOut.note('reader', same, connection);
      await Promise.resolve();
    }
    // Its end, and its name.
    expect([lookUps, changes]).toEqual([1, 2]);
  });

  it('looks one program up at a time, however many connections come at once', () => {
    let lookUps = 0;
    for (let connection = 0; connection < 100; connection++) {
      const busy = connectionOf(() => {
        lookUps += 1;
        return new Promise(() => undefined);
      });
      handedOut.note('reader', session(), busy);
    }
    expect(lookUps).toBe(1);
  });

  it('tells nothing new where the same program gets a session with the same end', async () => {
    const same = session();
    handedOut.note('reader', same, program('aws'));
    await settle();
    changes = 0;
    handedOut.note('reader', { ...same }, program('aws'));
    await settle();
    expect(changes).toBe(0);
  });

  it('tells nothing new where a renewal dates the end anew by less than a second', () => {
    const first = session();
    handedOut.note('reader', first, unknown());
    handedOut.note('reader', { ...first, expiresAtMs: first.expiresAtMs + 500 }, unknown());
    expect(changes).toBe(1);
  });

  it('tells when the program is known', async () => {
    handedOut.note('reader', session(), program('aws'));
    expect(changes).toBe(1);
    await settle();
    expect(changes).toBe(2);
  });

  it('keeps a program until the latest end of all that it got', async () => {
    handedOut.note('reader', session(60 * minute), program('aws'));
    await settle();
    handedOut.note('reader', session(10 * minute), program('aws'));
    await settle();
    clock.advance(10 * minute);
    expect(handedOut.holdings()).toMatchObject([{ programs: ['aws'] }]);
  });

  it('keeps 32 programs of a profile, those that got some last', async () => {
    for (let number = 0; number < 40; number++) {
      handedOut.note('reader', session(), program(`program-${number}`));
      await settle();
      handedOut.note('reader', session(), program('aws'));
      await settle();
    }
    const programs = handedOut.holdings().flatMap((holding) => holding.programs);
    expect(programs).toHaveLength(32);
    expect(programs).toEqual(expect.arrayContaining(['aws', 'program-39', 'program-9']));
    expect(programs).not.toContain('program-8');
  });

  it('keeps no session: it knows it by its end alone', () => {
    handedOut.note('reader', session(), unknown());
    expect(JSON.stringify(handedOut.holdings())).not.toContain('ASIA');
  });
});
