import { describe, expect, it } from 'vitest';
import { toSession } from '../../main/sts/session.ts';

const nowMs = Date.UTC(2026, 10, 2);

function credentials(endsInMs: number) {
  return {
    AccessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    SessionToken: 'token',
    Expiration: new Date(nowMs + endsInMs),
  };
}

describe('a session out of STS’s answer', () => {
  it('ends by this machine’s clock, where STS’s is another', () => {
    const aheadMs = 20 * 60_000;
    const session = toSession(credentials(3_600_000 + aheadMs), nowMs, nowMs + aheadMs);
    expect(session.expiresAtMs).toBe(nowMs + 3_600_000);
  });

  it('is none where it has ended already', () => {
    expect(() => toSession(credentials(0), nowMs, nowMs)).toThrow('has ended');
  });

  it('is none where a part is missing', () => {
    expect(() => toSession({ ...credentials(1000), SessionToken: '' }, nowMs, nowMs)).toThrow('complete');
  });
});
