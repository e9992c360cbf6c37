import { expect, test } from 'vitest';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { Secret } from '../../main/secret.ts';

test('a store in memory gives back what was stored, replaced and removed', async () => {
  const store = memorySecretStore();
  expect(await store.read('name')).toBeUndefined();
  await store.write('name', new Secret('first'));
  await store.write('name', new Secret('second'));
  expect((await store.read('name'))?.reveal()).toBe('second');
  expect(await store.remove('name')).toBe(true);
  expect(await store.remove('name')).toBe(false);
  expect(await store.read('name')).toBeUndefined();
});

test('two stores in memory share nothing', async () => {
  const store = memorySecretStore();
  await store.write('name', new Secret('text'));
  expect(await memorySecretStore().read('name')).toBeUndefined();
});
