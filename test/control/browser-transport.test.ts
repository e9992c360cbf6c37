import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page, type Request } from '@playwright/test';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serveBrowser, type BrowserServer } from '../../main/control/browser.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { Resources } from '../../main/resources.ts';
import type { Answer, BrokerEvent, LatchkeyApi } from '../../preload/contract.ts';
import { findChromium } from '../../scripts/find-chromium.mjs';
import { needs } from '../platform/needs.ts';
import { ServiceStandIn } from './service-stand-in.ts';

const executablePath = findChromium() ?? chromium.executablePath();
const withChromium = needs(
  existsSync(executablePath),
  'no Chromium here: install the package chromium, or run npx playwright install chromium',
);

/** What the test's page shows of itself. */
interface PageWindow {
  readonly api: LatchkeyApi;
  readonly events: BrokerEvent[];
  /** How often the events were told to have stopped. */
  readonly interruptions: number;
}

let browser: Browser;
let folder: string;
let opened: Resources;
let service: ServiceStandIn;
let server: BrowserServer;

beforeAll(async () => {
  if (withChromium.missing) return;
  folder = await mkdtemp(join(tmpdir(), 'latchkey-transport-'));
  await buildPage(folder);
  browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}, 60_000);
afterAll(async () => {
  if (withChromium.missing) return;
  await browser.close();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  opened = new Resources();
  service = new ServiceStandIn();
  server = opened.use(
    await serveBrowser({ service, peer: peerIdentity(), clock: systemClock, folder: join(folder, 'dist') }),
  );
});
afterEach(() => opened[Symbol.asyncDispose]());

describe.skipIf(withChromium.missing)(
  `the contract in a browser${withChromium.note}`,
  { timeout: 30_000 },
  () => {
    test('comes by a link whose secret leaves the address bar, and stays over a reload', async () => {
      service.answer = () => Promise.resolve({ value: { link: null } });
      const page = await openPage(server.link());
      expect(page.url()).toBe(`${server.origin}/`);
      expect(await call(page)).toEqual({ value: { link: null } });
      expect(service.received).toEqual([{ name: 'interface.open', input: {} }]);
      await page.reload();
      expect(await call(page)).toEqual({ value: { link: null } });
    });

    test('tells the state and then each change', async () => {
      const page = await openPage(server.link());
      expect(await eventAt(page, 0)).toEqual({ type: 'state', state: service.state });
      service.moveEndpoint('http://127.0.0.1:1/');
      expect(await eventAt(page, 1)).toMatchObject({
        type: 'status',
        status: { endpoint: 'http://127.0.0.1:1/' },
      });
    });

    test('needs signing in without a link, or by a link that was used', async () => {
      const link = server.link();
      await openPage(link);
      for (const url of [server.origin, link]) {
        const page = await openPage(url);
        expect(await call(page)).toMatchObject({ problem: { code: 'SignInNeeded' } });
      }
      expect(service.received).toEqual([]);
    });

    test('is had again by a new link for the page that is open', async () => {
      const page = await openPage(server.origin);
      expect(await call(page)).toMatchObject({ problem: { code: 'SignInNeeded' } });
      await page.goto(server.link());
      expect(await eventAt(page, 0)).toMatchObject({ type: 'state' });
      expect(page.url()).toBe(`${server.origin}/`);
      service.answer = () => Promise.resolve({ value: { link: null } });
      expect(await call(page)).toEqual({ value: { link: null } });
    });

    test('goes on telling the events where a connection was lost, from the state on', async () => {
      const sockets: Socket[] = [];
      const collect = (message: unknown) => void sockets.push((message as { socket: Socket }).socket);
      subscribe('net.server.socket', collect);
      opened.use({ [Symbol.dispose]: () => void unsubscribe('net.server.socket', collect) });
      const page = await openPage(server.link());
      await eventAt(page, 0);
      for (const socket of sockets) socket.destroy();
      service.endpoint = 'http://127.0.0.1:2/';
      expect(await eventAt(page, 1)).toEqual({ type: 'state', state: service.state });
      expect(await interruptions(page)).toBe(1);
    });

    test('tells once that the events have stopped, however often they are asked for in vain', async () => {
      const page = await openPage(server.link());
      await eventAt(page, 0);
      expect(await interruptions(page)).toBe(0);
      const isRefused = (request: Request) => request.failure()?.errorText.includes('REFUSED') ?? false;
      // A try comes after the one before it has been dealt with.
      const firstTry = page.waitForEvent('requestfailed', isRefused);
      await server[Symbol.asyncDispose]();
      await firstTry;
      await page.waitForEvent('requestfailed', isRefused);
      expect(await interruptions(page)).toBe(1);
    });

    test('says that nobody is there when the broker has ended', async () => {
      const page = await openPage(server.link());
      await eventAt(page, 0);
      await server[Symbol.asyncDispose]();
      expect(await call(page)).toMatchObject({ problem: { code: 'NotRunning' } });
    });

    test('carries a problem with its code, and takes no answer of another form', async () => {
      const page = await openPage(server.link());
      const problem = { code: 'Locked', message: 'Latchkey is locked' };
      service.answer = () => Promise.resolve({ problem });
      expect(await call(page)).toEqual({ problem });
      service.answer = () => Promise.resolve({ value: { link: 1 } });
      expect(await call(page)).toMatchObject({ problem: { code: 'Internal' } });
    });
  },
);

async function openPage(url: string): Promise<Page> {
  const context = await browser.newContext();
  opened.use({ [Symbol.asyncDispose]: () => context.close() });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

function call(page: Page): Promise<Answer<unknown>> {
  return page.evaluate(() => (globalThis as unknown as PageWindow).api.call('interface.open', {}));
}

function interruptions(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as PageWindow).interruptions);
}

/** The event of that number, when it has come. */
async function eventAt(page: Page, index: number): Promise<BrokerEvent | undefined> {
  await page.waitForFunction((at) => (globalThis as unknown as PageWindow).events.length > at, index);
  return page.evaluate((at) => (globalThis as unknown as PageWindow).events[at], index);
}

/** Builds a page that is nothing but the transport. */
async function buildPage(root: string): Promise<void> {
  const transport = join(import.meta.dirname, '../../preload/browser.ts');
  await writeFile(join(root, 'index.html'), '<!doctype html><script type="module" src="/page.ts"></script>');
  await writeFile(
    join(root, 'page.ts'),
    `import { connect } from ${JSON.stringify(transport)};
     window.events = [];
     window.api = connect();
     window.interruptions = 0;
     window.api.subscribe((event) => window.events.push(event), () => window.interruptions++);`,
  );
  await build({ root, configFile: false, logLevel: 'error', build: { outDir: join(root, 'dist') } });
}
