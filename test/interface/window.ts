/** The interface as a person finds their way in it: by headings, labels and words, not by its markup. */
import type { Locator, Page } from '@playwright/test';

export class LatchkeyWindow {
  readonly page: Page;
  readonly search: Locator;
  readonly activeCard: Locator;
  readonly notice: Locator;

  constructor(page: Page) {
    this.page = page;
    this.search = page.getByRole('combobox', { name: 'Search profiles' });
    this.activeCard = page.getByRole('region', { name: 'Active profile' });
    this.notice = page.getByRole('alert');
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name });
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole('heading', { name });
  }

  /** A text field by its label. */
  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true });
  }

  /** The message at a field, which is also what a screen reader says of it. */
  async messageAt(label: string): Promise<string> {
    const ids = await this.field(label).getAttribute('aria-describedby');
    const parts = (ids ?? '').split(' ').filter((id) => id.endsWith('-message'));
    const texts = parts.map((id) => this.page.locator(`[id="${id}"]`).innerText());
    return (await Promise.all(texts)).join(' ');
  }

  /** A profile's row in the list. */
  row(name: string): Locator {
    return this.page.getByRole('row').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** The names in the list, from the top. */
  async listedNames(): Promise<string[]> {
    const labels = await this.page.getByRole('button', { name: /^Details of / }).all();
    const names = labels.map((label) => label.getAttribute('aria-label'));
    return (await Promise.all(names)).map((name) => (name ?? '').replace('Details of ', ''));
  }

  /** Fills in the form of a key and sends it, the secret by keystrokes, as a person does. */
  async addKey(key: { label: string; accessKeyId: string; secretAccessKey: string }): Promise<void> {
    await this.field('Label').fill(key.label);
    await this.field('Access key ID').fill(key.accessKeyId);
    await this.typeSecret(key.secretAccessKey);
    await this.button('Verify and add').click();
  }

  async typeSecret(secret: string): Promise<void> {
    await this.field('Secret access key').focus();
    await this.page.keyboard.insertText(secret);
  }
}

/** The panel that asks for one device's code. */
export class MfaPanel {
  readonly panel: Locator;
  readonly code: Locator;

  constructor({ page }: LatchkeyWindow, device: string) {
    this.panel = page.getByRole('form', { name: `Code for ${device}` });
    this.code = this.panel.getByLabel('Six-digit code');
  }
}
