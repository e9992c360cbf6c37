import { describe, expect, test } from 'vitest';
import { text } from '../../renderer/text.ts';
import { profileView } from './views.ts';

const { keys, keyForm, firstRun } = text;

describe('what is said of secrets', () => {
  test.each([
    ['of all keys', keys.custody],
    ['before a key is removed', keys.removeHint],
    ['in the form of a key', keyForm.intro],
    ['of an added key', keyForm.addedHint('work')],
    ['at the first run', firstRun.explanation],
  ])('is true of where they are kept: %s', (_place, said) => {
    expect(said.keychain).toContain('keychain');
    expect(said.keychain).not.toContain('memory');
    expect(said.memory).toContain('Latchkey’s memory');
    expect(said.memory).not.toContain('keychain');
  });
});

test('a page whose broker has ended does not say that it goes on by itself', () => {
  expect(text.gone.explanation).toContain('a new link');
  expect(text.gone.explanation).not.toContain('by itself');
});

describe('programs that hold credentials', () => {
  const untilMs = Date.parse('2026-01-01T14:32:00');

  test.each([
    [['terraform'], 'terraform has'],
    [['aws', 'terraform'], 'aws and terraform have'],
    [['a', 'b', 'c', 'd'], 'a, b, c and d have'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more have'],
    [[], 'programs that are not known have'],
  ])('are named as long as they are few: %j', (programs, said) => {
    const line = text.handedOut.line({ profile: 'production', untilMs, programs });
    expect(line).toMatch(new RegExp(`^production: ${said} credentials until \\d`));
  });
});

describe('a session’s duration', () => {
  const said = (durationSeconds: number, effectiveDurationSeconds: number, isProtected: boolean) => {
    const { profile } = profileView('sandbox');
    return text.profiles.durationValue(
      profileView('sandbox', {
        profile: { ...profile, durationSeconds, protected: isProtected },
        effectiveDurationSeconds,
      }),
    );
  };

  test('is told with the reason where it is shorter than what was set', () => {
    expect(said(3600, 3600, false)).toBe('1 hour');
    expect(said(7200, 3600, false)).toContain('1 hour (2 hours set; STS allows no more');
    expect(said(3600, 900, true)).toBe('15 minutes (1 hour set; a protected profile gets no more)');
    expect(said(900, 900, true)).toBe('15 minutes');
  });
});

describe('a code that will be needed', () => {
  test('is announced by the minute, without a hasty last one', () => {
    expect(text.mfa.announced(599)).toBe('Needed in 9 minutes; give it now and nothing stops.');
    expect(text.mfa.announced(59)).toBe('Needed within a minute; give it now and nothing stops.');
  });
});
