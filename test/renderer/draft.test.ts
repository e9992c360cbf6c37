import { describe, expect, test } from 'vitest';
import { calls } from '../../preload/contract.ts';
import { checkKey } from '../../renderer/keys/check.ts';
import { messageOfProblem } from '../../renderer/parts/messages.ts';
import {
  checkDraft,
  draftOf,
  newDraft,
  profileOf,
  shortenedBy,
  takenFields,
} from '../../renderer/profiles/draft.ts';
import { keyView, profileView, status } from './views.ts';

const draft = { ...newDraft([keyView]), name: 'sandbox', roleArn: 'arn:aws:iam::111122223333:role/Admin' };

describe('the form of a role', () => {
  test('begins with the first key and its region', () => {
    expect(newDraft([keyView])).toMatchObject({
      base: 'key:work',
      region: 'eu-central-1',
      durationSeconds: '1 h',
    });
  });

  test('gives what the contract takes', () => {
    expect(checkDraft(draft)).toEqual({});
    expect(calls['profiles.save'].input.safeParse({ profile: profileOf(draft) }).success).toBe(true);
  });

  test('gives a profile that it was opened with back as it was', () => {
    const { profile } = profileView('deploy');
    const full: Required<typeof profile> = {
      ...profile,
      externalId: 'partner-4711',
      mfaSerial: 'arn:aws:iam::111122223333:mfa/alice',
      mfaMode: 'direct',
      mfaMaximumAgeSeconds: 900,
      sessionName: 'alice',
      sessionPolicyArns: [
        'arn:aws:iam::aws:policy/SecurityAudit',
        'arn:aws:iam::111122223333:policy/team/Own',
      ],
      durationSeconds: 5400,
      baseDurationSeconds: 7200,
      colour: 'red',
      protected: true,
      pinned: true,
      port: 9301,
    };
    expect(profileOf(draftOf(profileView('deploy', { profile: full })))).toEqual(full);
  });

  test('gives the base of a profile that is based on another one back, and no say in how that takes its code', () => {
    const { profile } = profileView('deploy');
    const above = { ...profile, base: { profile: 'sandbox' } };
    const opened = draftOf(profileView('deploy', { profile: above }));
    expect(profileOf(opened)).toEqual(above);
    expect(profileOf({ ...opened, mfaMode: 'session', mfaMaximumAgeSeconds: '10 min' })).toEqual(above);
  });

  test('leaves out what is empty and drops the spaces that pasting brings', () => {
    const given = profileOf({ ...draft, roleArn: ` ${draft.roleArn}\n`, externalId: ' ' });
    expect(given.roleArn).toBe(draft.roleArn);
    expect(given).not.toHaveProperty('externalId');
  });

  test('says what is wrong with each field, and what would be right', () => {
    const messages = checkDraft({
      ...draft,
      roleArn: 'arn:aws:iam::12:role/x',
      durationSeconds: '20 h',
      sessionName: 'x',
    });
    expect(messages['roleArn']).toContain('arn:aws:iam::123456789012:role/Name');
    expect(messages['durationSeconds']).toContain('Session duration must be 15 min to 12 h');
    expect(messages['sessionName']).toContain('2 to 64 characters');
    expect(Object.keys(messages)).toHaveLength(3);
  });

  test('says the same of a duration that cannot be read as of one that cannot be had', () => {
    expect(checkDraft({ ...draft, durationSeconds: 'soon' })).toEqual(
      checkDraft({ ...draft, durationSeconds: '20 h' }),
    );
  });

  test('says what is wrong with the greatest age of a code, which may be left out', () => {
    expect(checkDraft({ ...draft, mfaMaximumAgeSeconds: '30 s' })['mfaMaximumAgeSeconds']).toContain(
      'Greatest MFA age must be 1 min to 36 h',
    );
    expect(checkDraft({ ...draft, mfaMaximumAgeSeconds: 'soon' })).toHaveProperty('mfaMaximumAgeSeconds');
    expect(checkDraft({ ...draft, mfaMaximumAgeSeconds: ' ' })).toEqual({});
  });

  test('tells beforehand why a session will be shorter than it says', () => {
    const withDevice = [{ ...keyView, mfaSerial: 'arn:aws:iam::111122223333:mfa/alice' }];
    const long = { ...draft, durationSeconds: '2 h' };
    expect(shortenedBy(long, withDevice)).toBeUndefined();
    expect(shortenedBy({ ...long, protected: true }, withDevice)).toBe('protected');
    expect(shortenedBy({ ...long, base: 'profile:sandbox' }, withDevice)).toBe('chained');
    expect(shortenedBy({ ...long, mfaMode: 'session' }, withDevice)).toBe('shared');
    // Without a device there is no code, and so no session of it.
    expect(shortenedBy({ ...long, mfaMode: 'session' }, [keyView])).toBeUndefined();
    expect(shortenedBy({ ...long, mfaMode: 'session', mfaSerial: 'GAHT12345678' }, [keyView])).toBe('shared');
    expect(shortenedBy({ ...draft, mfaMode: 'session' }, withDevice)).toBeUndefined();
    expect(shortenedBy({ ...draft, base: 'profile:sandbox' }, withDevice)).toBeUndefined();
  });

  test('says that a name or a port is taken, but not by the profile that is changed', () => {
    const url = 'http://127.0.0.1:9301/';
    const known = {
      profiles: new Map([['deploy', profileView('deploy')]]),
      status: { ...status, endpoints: [{ profile: 'deploy', port: 9301, url }] },
    };
    const same = { ...draft, name: ' deploy', port: '9301' };
    expect(takenFields(draft, known, undefined)).toEqual({});
    expect(takenFields(same, known, undefined)).toEqual({
      name: 'There is a profile “deploy” already',
      port: 'Port 9301 is that of the profile “deploy” already',
    });
    expect(takenFields(same, known, 'deploy')).toEqual({});
    expect(takenFields({ ...draft, port: String(status.settings.port) }, known, 'deploy')).toEqual({
      port: `Port ${status.settings.port} is that of the endpoint already`,
    });
  });

  test('asks for a base where there is none', () => {
    expect(Object.keys(checkDraft({ ...draft, base: '' }))).toEqual(['base']);
  });
});

describe('the form of an access key', () => {
  const key = {
    label: 'work',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
  };

  test('is right with a label, a key and a region', () => {
    expect(checkKey(key, [])).toEqual({});
  });

  test('calls a label that is missing by the name it has in the form', () => {
    expect(checkKey({ ...key, label: '' }, [])).toEqual({ label: 'Label must have 1 to 64 characters' });
  });

  test('refuses a temporary key by its ID', () => {
    expect(checkKey({ ...key, accessKeyId: 'ASIAIOSFODNN7EXAMPLE' }, [])['accessKeyId']).toContain(
      'begin with AKIA',
    );
  });

  test('says that a label or a key is taken, and lets the same key have its secret anew', () => {
    const other = 'AKIAI44QH8DHBEXAMPLE';
    expect(checkKey(key, [keyView])).toEqual({});
    expect(checkKey({ ...key, accessKeyId: other }, [keyView])).toEqual({
      label: `The label “work” is taken by the access key ${keyView.accessKeyId}`,
    });
    expect(checkKey({ ...key, label: 'home' }, [keyView])).toEqual({
      accessKeyId: 'This access key is there already, as “work”',
    });
    // Whose secret it is to be cannot be told yet.
    expect(checkKey({ ...key, accessKeyId: '' }, [keyView])).not.toHaveProperty('label');
  });

  test('says what is wrong with a secret without repeating it', () => {
    const message = checkKey({ ...key, secretAccessKey: 'not a secret' }, [])['secretAccessKey'];
    expect(message).toContain('16 to 128');
    expect(message).not.toContain('not a secret');
  });

  test('leaves the secret nowhere in JavaScript’s memory of the last match', () => {
    checkKey(key, [keyView]);
    expect(Reflect.get(RegExp, 'input')).toBe('');
  });
});

describe('a problem that the broker tells', () => {
  const problem = { code: 'AlreadyExists', message: 'There is a profile sandbox already' };

  test('stands at the field it names, also where the name is a path', () => {
    expect(messageOfProblem({ ...problem, field: 'profile.name' }, ['name'])).toEqual({
      name: problem.message,
    });
  });

  test('stands at no field that the form does not have', () => {
    expect(messageOfProblem({ ...problem, field: 'other' }, ['name'])).toEqual({});
    expect(messageOfProblem(problem, ['name'])).toEqual({});
  });
});
