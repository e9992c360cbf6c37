/** Which program has the credentials is known also where so many connect that there is no time to look at them. */
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../main/audit/audit-log.ts';
import { ClientConnection } from '../../main/clients/client-connections.ts';
import { CredentialSource } from '../../main/clients/credential-source.ts';
import { HandedOut } from '../../main/clients/handed-out.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { Secret } from '../../main/secret.ts';
import type { Session } from '../../main/sts/session.ts';
import { composeClient } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const profile = profileSchema.parse({
  name: 'reader',
  roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
  base: { key: 'work' },
  region: 'eu-central-1',
});

let clock: FakeClock;
let session: Session;

beforeEach(() => {
  clock = new FakeClock();
  session = {
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    sessionToken: new Secret('token'),
    issuedAtMs: clock.now(),
    expiresAtMs: clock.now() + 3_600_000,
  };
});
afterEach(() => clock[Symbol.dispose]());

/** A connection of a program, when others have used up what there is for those that only connect. */
function oneOfMany(): ClientConnection {
  return new ClientConnection(() => Promise.resolve(composeClient({ name: 'terraform' })), {
    arrival: () => Promise.resolve(undefined),
    answer: (look) => look(),
  });
}

/** What answers out of that session, and the records that it notes. */
function sourceThatNotes(
  notes: AuditEntry[],
  handedOut: Pick<HandedOut, 'note'> = { note: () => undefined },
): CredentialSource {
  const chosen = { profile, rule: 'active' } as const;
  return new CredentialSource({
    sessions: {
      isLocked: false,
      take: () => session,
      acquire: () => Promise.resolve(session),
      standing: () => ({ state: 'active', expiresAtMs: session.expiresAtMs, problem: undefined }),
    },
    choice: { for: () => chosen, named: () => chosen },
    approvals: {
      ask: () => Promise.reject(new Error('nothing is protected')),
      passOn: () => ({ [Symbol.dispose]: () => undefined }),
    },
    handedOut,
    refusals: { note: () => undefined },
    audit: {
      note: (entry) => {
        notes.push(entry);
        return { again: () => true };
      },
    },
  });
}

describe('where many only connect', () => {
  it('the record of what was served has its program', async () => {
    const notes: AuditEntry[] = [];
    sourceThatNotes(notes).served(oneOfMany(), { profile, rule: 'active' }, session);
    expect((await notes[0]?.client)?.process.name).toBe('terraform');
  });

  it('the program is named that holds the credentials', async () => {
    const handedOut = new HandedOut(clock);
    handedOut.note('reader', session, oneOfMany());
    await setImmediate();
    expect(handedOut.holdings()).toMatchObject([{ programs: ['terraform'] }]);
  });
});

it('what a read-only profile handed out is held as that', () => {
  const handedOut = new HandedOut(clock);
  const readOnly = { ...profile, readOnly: true };
  sourceThatNotes([], handedOut).served(oneOfMany(), { profile: readOnly, rule: 'active' }, session);
  expect(handedOut.holdings()).toMatchObject([{ profile: 'reader', readOnly: true }]);
});
