import { describe, expect, it } from 'vitest';
import { typedNumber, wrongWith } from '../../renderer/settings/number.ts';

describe('a number that is typed into a setting', () => {
  it.each([
    ['9300', 9300],
    [' 9300 ', 9300],
    ['', null],
    ['9.3', NaN],
    ['-1', NaN],
    ['1e3', NaN],
    ['0x10', NaN],
    ['ten', NaN],
  ])('“%s” is %s', (typed, value) => {
    expect(typedNumber(typed)).toBe(value);
  });

  it.each([
    ['port', '9300', undefined],
    ['port', '65536', 'Port must be a whole number from 1 to 65535'],
    ['port', 'ten', 'Port must be a whole number from 1 to 65535'],
    ['port', '', 'Port must be a whole number from 1 to 65535'],
    ['lockAfterIdleMinutes', '', undefined],
    ['lockAfterIdleMinutes', '1440', undefined],
    ['lockAfterIdleMinutes', '0', 'The idle time must be whole minutes from 1 to 1440, which is a day'],
    [
      'protectedMinutes',
      '',
      'The time of a protected profile must be whole minutes from 1 to 1440, which is a day',
    ],
  ] as const)('as %s “%s”: %s', (name, typed, message) => {
    expect(wrongWith(name, typed, [])).toBe(message);
  });

  it('is no port that a profile has for its own', () => {
    const endpoints = [{ profile: 'billing', port: 9300, url: 'http://127.0.0.1:9300/' }];
    expect(wrongWith('port', '9300', endpoints)).toBe('Port 9300 is the own port of the profile billing');
    expect(wrongWith('protectedMinutes', '9300', endpoints)).toContain('1440');
    expect(wrongWith('port', '9301', endpoints)).toBeUndefined();
  });
});
