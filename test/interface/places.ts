/** Every place in the window that a person comes to, and the way there: for what is to hold in all of them. */
import { aliceKeys } from '../sts/sample-world.ts';
import { ActivityPage } from './activity-page.ts';
import { enterSample, enterVault, expect } from './latchkey.ts';
import type { Latchkey } from './latchkey.ts';
import { askAs } from './program.ts';
import { SettingsPage } from './settings-page.ts';
import type { LatchkeyWindow } from './window.ts';

export type Place = [name: string, enter: (latchkey: Latchkey, window: LatchkeyWindow) => Promise<void>];

export async function home(latchkey: Latchkey, window: LatchkeyWindow): Promise<void> {
  await enterSample(latchkey);
  await latchkey.call('profiles.use', { name: 'reader' });
  await expect(window.activeCard).toContainText('Ready');
}

export const places: Place[] = [
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
    'a chain with a refused role, and its policies',
    async (latchkey, window) => {
      await home(latchkey, window);
      await latchkey.call('profiles.use', { name: 'not-mine' }).catch(() => undefined);
      await window.button('Details of not-mine').click();
      await window.page.getByText('Policies to copy').click();
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
    'the form of a change of a key',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.button('Keys').click();
      await window.button('Change the key work').click();
    },
  ],
  [
    'the form of a key that is changed',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.button('Keys').click();
      await window.button('Change the key work').click();
    },
  ],
  [
    'the settings',
    async (latchkey, window) => {
      await home(latchkey, window);
      const settings = await SettingsPage.open(window);
      await settings.number('Port').fill('0');
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
      await window.page.getByText('Put it aside').click();
    },
  ],
  [
    'a prompt that was put aside, and the command for the console',
    async (latchkey, window) => {
      await home(latchkey, window);
      void latchkey.call('profiles.use', { name: 'guarded' }).catch(() => undefined);
      await window.page.getByText('Put it aside').click();
      await window.button('Put it aside for 5 min').click();
      await window.row('reader').click();
      await window.activeCard.getByRole('button', { name: 'Console' }).click();
      await expect(window.notice).toContainText('latchkey console');
    },
  ],
  [
    'a program that waits to be allowed',
    async (latchkey, window) => {
      await enterVault(latchkey);
      await askAs('deploy.cjs', latchkey.imds, 'vault');
      await window.page.getByText('Command line').click();
    },
  ],
  [
    'the question before a removal',
    async (latchkey, window) => {
      await home(latchkey, window);
      await window.button('Details of reader').click();
      await window.button('Remove').click();
      await expect(window.page.getByRole('dialog')).toBeVisible();
    },
  ],
  [
    'a page whose broker has ended',
    async (latchkey, window) => {
      await latchkey.end();
      await expect(window.heading('Latchkey is not running')).toBeVisible();
    },
  ],
  [
    'a page that is signed out',
    async (_latchkey, window) => {
      await expect(window.button('Add an access key')).toBeVisible();
      await window.page.evaluate('sessionStorage.clear()');
      await window.page.reload();
      await expect(window.heading('This page is signed out')).toBeVisible();
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
