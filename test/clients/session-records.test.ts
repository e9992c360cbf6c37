import { expect, it } from 'vitest';
import type { AuditEntry } from '../../main/audit/audit-log.ts';
import { recordSessions } from '../../main/clients/session-records.ts';
import type { SessionStanding } from '../../main/sessions/sessions.ts';

const hourMs = 3_600_000;

function at(state: SessionStanding['state'], expiresAtMs?: number): SessionStanding {
  return { state, expiresAtMs, problem: undefined };
}

it('A session is recorded with its end when it is acquired and renewed, and when it was dropped it is acquired anew', () => {
  const entries: AuditEntry[] = [];
  let changed: (profile?: string) => void = () => undefined;
  let standing = at('idle');
  const sessions = {
    standing: () => standing,
    onChange(listener: (profile?: string) => void) {
      changed = listener;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const note = (entry: AuditEntry) => {
    entries.push(entry);
    return { again: () => true };
  };
  using _records = recordSessions(sessions, { note });
  const become = (next: SessionStanding) => {
    standing = next;
    changed('sandbox');
  };

  become(at('active', hourMs));
  // Told again without being another: nothing new.
  become(at('refreshing', hourMs));
  become(at('active', 2 * hourMs));
  become(at('idle'));
  become(at('active', 3 * hourMs));

  const of = { event: 'sessionAcquired', profile: 'sandbox' };
  expect(entries).toEqual([
    { ...of, detail: 'acquired', expiresAtMs: hourMs },
    { ...of, detail: 'renewed', expiresAtMs: 2 * hourMs },
    { ...of, detail: 'acquired', expiresAtMs: 3 * hourMs },
  ]);
});
