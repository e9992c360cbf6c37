/**
 * `npm run pictures`: makes the pictures of README, each view of the interface in light and in dark, in docs/images.
 * They are of the demo, but for the first run, which is of a broker that has nothing. Takes the endpoint's usual
 * port, so that they show what a person will see; it must be free.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { buildStale, root } from './build.mjs';
import { findChromium } from './find-chromium.mjs';
import { smallPng } from './small-png.mjs';

/** As the desktop's window opens, and at its full size. */
const small = { width: 380, height: 560 };
const wide = { width: 1040, height: 680 };

/** A program that asks the endpoint as SDKs do. Its connection stays open while it is looked up who asks. */
const program = `
import { Agent, request } from 'node:http';
const agent = new Agent({ keepAlive: true });
const ask = (path, method, headers) =>
  new Promise((resolve) => {
    request(new URL(path, process.argv[2]), { agent, method, headers }, async (response) => {
      resolve((await response.toArray()).join(''));
    }).end();
  });
const token = await ask('latest/api/token', 'PUT', { 'X-aws-ec2-metadata-token-ttl-seconds': '60' });
const headers = { 'X-aws-ec2-metadata-token': token };
const roles = 'latest/meta-data/iam/security-credentials/';
await ask(roles + (await ask(roles, 'GET', headers)), 'GET', headers);
setTimeout(() => agent.destroy(), 1000);
`;

/** What a page does with a PNG in base64 to get at its pixels. A text, since the page's globals are not Node's. */
const readPixels = `async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]));
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let text = '';
  for (let at = 0; at < data.length; at += 0x4000) text += String.fromCharCode(...data.subarray(at, at + 0x4000));
  return { pixels: btoa(text), width, height };
}`;

/** @typedef {{ interface: string, imds: string, home: string }} Ready what the ready file says */
/** @typedef {import('@playwright/test').Page} Page */

await buildStale();
const folder = await mkdtemp(join(tmpdir(), 'latchkey-pictures-'));
/** Where the programs that ask are and work. It is in a picture, so it has a plain name. */
const programs = join(tmpdir(), 'infrastructure');
await mkdir(programs);
/** Under the name that npm gives it, which the interface shows. */
const command = join(folder, 'latchkey');
await symlink(join(root, 'dist/command/latchkey.cjs'), command);
const executablePath = findChromium();
const browser = await chromium.launch({
  ...(executablePath === undefined ? {} : { executablePath }),
  // Root has no sandbox on Linux; the page is our own.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
const workshop = await browser.newPage();
try {
  const empty = join(folder, 'empty');
  await mkdir(empty, { mode: 0o700 });
  await withBroker(
    ['dist/main/headless.js', '--secrets', 'memory'],
    { LATCHKEY_HOME: empty },
    pictureFirstRun,
  );
  await withBroker(['scripts/demo.mjs', '--headless'], {}, pictureDemo);
} finally {
  await browser.close();
  for (const made of [folder, programs]) await rm(made, { recursive: true });
}

/** @param {Ready} ready */
async function pictureFirstRun(ready) {
  const page = await open(ready);
  await page.getByRole('button', { name: 'Add an access key' }).waitFor();
  await take(page, 'first-run');
}

/** @param {Ready} ready */
async function pictureDemo(ready) {
  // One that AWS refuses, one that is protected, and then the active one, which programs use.
  for (const profile of ['billing', 'production', 'audit']) await use(ready, profile);
  for (const name of ['inventory.mjs', 'nightly-report.mjs', 'inventory.mjs']) await runProgram(ready, name);

  const page = await open(ready);
  const { keyboard } = page;
  await page.getByText('audit-logs').waitFor();
  await page.getByText('In the last minutes').waitFor();
  await take(page, 'switch');
  await page.setViewportSize(wide);
  await page.getByRole('button', { name: 'Details of billing' }).click();
  await take(page, 'chain');
  await page.setViewportSize(small);
  await keyboard.press('Escape');

  await page.getByRole('button', { name: 'Activity' }).click();
  await take(page, 'activity');
  await page.getByRole('button', { name: 'Keys' }).click();
  await take(page, 'keys');
  await page.getByRole('button', { name: 'Settings' }).click();
  await take(page, 'settings');
  await page.getByRole('button', { name: 'Profiles' }).click();

  const waiting = use(ready, 'development');
  await page.getByLabel('Six-digit code').waitFor();
  await take(page, 'mfa');
  await page.getByRole('button', { name: 'Not now' }).click();
  await waiting;

  await use(ready, 'production');
  await runProgram(ready, 'deploy.mjs');
  await page.getByRole('button', { name: 'Always' }).waitFor();
  await take(page, 'approval');
  await page.getByRole('button', { name: 'Deny' }).click();

  await page.getByRole('button', { name: 'Lock' }).click();
  await page.getByRole('button', { name: 'Unlock' }).waitFor();
  await take(page, 'locked');
}

/**
 * Starts a broker, does something with it once it serves, and ends it.
 * @param {string[]} line
 * @param {NodeJS.ProcessEnv} env
 * @param {(ready: Ready) => Promise<void>} pictures
 */
async function withBroker([script = '', ...args], env, pictures) {
  const readyFile = join(folder, 'ready.json');
  const broker = spawn(process.execPath, [join(root, script), ...args, '--ready-file', readyFile], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(broker, 'exit');
  const isOver = new AbortController();
  void ended.then(() => isOver.abort());
  try {
    /** @type {string | undefined} */
    let ready;
    while (ready === undefined) {
      await delay(100, undefined, { signal: isOver.signal });
      ready = await readFile(readyFile, 'utf8').catch(() => undefined);
    }
    await pictures(JSON.parse(ready));
  } finally {
    broker.kill('SIGTERM');
    await ended;
    await rm(readyFile, { force: true });
  }
}

/** @param {Ready} ready */
async function open(ready) {
  const page = await browser.newPage({ viewport: small, deviceScaleFactor: 2, reducedMotion: 'reduce' });
  await page.goto(ready.interface);
  return page;
}

/**
 * Both pictures of what the page shows.
 * @param {Page} page
 * @param {string} name
 */
async function take(page, name) {
  // Nothing is to look as if it were pointed at.
  await page.mouse.move(0, 0);
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    const png = await compressed(await page.screenshot());
    await writeFile(join(root, `docs/images/${name}-${colorScheme}.png`), png);
  }
}

/**
 * The same picture in a file of a fraction of the size.
 * @param {Buffer} png
 */
async function compressed(png) {
  /** @type {{ pixels: string, width: number, height: number }} */
  const picture = await workshop.evaluate(`(${readPixels})('${png.toString('base64')}')`);
  return smallPng(Buffer.from(picture.pixels, 'base64'), picture.width, picture.height);
}

/**
 * Uses a profile as a terminal does, and waits until that is done or refused: one of them AWS refuses.
 * @param {Ready} ready
 * @param {string} profile
 */
async function use(ready, profile) {
  const env = { ...process.env, LATCHKEY_HOME: ready.home };
  await promisify(execFile)(process.execPath, [command, 'use', profile], { env }).catch(() => undefined);
}

/**
 * Has a program of this name ask for credentials.
 * @param {Ready} ready
 * @param {string} name
 */
async function runProgram(ready, name) {
  await writeFile(join(programs, name), program);
  // One that was written less than a second before its start is not known again: it might have been changed after it.
  await delay(1_100);
  // In a shell that this script is no parent of, as in a terminal. Its output is waited for, so its end is, too.
  const line = `(bash -c 'node "$0" "$1"; true' "$0" "$1" &)`;
  await promisify(execFile)('bash', ['-c', line, `./${name}`, ready.imds], { cwd: programs });
}
