import { describe, expect, test } from 'vitest';
import type { Prompt } from '../../preload/contract.ts';
import { isAnnouncement, mostUrgentFirst } from '../../renderer/mfa/announcement.ts';

function prompt(serial: string, changes: Partial<Prompt> = {}): Prompt {
  return {
    serial,
    profile: 'sandbox',
    accountId: '111122223333',
    cause: 'program',
    state: 'waiting',
    sinceMs: 0,
    ...changes,
  };
}

describe('a prompt', () => {
  test('is an announcement while the session before it lasts', () => {
    expect(isAnnouncement(prompt('a', { cause: 'renewal', neededAtMs: 1 }))).toBe(true);
    expect(isAnnouncement(prompt('a', { cause: 'renewal' }))).toBe(false);
  });

  test('is none where the person wants to give a fresh code before that is needed', () => {
    expect(isAnnouncement(prompt('a', { cause: 'person', neededAtMs: 1 }))).toBe(false);
  });

  test('stands behind those that somebody waits for, where it is an announcement', () => {
    const prompts = [
      prompt('a', { neededAtMs: 1 }),
      prompt('b'),
      prompt('c', { neededAtMs: 1 }),
      prompt('d'),
    ];
    expect(mostUrgentFirst(prompts).map(({ serial }) => serial)).toEqual(['b', 'd', 'a', 'c']);
  });

  test('stands last where it was put aside, whoever waits for it', () => {
    const prompts = [prompt('a', { snoozedUntilMs: 1 }), prompt('b', { neededAtMs: 1 }), prompt('c')];
    expect(mostUrgentFirst(prompts).map(({ serial }) => serial)).toEqual(['c', 'b', 'a']);
  });
});
