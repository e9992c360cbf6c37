import { describe, expect, test } from 'vitest';
import { text } from '../../renderer/text.ts';

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
