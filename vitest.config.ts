import './test/clean-environment.ts';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Playwright's, see playwright.config.ts.
    exclude: ['test/interface/**', 'test/app/**'],
    restoreMocks: true,
    // A test waits for events, which come late on a busy machine.
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
