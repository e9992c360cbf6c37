/**
 * `npm run picture`: makes README's picture, of the window's interface over the demo, in docs/images/window.png.
 * Takes the endpoint's usual port, so that the picture shows what a person will see; it must be free.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { root } from './build.mjs';
import { findChromium } from './find-chromium.mjs';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-picture-'));
const readyFile = join(folder, 'ready.json');
const demo = spawn('node', [join(root, 'scripts/demo.mjs'), '--headless', '--ready-file', readyFile], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const ended = once(demo, 'exit');
try {
  await Promise.race([isThere(), ended.then(() => Promise.reject(new Error('The demo did not start.')))]);
  /** @type {{ interface: string, home: string }} */
  const ready = JSON.parse(readFileSync(readyFile, 'utf8'));
  // One that AWS refuses, one that is protected, and then the active one.
  for (const profile of ['billing', 'production', 'audit']) await use(ready.home, profile);
  await takePicture(ready.interface);
} finally {
  demo.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true });
}

/** @returns {Promise<void>} when the ready file is there */
async function isThere() {
  const watcher = watch(folder);
  await new Promise((resolve) => {
    watcher.on('change', (_kind, name) => {
      if (name === 'ready.json') resolve(undefined);
    });
  });
  watcher.close();
}

/**
 * @param {string} home
 * @param {string} profile
 */
async function use(home, profile) {
  const command = [join(root, 'dist/command/latchkey.cjs'), 'use', profile];
  const environment = { ...process.env, LATCHKEY_HOME: home };
  // The refused one makes it fail, which is what is wanted.
  await promisify(execFile)('node', command, { env: environment }).catch(() => undefined);
}

/** @param {string} link */
async function takePicture(link) {
  const executablePath = findChromium();
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    // Root has no sandbox on Linux; the page is our own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const page = await browser.newPage({
    viewport: { width: 380, height: 560 },
    deviceScaleFactor: 2,
    colorScheme: 'light',
  });
  await page.goto(link);
  await page.getByText('audit-logs').waitFor();
  await page.screenshot({ path: join(root, 'docs/images/window.png') });
  await browser.close();
}
