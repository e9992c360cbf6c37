import type { Page } from '@playwright/test';
import { aliceKeys } from '../sts/sample-world.ts';
import { ActivityPage } from './activity-page.ts';
import { enterSample, expect, test } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import type { LatchkeyWindow } from './window.ts';

type Place = [name: string, enter: (latchkey: Latchkey, window: LatchkeyWindow) => Promise<void>];

async function home(latchkey: Latchkey, window: LatchkeyWindow): Promise<void> {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('Ready');
}

const places: Place[] = [
  ['the first run', async (_latchkey, window) => expect(window.button('Add an access key')).toBeVisible()],
  ['the profiles', home],
  [
    'a profile’s details',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.button('Details of guarded').click();
    },
  ],
  [
    'a read-only profile, and one used before',
    async (latchkey, window) => {
      await home(latchkey, window);
      await latchkey.call('profiles.use', { name: 'not-mine' }).catch(() => undefined);
      await window.activeCard.getByRole('button', { name: 'Read-only' }).click();
      await expect(window.activeCard.getByRole('button', { name: 'Read-only' })).toHaveAttribute(
        'aria-pressed',
        'true',
      );
    },
  ],
  [
    'the form of a role',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.button('Add role').click();
      await window.page.getByText('More', { exact: true }).click();
      await window.button('Save').click();
      await expect(window.field('Name')).toBeFocused();
    },
  ],
  [
    'the activity',
    async (latchkey, window) => {
      await home(latchkey, window);
      const activity = await ActivityPage.open(window);
      await activity.entry('Switched to').click();
    },
  ],
  [
    'who has access',
    async (latchkey, window) => {
      await home(latchkey, window);
      await latchkey.call('folders.set', { folder: '/src', profile: 'reader' });
      await (await ActivityPage.open(window)).showAccess();
      await expect(window.heading('Folders')).toBeVisible();
    },
  ],
  [
    'the keys',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.button('Keys').click();
    },
  ],
  [
    'the form of a key',
    async (_latchkey, window) => {
      await window.button('Add an access key').click();
    },
  ],
  [
    'an added key',
    async (_latchkey, window) => {
      await window.button('Add an access key').click();
      await window.addKey({ label: 'work', ...aliceKeys });
      await expect(window.heading('AWS knows this key')).toBeVisible();
    },
  ],
  [
    'the MFA prompt',
    async (latchkey, window) => {
      await enterSample(latchkey);
      void latchkey.call('profiles.use', { name: 'guarded' }).catch(() => undefined);
      await expect(window.field('Six-digit code')).toBeVisible();
    },
  ],
  [
    'the locked window',
    async (latchkey, window) => {
      await latchkey.call('sessions.lock', {});
      await expect(window.button('Unlock')).toBeVisible();
    },
  ],
  [
    'the shortcuts',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.search.press('?');
      await expect(window.heading('Keyboard shortcuts')).toBeVisible();
    },
  ],
];

const controls = [
  'button',
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
  for (let presses = 0; presses < 11; presses++) order.push(await tab(window.page));
  expect(order).toEqual([
    '- button "Add role"',
    '- button "Details of guarded"',
    // Past the last one a browser begins again.
    '- button "Profiles"',
    '- button "Activity"',
    '- button "Keys"',
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
