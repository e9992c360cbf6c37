/** Who does not share a wait for a session, though it is for a profile of the same name. */
import { beforeEach, describe, expect, it } from 'vitest';
import { CredentialSource } from '../../main/clients/credential-source.ts';
import { profileSchema, type Profile } from '../../main/profiles/profile.ts';
import { composeClient, connectionOf } from '../fixtures/clients.ts';

const profile = profileSchema.parse({
  name: 'reader',
  roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
  base: { key: 'work' },
  region: 'eu-central-1',
});

let source: CredentialSource;
/** Whom sessions were begun for. */
let begun: string[];

beforeEach(() => {
  begun = [];
  const chosen = { profile, rule: 'name' } as const;
  source = new CredentialSource({
    sessions: {
      isLocked: false,
      take: () => undefined,
      acquire: ({ cause }) => {
        begun.push(cause);
        return new Promise(() => undefined);
      },
      standing: () => ({ state: 'acquiring', expiresAtMs: undefined, problem: undefined }),
    },
    choice: { for: () => chosen, named: () => chosen },
    approvals: {
      ask: () => Promise.reject(new Error('nothing is protected')),
      passOn: () => ({ [Symbol.dispose]: () => undefined }),
    },
    handedOut: { note: () => undefined },
    refusals: { note: () => undefined },
    audit: { note: () => ({ again: () => true }) },
  });
});

function wait(of: Profile, cause: 'program' | 'person'): void {
  const connection = connectionOf(() => Promise.resolve(composeClient()));
  void source.acquire(connection, { profile: of, rule: 'name' }, cause);
}

describe('a wait for a session', () => {
  it('is shared by programs', () => {
    wait(profile, 'program');
    wait(profile, 'program');
    expect(begun).toEqual(['program']);
  });

  it('is not shared by a person with a program, which asks nobody for a code in a quiet time', () => {
    wait(profile, 'program');
    wait(profile, 'person');
    expect(begun).toEqual(['program', 'person']);
  });

  it('is not shared with who waited before the profile was changed: it leads to another session', () => {
    wait(profile, 'program');
    wait({ ...profile, readOnly: true }, 'program');
    expect(begun).toEqual(['program', 'program']);
  });
});
