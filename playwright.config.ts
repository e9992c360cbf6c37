/** The tests in a browser and in Electron. Both run what `npm run build` made, which is brought up to date first. */
import './test/clean-environment.ts';
import { defineConfig } from '@playwright/test';
import { findChromium } from './scripts/find-chromium.mjs';

const executablePath = findChromium();
/** Chromium's sandbox cannot be had as root; only tests go without it. */
const isRoot = process.getuid?.() === 0;

/** How the tests start Chromium. */
export const chromiumOptions = {
  ...(executablePath === undefined ? {} : { executablePath }),
  args: isRoot ? ['--no-sandbox'] : [],
};

export default defineConfig({
  globalSetup: './test/build-first.ts',
  outputDir: 'test-results',
  forbidOnly: process.env['CI'] !== undefined,
  reporter: 'list',
  timeout: 60_000,
  workers: 2,
  use: { screenshot: 'only-on-failure', trace: 'off' },
  projects: [
    {
      name: 'interface',
      testDir: 'test/interface',
      fullyParallel: true,
      use: {
        browserName: 'chromium',
        launchOptions: chromiumOptions,
      },
    },
    // One at a time: each has the desktop's only tray and keychain to itself.
    { name: 'app', testDir: 'test/app', workers: 1 },
  ],
});
