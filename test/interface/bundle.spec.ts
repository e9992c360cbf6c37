import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { root } from '../../scripts/build.mjs';
import { interfaceBytes } from '../bench/interface-size.ts';

const folder = join(root, 'dist/renderer');

test('the built interface has 150 KB at most, gzipped', async () => {
  const bytes = await interfaceBytes(folder);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThanOrEqual(150_000);
});

test('it is built for production, whatever program has built it', async () => {
  const files = (await readdir(join(folder, 'assets'))).filter((name) => name.endsWith('.js'));
  expect(files).not.toEqual([]);
  const sources = files.map((name) => readFile(join(folder, 'assets', name), 'utf8'));
  // Svelte notes where each element is from, in a build for development.
  expect((await Promise.all(sources)).join()).not.toContain('App.svelte');
});
