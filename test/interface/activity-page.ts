/** The view "Activity", as a person finds their way in it. */
import type { Locator } from '@playwright/test';
import type { LatchkeyWindow } from './window.ts';

export class ActivityPage {
  readonly filter: Locator;
  readonly log: Locator;
  /** The rows, the latest first. */
  readonly entries: Locator;
  readonly newer: Locator;
  readonly #window: LatchkeyWindow;

  constructor(window: LatchkeyWindow) {
    this.#window = window;
    this.filter = window.page.getByRole('searchbox', { name: 'Filter the log' });
    this.log = window.page.getByRole('list', { name: 'What happened, the latest first' });
    this.entries = this.log.getByRole('button');
    this.newer = window.button(/^\d+ newer$/);
  }

  static async open(window: LatchkeyWindow): Promise<ActivityPage> {
    await window.button('Activity').click();
    return new ActivityPage(window);
  }

  entry(text: string | RegExp): Locator {
    return this.entries.filter({ hasText: text }).first();
  }

  /** What is shown below a row. */
  detailsWith(text: string): Locator {
    return this.log.getByRole('listitem').filter({ has: this.#window.page.getByText(text, { exact: true }) });
  }

  table(caption: string): Locator {
    return this.#window.page.getByRole('table', { name: caption });
  }

  async showRefusedOnly(): Promise<void> {
    await this.#window.page.getByRole('button', { name: 'Refused', exact: true }).click();
  }

  async showAccess(): Promise<void> {
    await this.#window.page.getByRole('button', { name: 'Access', exact: true }).click();
  }

  /** One of the groups of what gives programs a profile of their own. */
  accessTo(heading: string): Locator {
    return this.#window.page.getByRole('region', { name: heading, exact: true });
  }
}
