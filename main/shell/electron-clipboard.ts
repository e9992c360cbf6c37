import { hash } from 'node:crypto';
import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Secret } from '../secret.ts';

/** What is used of Electron's clipboard. Its methods give promises since Electron 44, before that their results. */
export interface ClipboardSource {
  /** Gives nothing, or a promise of that. */
  clear(): unknown;
  readText(): string | Promise<string>;
  /** As `clear`. */
  writeText(text: string): unknown;
}

/** How long a secret stays on the clipboard. */
export const clearAfterMs = 60_000;

/**
 * Puts secrets on the clipboard, and takes each off again after a minute, or when this ends, unless something else has
 * been copied meanwhile. No copy of it is kept to tell that by, only its SHA-256. A program that keeps a history of the
 * clipboard may keep it longer: Electron cannot write a text together with the marks that such programs heed.
 */
export class SecretClipboard implements AsyncDisposable {
  readonly #clipboard: ClipboardSource;
  readonly #clock: Clock;
  #copied: { readonly sha256: string; readonly clearing: Disposable } | undefined;

  constructor(clipboard: ClipboardSource, clock: Clock) {
    this.#clipboard = clipboard;
    this.#clock = clock;
  }

  /** @throws Failure Internal where the clipboard does not hold it then */
  async copy(secret: Secret): Promise<void> {
    const sha256 = sha256Of(secret.reveal());
    await this.#clipboard.writeText(secret.reveal());
    if (sha256Of(await this.#clipboard.readText()) !== sha256)
      throw new Failure('Internal', 'The clipboard does not hold what was written to it');
    this.#copied?.clearing[Symbol.dispose]();
    this.#copied = { sha256, clearing: this.#clock.schedule(clearAfterMs, () => void this.#clear()) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clear();
  }

  async #clear(): Promise<void> {
    const copied = this.#copied;
    this.#copied = undefined;
    copied?.clearing[Symbol.dispose]();
    try {
      if (copied && sha256Of(await this.#clipboard.readText()) === copied.sha256)
        await this.#clipboard.clear();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`What was copied could not be taken off the clipboard: ${reason}`);
    }
  }
}

function sha256Of(text: string): string {
  return hash('sha256', text);
}
