/** Profiles, keys and statuses as the contract tells them. */
import type { KeyView, ProfileView, Status } from '../../preload/contract.ts';
import { emptyStatus } from '../fixtures/status.ts';

export function profileView(name: string, changes: Partial<ProfileView> = {}): ProfileView {
  return {
    profile: {
      name,
      roleArn: 'arn:aws:iam::111122223333:role/Admin',
      base: { key: 'work' },
      region: 'eu-central-1',
      durationSeconds: 3600,
      baseDurationSeconds: 43_200,
      colour: 'slate',
      protected: false,
      pinned: false,
      readOnly: false,
    },
    accountId: '111122223333',
    roleName: 'Admin',
    sessionArn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
    effectiveDurationSeconds: 3600,
    session: { state: 'idle' },
    ...changes,
  };
}

export const keyView: KeyView = {
  label: 'work',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  accountId: '111122223333',
  userArn: 'arn:aws:iam::111122223333:user/alice',
  region: 'eu-central-1',
  addedAtMs: 0,
};

export const status: Status = { ...emptyStatus, keys: [keyView] };
