import { describe, expect, test } from 'vitest';
import type { BrokerEvent } from '../../preload/contract.ts';
import { apply } from '../../renderer/broker/known.ts';
import { profileView, status } from './views.ts';

const first: BrokerEvent = {
  type: 'state',
  state: { status, profiles: [profileView('role-10'), profileView('role-2')] },
};

describe('what is known of the broker', () => {
  test('is nothing before the first state, whatever else is told', () => {
    expect(apply(undefined, [{ type: 'status', status }])).toBeUndefined();
  });

  test('has the names in the order a person counts', () => {
    expect(apply(undefined, [first])?.names).toEqual(['role-2', 'role-10']);
  });

  test('follows a profile without touching the order or what was known before', () => {
    const before = apply(undefined, [first]);
    const changed = profileView('role-2', { session: { state: 'active', expiresAtMs: 1 } });
    const after = apply(before, [{ type: 'profile', profile: changed }]);
    expect(after?.profiles.get('role-2')).toBe(changed);
    expect(after?.names).toBe(before?.names);
    expect(before?.profiles.get('role-2')?.session.state).toBe('idle');
  });

  test('takes in profiles that come and go, several events at once', () => {
    const known = apply(undefined, [
      first,
      { type: 'profile', profile: profileView('audit') },
      { type: 'profileRemoved', name: 'role-10' },
    ]);
    expect(known?.names).toEqual(['audit', 'role-2']);
    expect(known?.profiles.has('role-10')).toBe(false);
  });

  test('follows the status and leaves the profiles', () => {
    const before = apply(undefined, [first]);
    const after = apply(before, [{ type: 'status', status: { ...status, locked: true } }]);
    expect(after?.status.locked).toBe(true);
    expect(after?.names).toBe(before?.names);
  });

  test('is replaced as a whole by another state', () => {
    const again: BrokerEvent = { type: 'state', state: { status, profiles: [profileView('other')] } };
    expect(apply(apply(undefined, [first]), [again])?.names).toEqual(['other']);
  });
});
