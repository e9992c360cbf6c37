/** Standard input or a terminal, line by line. */
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * Reads lines from a terminal, or whatever else standard input is. The terminal stays as it was: it echoes, edits the
 * line and turns Ctrl-C into a signal, so that there is nothing to restore however this process ends.
 */
export class Lines implements Disposable {
  readonly #interface: Interface;
  readonly #unread: string[] = [];
  #isAtEnd = false;
  #wake: () => void = () => undefined;

  constructor(input: Readable = process.stdin) {
    this.#interface = createInterface({ input, terminal: false });
    this.#interface.on('line', (line) => {
      this.#unread.push(line);
      this.#wake();
    });
    this.#interface.on('close', () => {
      this.#isAtEnd = true;
      this.#wake();
    });
  }

  /** The next line, undefined at the end of the input or when `signal` says that it is no longer wanted. */
  async next(signal?: AbortSignal): Promise<string | undefined> {
    while (this.#unread.length === 0 && !this.#isAtEnd && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return signal?.aborted ? undefined : this.#unread.shift();
  }

  [Symbol.dispose](): void {
    // It pauses the input, too, so that a pipe whose writer does not close it keeps no process alive.
    this.#interface.close();
  }
}
