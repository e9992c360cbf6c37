/** The view "Settings", as a person finds their way in it. */
import type { Locator } from '@playwright/test';
import type { LatchkeyWindow } from './window.ts';

export class SettingsPage {
  readonly #window: LatchkeyWindow;

  constructor(window: LatchkeyWindow) {
    this.#window = window;
  }

  static async open(window: LatchkeyWindow): Promise<SettingsPage> {
    await window.button('Settings').click();
    await window.heading('Settings').waitFor();
    return new SettingsPage(window);
  }

  switch(label: string): Locator {
    return this.#window.page.getByRole('switch', { name: label, exact: true });
  }

  number(label: string): Locator {
    return this.#window.page.getByRole('textbox', { name: label, exact: true });
  }

  /** One of the groups, by its heading. */
  group(heading: string): Locator {
    return this.#window.page.getByRole('region', { name: heading, exact: true });
  }

  /** What is said of changes that were saved. */
  get saved(): Locator {
    return this.#window.page.getByRole('status').filter({ hasText: 'Saved' });
  }
}
