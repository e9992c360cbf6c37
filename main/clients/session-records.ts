import type { Sessions } from '../sessions/sessions.ts';
import type { AuditLog } from '../audit/audit-log.ts';

/** Renewal re-dates a session by fractions of a second. */
const noticeableMs = 1000;

/** Records each session that is acquired or renewed, until disposed. */
export function recordSessions(
  sessions: Pick<Sessions, 'onChange' | 'standing'>,
  audit: Pick<AuditLog, 'note'>,
): Disposable {
  /** Until when the session that was recorded last is good, by profile. */
  const recorded = new Map<string, number>();
  return sessions.onChange((profile) => {
    if (profile === undefined) return;
    const { expiresAtMs } = sessions.standing(profile);
    if (expiresAtMs === undefined) recorded.delete(profile);
    else if (expiresAtMs > (recorded.get(profile) ?? 0) + noticeableMs) {
      const detail = recorded.has(profile) ? 'renewed' : 'acquired';
      recorded.set(profile, expiresAtMs);
      audit.note({ event: 'sessionAcquired', profile, detail, expiresAtMs });
    }
  });
}
