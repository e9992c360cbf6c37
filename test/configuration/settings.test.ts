import { describe, expect, it } from 'vitest';
import {
  changeInWords,
  keptSettingsSchema,
  settingsChangeSchema,
  standardSettings,
  withChange,
  type Settings,
  type SettingsChange,
} from '../../main/configuration/settings.ts';

describe('the settings of config.json', () => {
  it('are the standard ones where none is there, as in a file of an earlier version', () => {
    expect(keptSettingsSchema.parse({})).toEqual(standardSettings);
  });

  it('are what the file says, each for itself', () => {
    const kept = { port: 9300, lockAfterIdleMinutes: 5, notifications: false };
    expect(keptSettingsSchema.parse(kept)).toEqual({ ...standardSettings, ...kept });
  });
});

describe('a change of the settings', () => {
  it('leaves what it does not name as it was', () => {
    const before: Settings = { ...standardSettings, imdsV1: true, lockAfterIdleMinutes: 5 };
    expect(withChange(before, { lockAfterIdleMinutes: null, port: undefined })).toEqual({
      ...before,
      lockAfterIdleMinutes: null,
    });
    expect(settingsChangeSchema.parse({ imdsV1: true })).toEqual({ imdsV1: true });
  });

  it.each<[SettingsChange | { keys: string[] }, string]>([
    [{ port: 0 }, 'Port must be a whole number from 1 to 65535'],
    [{ port: 65_536 }, 'Port must be a whole number from 1 to 65535'],
    [{ port: 92.5 }, 'Port must be a whole number from 1 to 65535'],
    [{ lockAfterIdleMinutes: 0 }, 'The idle time must be whole minutes from 1 to 1440'],
    [{ lockAfterIdleMinutes: 1441 }, 'The idle time must be whole minutes from 1 to 1440'],
    [{ protectedMinutes: 0.5 }, 'The time of a protected profile must be whole minutes from 1 to 1440'],
    [{ keys: [] }, 'Unrecognized key'],
  ])('to what cannot be is refused: %j', (change, message) => {
    const parsed = settingsChangeSchema.safeParse(change);
    expect(parsed.error?.issues.map((issue) => [issue.code, issue.message])).toEqual(
      message === 'Unrecognized key'
        ? [['unrecognized_keys', expect.any(String) as string]]
        : [[expect.any(String) as string, expect.stringContaining(message) as string]],
    );
  });
});

describe('a change in words', () => {
  const guarded: Settings = {
    ...standardSettings,
    keepMfaSessions: false,
    lockWithScreen: true,
    lockOnSleep: true,
    lockAfterIdleMinutes: 10,
  };

  it.each<[SettingsChange, string]>([
    [{ imdsV1: true }, 'IMDS without a token (version 1) on'],
    [{ keepMfaSessions: true }, 'MFA sessions kept in the keychain on'],
    [{ lockWithScreen: false }, 'lock with the screen off'],
    [{ lockOnSleep: false }, 'lock on sleep off'],
    [{ lockAfterIdleMinutes: 11 }, 'lock after 11 idle min'],
    [{ lockAfterIdleMinutes: null }, 'no lock however long nobody is there'],
    [{ protectedMinutes: 31 }, 'protected profiles active for 31 min'],
    [{ notifications: false }, 'notifications off'],
  ])('says that it weakens a defence: %j', (change, words) => {
    expect(changeInWords(guarded, change)).toBe(`${words} (weakens a defence)`);
  });

  it.each<[SettingsChange, string]>([
    [{ imdsV1: false }, 'IMDS without a token (version 1) off'],
    [{ keepMfaSessions: false }, 'MFA sessions kept in the keychain off'],
    [{ lockWithScreen: true }, 'lock with the screen on'],
    [{ lockOnSleep: true }, 'lock on sleep on'],
    [{ lockAfterIdleMinutes: 9 }, 'lock after 9 idle min'],
    [{ protectedMinutes: 29 }, 'protected profiles active for 29 min'],
    [{ notifications: true }, 'notifications on'],
    [{ port: 9300 }, 'the endpoint’s port 9300'],
  ])('says nothing of the kind where it does not: %j', (change, words) => {
    const open: Settings = {
      ...standardSettings,
      imdsV1: true,
      notifications: false,
      lockAfterIdleMinutes: 10,
    };
    expect(changeInWords(open, change)).toBe(words);
  });

  it('names each that changes, and none that stays', () => {
    expect(changeInWords(guarded, { port: 9300, lockOnSleep: false, lockWithScreen: true })).toBe(
      'the endpoint’s port 9300, lock on sleep off (weakens a defence)',
    );
    expect(changeInWords(guarded, {})).toBe('');
  });
});
