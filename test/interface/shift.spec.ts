/** That live updates move nothing under a person's eyes and pointer, by what Chromium counts as a layout shift. */
import type { Page } from '@playwright/test';
import type { BrokerEvent, SessionView } from '../../preload/contract.ts';
import { profileView, status } from '../renderer/views.ts';
import { expect, test } from './latchkey.ts';
import { ToldWindow } from './told.ts';

// Made in the page by `ToldWindow`.
declare const tell: (event: BrokerEvent) => void;

const expiresAtMs = Date.now() + 3_600_000;
const sessions: readonly SessionView[] = [
  { state: 'acquiring' },
  { state: 'active', expiresAtMs },
  { state: 'refreshing', expiresAtMs },
  { state: 'active', expiresAtMs },
  { state: 'idle' },
  { state: 'waitingForMfa' },
  { state: 'failed' },
];

/** Begins to count. The result gives what was moved since, as far as it has been drawn. */
async function watchShifts(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(`{
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries())
        globalThis.shifts.push(value.toFixed(4) + ' ' + sources.map(({ node }) => node?.textContent ?? ''));
    }).observe({ type: 'layout-shift' });
  }`);
  return () => drawn(page).then(() => page.evaluate('globalThis.shifts'));
}

/** Once what was told is drawn, and the next frame as well: it is gathered first. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))), 50);
  })`);
}

test('nothing moves as sessions begin, are renewed and end', async ({ latchkey, page }) => {
  const names = ['deploy', 'audit', 'billing'];
  const window = await ToldWindow.open(page, latchkey.link, {
    status: { ...status, active: 'deploy' },
    profiles: names.map((name) => profileView(name)),
  });
  await expect(window.row('billing')).toBeVisible();
  const shifts = await watchShifts(page);
  for (const session of sessions) {
    for (const name of names) {
      await page.evaluate(
        (event) => {
          tell(event);
        },
        { type: 'profile' as const, profile: profileView(name, { session }) },
      );
    }
    await drawn(page);
  }
  await expect(window.row('billing')).toContainText('Failed');
  expect(await shifts()).toEqual([]);
});

test('the count sees what moves', async ({ latchkey, page }) => {
  await ToldWindow.open(page, latchkey.link, { status, profiles: [profileView('deploy')] });
  const shifts = await watchShifts(page);
  await page.evaluate(`document.querySelector('.room').style.paddingTop = '200px'`);
  expect(await shifts()).not.toEqual([]);
});
