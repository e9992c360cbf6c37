import { describe, expect, test } from 'vitest';
import type { ProfileView } from '../../preload/contract.ts';
import { search } from '../../renderer/profiles/search.ts';
import { profileView } from './views.ts';

const views = [
  profileView('audit', { accountId: '444455556666', roleName: 'Auditor' }),
  profileView('production-admin', { accountId: '777788889999' }),
  profileView('sandbox-admin'),
  profileView('sandbox-readonly', { roleName: 'ReadOnly' }),
];
const names = (found: readonly ProfileView[]) => found.map(({ profile }) => profile.name);

describe('the search', () => {
  test('finds everything, in its order, for an empty query', () => {
    expect(names(search(views, '  '))).toEqual(names(views));
  });

  test.each([
    ['name', 'sandbox-r', ['sandbox-readonly']],
    ['account ID', '7777', ['production-admin']],
    ['role', 'auditor', ['audit']],
    ['base', 'work', names(views)],
  ])('looks into the %s', (_where, query, found) => {
    expect(names(search(views, query))).toEqual(found);
  });

  test('does not care about case', () => {
    expect(names(search(views, 'READONLY'))).toEqual(['sandbox-readonly']);
  });

  test('wants every word, in any order', () => {
    expect(names(search(views, 'admin sand'))).toEqual(['sandbox-admin']);
    expect(search(views, 'admin nowhere')).toEqual([]);
  });

  test('finds a name by some of its letters in their order', () => {
    expect(names(search(views, 'sbadm'))).toEqual(['sandbox-admin']);
    expect(search(views, 'mdabs')).toEqual([]);
  });

  test('puts a name that begins with the word before one that only has it', () => {
    const both = [profileView('my-prod'), profileView('prod-eu')];
    expect(names(search(both, 'prod'))).toEqual(['prod-eu', 'my-prod']);
  });

  test('puts a whole name first', () => {
    const both = [profileView('prod-eu'), profileView('prod')];
    expect(names(search(both, 'prod'))).toEqual(['prod', 'prod-eu']);
  });

  test('puts names before accounts, roles and bases', () => {
    const both = [profileView('other', { roleName: 'deploy' }), profileView('x-deploy')];
    expect(names(search(both, 'deploy'))).toEqual(['x-deploy', 'other']);
  });

  test('finds roles and access keys by some of their letters, after names', () => {
    const some = [
      profileView('one', { roleName: 'DatabaseOperator' }),
      profileView('two', { profile: { ...profileView('two').profile, base: { key: 'contractor' } } }),
      profileView('dbop'),
    ];
    expect(names(search(some, 'dbop'))).toEqual(['dbop', 'one']);
    expect(names(search(some, 'cntr'))).toEqual(['two']);
  });

  test('finds digits of an account only where they stand together', () => {
    const some = [profileView('one', { accountId: '111122223333' })];
    expect(search(some, '1223')).toEqual([]);
    expect(names(search(some, '2222'))).toEqual(['one']);
  });

  test('does not put letters of the role and of the access key together', () => {
    const some = [profileView('one', { roleName: 'Admin' })];
    expect(names(search(some, 'admn'))).toEqual(['one']);
    expect(search(some, 'admnwrk')).toEqual([]);
  });

  test('puts first letters of words before letters anywhere', () => {
    const some = [profileView('spades'), profileView('production-admin'), profileView('pxxa')];
    expect(names(search(some, 'pa'))).toEqual(['production-admin', 'spades', 'pxxa']);
  });

  test('puts letters that stand closer together first', () => {
    const some = [profileView('saxnxdxb'), profileView('sxandb')];
    expect(names(search(some, 'sndb'))).toEqual(['sxandb', 'saxnxdxb']);
  });
});
