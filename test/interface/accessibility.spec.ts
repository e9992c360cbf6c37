import type { Page } from '@playwright/test';
import { profileView, status } from '../renderer/views.ts';
import { expect, test } from './latchkey.ts';
import { home, places } from './places.ts';
import { ToldWindow } from './told.ts';

const controls = [
  'button',
  'switch',
  'textbox',
  'searchbox',
  'combobox',
  'checkbox',
  'radio',
  'link',
  'dialog',
  'form',
  'grid',
];

for (const [name, enter] of places) {
  test(`every control has a name: ${name}`, async ({ latchkey, window }) => {
    await enter(latchkey, window);
    const snapshot = await window.page.locator('body').ariaSnapshot();
    const lines = snapshot.split('\n').map((line) => line.trim());
    const found = lines.filter((line) => controls.some((role) => new RegExp(`^- '?${role}\\b`).test(line)));
    expect(found.length).toBeGreaterThan(0);
    // In the snapshot a name stands in quotes behind its role.
    expect(found.filter((line) => !/^- '?\w+ "[^"]+"/.test(line))).toEqual([]);
    expect(
      await window.page
        .getByRole('heading', { level: 1 })
        .or(window.page.getByRole('heading', { level: 2 }))
        .count(),
    ).toBeGreaterThan(0);
  });
}

test('Tab goes through the profiles in the order they are read, one stop for the whole list', async ({
  latchkey,
  window,
}) => {
  await home(latchkey, window);
  await window.search.focus();
  const order: string[] = [];
  for (let presses = 0; presses < 12; presses++) order.push(await tab(window.page));
  expect(order).toEqual([
    '- button "Add role"',
    '- button "Details of guarded"',
    // Past the last one a browser begins again.
    '- button "Profiles"',
    '- button "Activity"',
    '- button "Keys"',
    '- button "Settings"',
    '- button "Lock"',
    '- button "Keyboard shortcuts"',
    '- button "Copy the endpoint’s address": Copy',
    '- button "Read-only"',
    '- button "Console"',
    '- text: Point a shell at it',
  ]);
});

/** Presses Tab; gives what has the focus then, by role and name. */
async function tab(page: Page): Promise<string> {
  await page.keyboard.press('Tab');
  const focused = page.locator(':focus');
  // A page's end is a stop of its own.
  if ((await focused.count()) === 0) return tab(page);
  await expect(focused).not.toHaveCSS('outline-style', 'none');
  return focused.ariaSnapshot();
}

test('every control is within the window, at its least and at full size', async ({ latchkey, window }) => {
  await home(latchkey, window);
  const controls = window.page.locator('button:visible, input:visible, summary:visible');
  for (const width of [320, 380, 800, 1600]) {
    await window.page.setViewportSize({ width, height: 560 });
    expect(await controls.count()).toBeGreaterThan(8);
    for (const control of await controls.all()) {
      const box = await control.boundingBox();
      const name = await control.ariaSnapshot();
      expect(box?.x, `${name} at ${width} px`).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0), `${name} at ${width} px`).toBeLessThanOrEqual(width);
    }
  }
});

test('what turns and what slides in stand still for who wants less motion', async ({ latchkey, page }) => {
  const serial = 'arn:aws:iam::111122223333:mfa/alice';
  const window = await ToldWindow.open(page, latchkey.link, {
    status: { ...status, active: 'deploy' },
    profiles: [profileView('deploy', { session: { state: 'acquiring' } })],
  });
  /** The animations that are there once a code is asked for, which slides in. */
  const moving = async (sinceMs: number): Promise<string[]> => {
    const profile = 'deploy';
    const accountId = '111122223333';
    await window.tellStatus({
      prompts: [{ serial, profile, accountId, cause: 'program', state: 'waiting', sinceMs }],
    });
    await expect(window.field('Six-digit code')).toBeVisible();
    return await page.evaluate(
      `[...document.querySelectorAll('*')]
        .map((element) => getComputedStyle(element).animationName)
        .filter((name) => name !== 'none')`,
    );
  };
  await page.emulateMedia({ reducedMotion: 'reduce' });
  expect(await moving(1)).toEqual([]);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  const names = (await moving(2)).join();
  expect(names).toMatch(/turn/);
  expect(names).toMatch(/arrive/);
});
