/** The terminal that a command was typed in, whatever its standard streams are. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

export interface Terminal extends Disposable {
  readonly input: ReadStream;
  write(text: string): void;
}

/** Opens it by descriptors of its own; undefined where there is none. */
export function openTerminal(): Terminal | undefined {
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  // A second one, which the stream closes.
  const input = new ReadStream(openSync('/dev/tty', 'r'));
  return {
    input,
    write: (text) => {
      writeSync(descriptor, text);
    },
    [Symbol.dispose]: () => {
      input.destroy();
      closeSync(descriptor);
    },
  };
}
