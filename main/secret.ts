import { inspect } from 'node:util';

/**
 * A string that must not be printed. Every way a value usually leaks into a log, an error or a
 * JSON document (`String()`, a template, `JSON.stringify`, `util.inspect`, structured clone)
 * yields a placeholder; only {@link Secret.reveal} gives the text, so that a search for `reveal(`
 * lists each place where a secret leaves its wrapping.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret text itself, for the one call that needs it. Do not keep the result. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
