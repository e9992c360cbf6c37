import { describe, expect, test } from 'vitest';
import { Refusal } from '../../main/cli/command.ts';
import { matchName } from '../../main/cli/match.ts';

const names = ['billing', 'billing-prod', 'Shop-Test', 'shop-prod', 'data'];

describe('a name as a person types it', () => {
  test.each([
    ['the name itself, though others begin with it', 'billing', 'billing'],
    ['the name in another case', 'SHOP-TEST', 'Shop-Test'],
    ['its beginning', 'da', 'data'],
    ['its beginning in another case', 'shop-t', 'Shop-Test'],
    ['a part of it', 'test', 'Shop-Test'],
    ['its beginning, though others have it within', 'd', 'data'],
    ['its characters in their order', 'bp', 'billing-prod'],
    ['its characters, some of them twice', 'aa', 'data'],
  ])('may be %s', (_case, typed, meant) => {
    expect(matchName(typed, names, 'profile')).toBe(meant);
  });

  test('that fits several is answered with them', () => {
    expect(() => matchName('prod', names, 'profile')).toThrow(
      new Refusal('"prod" could be billing-prod, shop-prod'),
    );
    expect(() => matchName('shop', names, 'profile')).toThrow(
      new Refusal('"shop" could be Shop-Test, shop-prod'),
    );
  });

  test('that fits none is answered with what there is', () => {
    for (const typed of ['x', 'atad', 'billing-prod-2'])
      expect(() => matchName(typed, names, 'profile')).toThrow(
        new Refusal(
          `there is no profile "${typed}"; there is billing, billing-prod, Shop-Test, shop-prod, data`,
        ),
      );
    expect(() => matchName('x', [], 'profile')).toThrow(
      new Refusal(
        'there is no profile yet; add one with: latchkey profile add, or in the interface: latchkey open',
      ),
    );
    expect(() => matchName('x', [], 'approval')).toThrow(new Refusal('there is no approval yet'));
  });

  test('is answered with five names at most', () => {
    const many = Array.from({ length: 12 }, (_, index) => `role-${index}`);
    expect(() => matchName('role', many, 'profile')).toThrow(
      new Refusal('"role" could be role-0, role-1, role-2, role-3, role-4 and 7 more'),
    );
  });
});
