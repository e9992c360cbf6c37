import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { firstProblem } from '../first-problem.ts';
import { writePrivateFile } from '../platform/private-file.ts';
import {
  checkConfiguration,
  configurationSchema,
  emptyConfiguration,
  type Configuration,
} from './configuration.ts';
import { withLastingApprovals } from './lasting-approvals.ts';

/** Keeps config.json. Changes are made one after the other, checked as a whole, and are in memory only once they are on disk. */
export class ConfigurationStore implements AsyncDisposable {
  readonly #path: string;
  readonly #listeners = new Set<() => void>();
  #current: Configuration;
  #lastUpdate: Promise<void> = Promise.resolve();

  private constructor(path: string, current: Configuration) {
    this.#path = path;
    this.#current = current;
  }

  /**
   * Reads config.json in `home`, or begins with an empty one where there is none.
   * @throws Failure ConfigUnreadable, leaving the file as it is, where it is cut off, malformed or of a newer version.
   */
  static async open(home: string): Promise<ConfigurationStore> {
    const path = join(home, 'config.json');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure('ConfigUnreadable', `${path} cannot be read: ${reason}`, { cause: error });
    });
    return new ConfigurationStore(path, text === undefined ? emptyConfiguration : parse(path, text));
  }

  /** What config.json holds now. Replaced as a whole by each update, never changed in place. */
  get current(): Configuration {
    return this.#current;
  }

  /**
   * Replaces the configuration by what `change` makes of it.
   * @throws Failure of `checkConfiguration`, or of `change` itself; then nothing has changed.
   */
  async update(change: (configuration: Configuration) => Configuration): Promise<void> {
    const update = this.#lastUpdate.then(async () => {
      const next = withLastingApprovals(this.#current, change(this.#current));
      checkConfiguration(next);
      await writePrivateFile(this.#path, `${JSON.stringify(next, undefined, 2)}\n`);
      this.#current = next;
      for (const listener of this.#listeners) listener();
    });
    this.#lastUpdate = update.catch(() => undefined);
    await update;
  }

  /** Waits for what is being written down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastUpdate;
  }

  /** Calls `listener` after each update. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

function parse(path: string, text: string): Configuration {
  const advice = 'Latchkey has left the file as it is. Mend it, or move it away to begin anew.';
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure('ConfigUnreadable', `${path} is not complete JSON: ${placeOf(error, text)}. ${advice}`);
  }
  const parsed = configurationSchema.safeParse(document);
  if (!parsed.success) {
    const { path: place, message } = firstProblem(parsed.error);
    throw new Failure(
      'ConfigUnreadable',
      `${path} is not a Latchkey configuration: ${place ? `${place}: ` : ''}${message}. ${advice}`,
    );
  }
  try {
    checkConfiguration(parsed.data);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure('ConfigUnreadable', `${path}: ${error.message}. ${advice}`, { cause: error });
  }
  return parsed.data;
}

/** Where JSON goes wrong. The parser's own words repeat a part of the file, in which somebody may have put a secret. */
function placeOf(error: unknown, text: string): string {
  const [, position] = /position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  if (position === undefined) return `it is cut off, or malformed, in its ${text.split('\n').length} lines`;
  const before = text.slice(0, Number(position)).split('\n');
  return `it is cut off or malformed at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
