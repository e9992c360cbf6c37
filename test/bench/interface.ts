/**
 * The built interface in Chromium, over the transport that browsers use: its size, how soon it is painted, how long a key
 * typed into the search takes, and whether it stays calm while a thousand events a second come. A frame is late where more
 * than 50 ms are between it and the last.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from '@playwright/test';
import type { Caller } from '../../main/control/caller.ts';
import { serveBrowser, type BrowserServer } from '../../main/control/browser.ts';
import type { Service, ServiceByCaller } from '../../main/control/service.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import type { ActivityRecord, Answer, BrokerEvent, ProfileView, State } from '../../preload/contract.ts';
import { findChromium } from '../../scripts/find-chromium.mjs';
import { startTestBroker } from '../cli/test-broker.ts';
import { keyView, profileView, status } from '../renderer/views.ts';
import { median } from './endpoint.ts';
import { interfaceBytes } from './interface-size.ts';

const paintRounds = 10;
const burst = { eventsPerSecond: 1_000, seconds: 5 };
const profileCount = 10_000;
/** Of them have a session. */
const heldCount = 40;
const accountCount = 300;
const lateMs = 50;
/** Each as typed, its last key timed: after most of them no row is one of those before. */
const typed = [
  ...'a b c d e g h i l m n o p r s t u v w y 0 1 2 3 4 5 6 7 8 9'.split(' '),
  ...['pr', 'prod', 'production-', 'staging-s', 'sandbox-identity', 'developm', 'bill', 'warehouse-r'],
  ...[
    'sbadm',
    'pp',
    'sia',
    'prdep',
    '42',
    '999',
    '1234',
    'reader 7',
    'staging support',
    'admin',
    'audit',
    'mob',
  ],
];
const typedRounds = 5;

const folder = fileURLToPath(new URL('../renderer', import.meta.url));

export async function measureInterface(): Promise<void> {
  const executablePath = findChromium();
  await using browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    // Root has no sandbox on Linux; the page is our own.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  console.log(`Chromium ${browser.version()}, Node ${process.version}.\n`);
  console.log('| the interface | here |');
  console.log('| --- | --- |');
  console.log(`| its files, gzipped | ${((await interfaceBytes(folder)) / 1000).toFixed(1)} KB |`);
  await measurePaint(browser);
  await measureTyping(browser);
  await measureBurst(browser);
}

async function measurePaint(browser: Browser): Promise<void> {
  await using own = await startTestBroker();
  await using server = await serve(own.broker.service);
  const paints: Paint[] = [];
  const barePaints: Paint[] = [];
  for (let round = 0; round <= paintRounds; round++) {
    const paint = await paintOf(browser, server.link());
    const barePaint = await paintOf(browser, 'data:text/html,<h1>Details</h1>');
    if (round === 0) continue; // it warms up
    paints.push(paint);
    barePaints.push(barePaint);
  }
  const tell = (what: string, all: readonly number[]) => {
    console.log(`| ${what} | ${median(all).toFixed(0)} ms, at most ${Math.max(...all).toFixed(0)} ms |`);
  };
  const afterLoad = ({ firstMs, loadedMs }: Paint) => Math.max(0, firstMs - loadedMs);
  tell('first paint, after the page’s load event', paints.map(afterLoad));
  tell('the same of a page with one word, in turn', barePaints.map(afterLoad));
  tell(
    'first paint, after the page was asked for',
    paints.map(({ firstMs }) => firstMs),
  );
  tell(
    'the profiles painted, after the page was asked for',
    paints.map(({ fullMs }) => fullMs),
  );
}

async function paintOf(browser: Browser, url: string): Promise<Paint> {
  const page = await openPage(browser, url);
  await page
    .getByText('Details')
    .or(page.getByRole('button', { name: 'Details of reader' }))
    .waitFor();
  const paint: Paint = await page.evaluate(readPaint);
  await page.context().close();
  return paint;
}

/** All since the page was asked for. */
interface Paint {
  readonly loadedMs: number;
  readonly firstMs: number;
  /** Of the largest thing, which here comes with the profiles. */
  readonly fullMs: number;
}

const readPaint = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    resolve({
      loadedMs: performance.getEntriesByType('navigation')[0].loadEventEnd,
      firstMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      fullMs: list.getEntries().at(-1).startTime,
    });
  }).observe({ type: 'largest-contentful-paint', buffered: true });
})`;

async function measureTyping(browser: Browser): Promise<void> {
  await using server = await serve(new BusyService());
  const page = await openPage(browser, server.link());
  await page.getByPlaceholder(`Search ${profileCount.toLocaleString('en')}`).focus();
  await delay(1000); // what is searched is made ready meanwhile
  const best = new Map<string, number>();
  for (let round = 0; round < typedRounds; round++) {
    for (const query of typed) {
      const ms: number = await page.evaluate(typeLast(query));
      best.set(query, Math.min(ms, best.get(query) ?? Infinity));
    }
  }
  const all = [...best.values()];
  const [slowest = ''] = typed.toSorted((one, other) => (best.get(other) ?? 0) - (best.get(one) ?? 0));
  console.log(
    `| a key typed in the search of ${profileCount.toLocaleString('en')} profiles, until its finds are laid out | ` +
      `${median(all).toFixed(1)} ms, at most ${Math.max(...all).toFixed(1)} ms (${slowest}) |`,
  );
  await page.context().close();
}

/** Types `query` into the search, which has the focus; resolves to how long its last key took until all is laid out. */
function typeLast(query: string): string {
  return `(async () => {
    const field = document.activeElement;
    const firstRow = () => document.querySelector('[role=row]')?.id;
    const typeKey = async (value) => {
      field.value = value;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      // Svelte draws in a microtask, and the list is scrolled to its beginning in a later one.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      return document.body.offsetHeight;
    };
    const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await typeKey(${JSON.stringify(query.slice(0, -1))});
    await frames();
    const startMs = performance.now();
    await typeKey(${JSON.stringify(query)});
    const ms = performance.now() - startMs;
    const drawn = firstRow();
    await frames();
    if (drawn === undefined || drawn !== firstRow()) throw new Error('The finds were drawn later, or there are none.');
    return ms;
  })()`;
}

async function measureBurst(browser: Browser): Promise<void> {
  const service = new BusyService();
  await using server = await serve(service);
  const page = await openPage(browser, server.link());
  await page.getByPlaceholder(`Search ${profileCount.toLocaleString('en')}`).waitFor();
  const { eventsPerSecond, seconds } = burst;
  const shown = `${eventsPerSecond.toLocaleString('en')} events a second`;

  await page.mouse.move(190, 450); // over the list
  const calm = await Promise.all([framesOf(page), scroll(page)]);
  const busy = await Promise.all([framesOf(page), scroll(page), service.tellBurst()]);
  tellFrames(`${profileCount.toLocaleString('en')} profiles scrolled for ${seconds} s, no events`, calm[0]);
  tellFrames(`the same, ${shown}`, busy[0]);
  // What was told has come.
  await page.getByText(/^In the last minutes: program-/).waitFor();

  await page.evaluate('document.activeElement.blur()');
  await page.mouse.wheel(0, -1e7);
  await delay(500);
  await tellShift(page, service, `layout shift of the profiles, ${shown}`);
  await page.getByRole('button', { name: 'Activity' }).click();
  await delay(500);
  await tellShift(page, service, `layout shift of the activity, ${shown}`);
  await page.getByRole('list', { name: 'What happened, the latest first' }).hover();
  const [frames] = await Promise.all([framesOf(page), scroll(page), service.tellBurst()]);
  tellFrames(`the activity scrolled, ${shown}`, frames);
  await page.getByRole('button', { name: /newer$/ }).waitFor();
  await page.context().close();
}

/** Scrolls what is under the pointer up and down, as a hand at a wheel does. */
async function scroll(page: Page): Promise<void> {
  const untilMs = performance.now() + burst.seconds * 1000;
  for (let turn = 0; performance.now() < untilMs; turn++) {
    await page.mouse.wheel(0, Math.floor(turn / 100) % 2 === 0 ? 240 : -240);
    await delay(16);
  }
}

/** The time between each two frames of the burst's length, in milliseconds. */
function framesOf(page: Page): Promise<number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const frames = [];
    const untilMs = performance.now() + ${burst.seconds * 1000};
    let lastMs;
    requestAnimationFrame(function frame(nowMs) {
      if (lastMs !== undefined) frames.push(nowMs - lastMs);
      lastMs = nowMs;
      if (nowMs < untilMs) requestAnimationFrame(frame);
      else resolve(frames);
    });
  })`);
}

function tellFrames(what: string, frames: readonly number[]): void {
  const late = frames.filter((ms) => ms > lateMs).length;
  const longest = Math.max(...frames).toFixed(0);
  console.log(`| ${what} | ${late} of ${frames.length} frames late, the longest ${longest} ms |`);
}

/** As https://web.dev/articles/cls counts it, summed up: 0 is none, 1 the whole window. */
async function tellShift(page: Page, service: BusyService, what: string): Promise<void> {
  await page.evaluate(`{
    globalThis.shift = 0;
    new PerformanceObserver((list) => {
      for (const { value } of list.getEntries()) globalThis.shift += value;
    }).observe({ type: 'layout-shift' });
  }`);
  await service.tellBurst();
  const shift: number = await page.evaluate('globalThis.shift');
  console.log(`| ${what} | ${shift.toFixed(4)} |`);
}

function serve(service: ServiceByCaller): Promise<BrowserServer> {
  return serveBrowser({ service, peer: peerIdentity(), clock: systemClock, folder });
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 380, height: 560 } });
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** A broker with very many profiles, of which very much is told. */
class BusyService implements Service, ServiceByCaller {
  readonly #listeners = new Set<(event: BrokerEvent) => void>();
  readonly #profiles = Array.from({ length: profileCount }, (_, number) => busyProfile(number));
  readonly #state: State = {
    status: { ...status, keys: [keyView], active: busyName(0) },
    profiles: this.#profiles,
  };
  #told = 0;

  by(_caller: Caller): Service {
    return this;
  }

  call(name: string): Promise<Answer<unknown>> {
    if (name === 'state.read') return Promise.resolve({ value: this.#state });
    return Promise.resolve({ value: name === 'activity.read' ? { records: [] } : {} });
  }

  subscribe(listener: (event: BrokerEvent) => void): Disposable {
    this.#listeners.add(listener);
    listener({ type: 'state', state: this.#state });
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Tells as many events as are due in each moment, until the burst is over. */
  async tellBurst(): Promise<void> {
    const startMs = performance.now();
    const count = burst.eventsPerSecond * burst.seconds;
    let told = 0;
    while (told < count) {
      const due = Math.min(count, ((performance.now() - startMs) / 1000) * burst.eventsPerSecond);
      for (; told < due; told++) this.#tell(this.#next());
      await delay(5);
    }
  }

  #tell(event: BrokerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** By turns a program that got credentials, and a session that is renewed, of the first ones, or is tried for in vain. */
  #next(): BrokerEvent {
    const told = ++this.#told;
    const step = Math.floor(told / 2);
    if (told % 2 === 1) return { type: 'activity', records: [servedRecord(told, step % heldCount)] };
    const isHeld = step % 2 === 0;
    const number = (step * 7) % (isHeld ? heldCount : profileCount);
    const isInHand = told % 3 === 0;
    const expiresAtMs = Date.now() + 3_600_000;
    const session: State['profiles'][number]['session'] = isHeld
      ? { state: isInHand ? 'refreshing' : 'active', expiresAtMs }
      : { state: isInHand ? 'acquiring' : 'idle' };
    return { type: 'profile', profile: busyProfile(number, { session }) };
  }
}

const nameParts = [
  ['production', 'staging', 'sandbox', 'development'],
  ['payments', 'search', 'billing', 'identity', 'warehouse', 'mobile', 'platform'],
  ['admin', 'reader', 'deploy', 'auditor', 'support'],
];

/** As `sandbox-billing-reader-1234`. */
function busyName(number: number): string {
  return [...nameParts.map((words) => words[number % words.length]), number].join('-');
}

function busyProfile(number: number, changes: Partial<ProfileView> = {}): ProfileView {
  const accountId = String(100_000_000_000 + (number % accountCount) * 2_718_281_828);
  return profileView(busyName(number), { accountId, ...changes });
}

function servedRecord(id: number, profileNumber: number): ActivityRecord {
  const profile = busyName(profileNumber);
  const program = { pid: id, name: `program-${id % 20}`, startedAtMs: 0, parents: [] };
  return { id, atMs: Date.now(), event: 'served', profile, detail: 'active', count: 1, program };
}
