import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clearAfterMs, SecretClipboard, type ClipboardSource } from '../../main/shell/electron-clipboard.ts';
import { Secret } from '../../main/secret.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

/** Electron's clipboard as far as it is used; promises or none, as its version has them. */
class ClipboardDouble implements ClipboardSource {
  text = 'copied before';
  takes = true;
  readonly #withPromises: boolean;

  constructor(withPromises: boolean) {
    this.#withPromises = withPromises;
  }

  writeText(text: string): Promise<void> | undefined {
    if (this.takes) this.text = text;
    return this.#withPromises ? Promise.resolve() : undefined;
  }

  readText(): Promise<string> | string {
    return this.#withPromises ? Promise.resolve(this.text) : this.text;
  }

  clear(): Promise<void> | undefined {
    this.text = '';
    return this.#withPromises ? Promise.resolve() : undefined;
  }
}

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});
afterEach(() => {
  clock[Symbol.dispose]();
});

describe.each([
  ['since 44', true],
  ['before 44', false],
])('a copied secret, on the clipboard of Electron %s', (_version, withPromises) => {
  it('is on it for a minute, and not longer', async () => {
    const clipboard = new ClipboardDouble(withPromises);
    await using secrets = new SecretClipboard(clipboard, clock);
    await secrets.copy(new Secret(secret));
    clock.advance(clearAfterMs - 1);
    await settled();
    expect(clipboard.text).toBe(secret);
    clock.advance(1);
    await vi.waitFor(() => {
      expect(clipboard.text).toBe('');
    });
  });

  it('is taken off when the app ends before that, and no timer is left', async () => {
    const clipboard = new ClipboardDouble(withPromises);
    const secrets = new SecretClipboard(clipboard, clock);
    await secrets.copy(new Secret(secret));
    await secrets[Symbol.asyncDispose]();
    expect(clipboard.text).toBe('');
    expect(clock.waiting).toBe(0);
  });

  it('leaves alone what was copied after it', async () => {
    const clipboard = new ClipboardDouble(withPromises);
    await using secrets = new SecretClipboard(clipboard, clock);
    await secrets.copy(new Secret(secret));
    clipboard.text = 'a poem';
    clock.advance(clearAfterMs);
    await settled();
    await secrets[Symbol.asyncDispose]();
    expect(clipboard.text).toBe('a poem');
  });

  it('has a whole minute, however long before another one was copied', async () => {
    const clipboard = new ClipboardDouble(withPromises);
    await using secrets = new SecretClipboard(clipboard, clock);
    await secrets.copy(new Secret('the first'));
    clock.advance(clearAfterMs / 2);
    await secrets.copy(new Secret(secret));
    clock.advance(clearAfterMs / 2);
    await settled();
    expect(clipboard.text).toBe(secret);
    expect(clock.waiting).toBe(1);
  });

  it('is refused where the clipboard does not take it', async () => {
    const clipboard = new ClipboardDouble(withPromises);
    clipboard.takes = false;
    await using secrets = new SecretClipboard(clipboard, clock);
    const refusal: unknown = await secrets.copy(new Secret(secret)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'Internal' });
    expect(inspect(refusal)).not.toContain(secret);
    expect(clipboard.text).toBe('copied before');
  });
});

/** All that follows without a timer has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
