import type { Page } from '@playwright/test';
import { aliceKeys } from '../sts/sample-world.ts';
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

const controls = ['button', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'link', 'dialog', 'form', 'grid'];

for (const [name, enter] of places) {
  test(`every control has a name: ${name}`, async ({ latchkey, window }) => {
    await enter(latchkey, window);
    const snapshot = await window.page.locator('body').ariaSnapshot();
    const lines = snapshot.split('\n').map((line) => line.trim());
    const found = lines.filter((line) => controls.some((role) => new RegExp(`^- '?${role}\\b`).test(line)));
    expect(found.length).toBeGreaterThan(0);
    // In the snapshot a name stands in quotes behind its role.
    expect(found.filter((line) => !/^- '?\w+ "[^"]+"/.test(line))).toEqual([]);
    expect(await window.page.getByRole('heading', { level: 1 }).or(window.page.getByRole('heading', { level: 2 })).count()).toBeGreaterThan(0);
  });
}

/** The names of what Tab leads to, from where the focus is, until it leaves the page or comes round. */
async function tabOrder(page: Page): Promise<string[]> {
  const names: string[] = [];
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!(focused instanceof HTMLElement) || focused === document.body) return undefined;
      const label = focused instanceof HTMLInputElement ? focused.labels?.[0]?.textContent : undefined;
      return (focused.getAttribute('aria-label') ?? label ?? focused.textContent).replace(/\s+/g, ' ').trim();
    });
    if (name === undefined || name === names[0]) break;
    names.push(name);
  }
  return names;
}

test('Tab goes through the profiles in the order they are read, one stop for the whole list', async ({ latchkey, window }) => {
  await home(latchkey, window);
  await window.page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  expect(await tabOrder(window.page)).toEqual([
    'Profiles',
    'Keys',
    'Lock',
    'Keyboard shortcuts',
    'Copy the endpoint’s address',
    'Point a shell at it',
    'Search profiles',
    'Add role',
    'Details of guarded',
  ]);
});

test('the focus can be seen wherever Tab leads', async ({ latchkey, window }) => {
  await home(latchkey, window);
  await window.search.focus();
  for (let presses = 0; presses < 8; presses++) {
    await window.page.keyboard.press('Tab');
    const outline = await window.page.evaluate(() => {
      const focused = document.activeElement;
      return focused === null || focused === document.body ? undefined : getComputedStyle(focused).outlineStyle;
    });
    expect(outline).not.toBe('none');
  }
});

test('nothing is wider than the window, at its least and at full size', async ({ latchkey, window }) => {
  await home(latchkey, window);
  for (const width of [320, 380, 800, 1600]) {
    await window.page.setViewportSize({ width, height: 560 });
    const overflow = await window.page.evaluate(() =>
      [...document.querySelectorAll('main, aside, header')].filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.tagName),
    );
    expect(overflow, `at ${width} px`).toEqual([]);
  }
});
