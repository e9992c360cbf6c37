import './test/clean-environment.ts';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Compiles the runes of `.svelte.ts`.
  plugins: [svelte()],
  test: {
    include: ['test/**/*.test.ts'],
    // Playwright's, see playwright.config.ts.
    exclude: ['test/interface/**', 'test/app/**'],
    restoreMocks: true,
    execArgv: ['--import', new URL('./test/typescript-in-threads.mjs', import.meta.url).href],
    // A test waits for events, which come late on a busy machine.
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
