/** What a command asks a person for on the terminal, where the command line does not say it. */
import { Secret } from '../secret.ts';
import { Refusal } from './command.ts';
import { Lines } from './lines.ts';

/** Whether there is somebody to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY;
}

/**
 * A line that is typed.
 * @param standard what an empty one means
 * @throws Refusal at the end of the input
 */
export async function ask(question: string, standard?: string): Promise<string> {
  process.stderr.write(`${question}${standard === undefined ? '' : ` [${standard}]`}: `);
  const lines = new Lines();
  try {
    const line = await lines.next();
    if (line === undefined) throw new Refusal('it was not answered');
    return line.trim() || (standard ?? '');
  } finally {
    lines[Symbol.dispose]();
  }
}

/**
 * A secret: typed without being shown, or the first line of standard input where that is no terminal.
 * @param what it is, in words
 * @throws Refusal where there is none
 */
export async function askSecret(what: string): Promise<Secret> {
  const typed = canAsk() ? await typedHidden(`${what} (not shown): `) : await firstLine();
  if (typed === undefined || typed === '')
    throw new Refusal(`the ${what.toLowerCase()} is missing; type it, or give it on standard input`);
  return new Secret(typed);
}

async function firstLine(): Promise<string | undefined> {
  const lines = new Lines();
  try {
    return (await lines.next())?.trim();
  } finally {
    lines[Symbol.dispose]();
  }
}

const keys = { interrupt: '\u0003', end: '\u0004', backspace: ['\u007f', '\b'], clear: '\u0015' };

/**
 * What is typed up to the end of the line. The terminal is raw meanwhile, so that it shows nothing; Node sets it back
 * however this process ends, but for SIGKILL.
 */
async function typedHidden(question: string): Promise<string | undefined> {
  const { stdin } = process;
  stdin.setRawMode(true);
  // Not before: what is typed at once would be shown.
  process.stderr.write(question);
  stdin.setEncoding('utf8').resume();
  const typed = new HiddenLine();
  const take = (chunk: string) => {
    typed.take(chunk);
  };
  stdin.on('data', take);
  stdin.once('end', typed.end);
  try {
    return await typed.whole;
  } finally {
    stdin.off('data', take).off('end', typed.end).pause();
    stdin.setRawMode(false);
    process.stderr.write('\n');
  }
}

/** A line by its keys. */
class HiddenLine {
  readonly whole: Promise<string | undefined>;
  #typed = '';
  #finish: (line: string | undefined) => void = () => undefined;

  constructor() {
    this.whole = new Promise((resolve) => (this.#finish = resolve));
  }

  take(chunk: string): void {
    for (const key of chunk) {
      if (key === '\r' || key === '\n') this.#finish(this.#typed.trim());
      else if (key === keys.end) this.end();
      // In a raw terminal it is a key like any other.
      else if (key === keys.interrupt) process.kill(process.pid, 'SIGINT');
      else if (keys.backspace.includes(key)) this.#typed = this.#typed.slice(0, -1);
      else if (key === keys.clear) this.#typed = '';
      else if (key >= ' ') this.#typed += key;
    }
  }

  readonly end = (): void => {
    this.#finish(this.#typed === '' ? undefined : this.#typed.trim());
  };
}
