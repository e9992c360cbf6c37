import { describe, expect, test } from 'vitest';
import { shownState } from '../../renderer/profiles/shown-state.ts';

describe('a session’s state', () => {
  test('is shown as it is', () => {
    expect(shownState({ state: 'active' })).toBe('active');
    const problem = { code: 'Refused', message: 'STS refused', atMs: 0 };
    expect(shownState({ state: 'failed', problem })).toBe('failed');
  });

  test('is that a code is wanted, where one was declined', () => {
    const problem = { code: 'MfaRequired', message: 'No MFA code was given', atMs: 0 };
    expect(shownState({ state: 'failed', problem })).toBe('waitingForMfa');
  });
});
