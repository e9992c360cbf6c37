import './test/clean-environment.ts';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Playwright's, see playwright.config.ts.
    exclude: ['test/interface/**', 'test/app/**'],
    restoreMocks: true,
  },
});
