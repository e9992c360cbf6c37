import { hash, randomBytes } from 'node:crypto';
import { findProfile, type Configuration } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import { Secret } from '../secret.ts';
import type { NamedToken } from './access.ts';

const tokenBytes = 32;
const mostNamed = 256;
const mostLaunches = 1024;

/** Uses are told of, and written down, this often: a program asks many times a second. */
const tellEveryMs = 60_000;
const writeEveryMs = 3_600_000;

/** A token for one launched program. It opens nothing any more once it is disposed of. */
export interface LaunchToken extends Disposable {
  readonly token: Secret;
}

/**
 * The bearer tokens of the container endpoint, each for one profile: named ones in config.json, good until they are
 * revoked, and those of launched programs, in memory. Of each only its SHA-256 is kept. Tokens are found by that, so how
 * long it takes tells of hashes alone; and of 256 random bits no hash says anything.
 */
export class ContainerTokens implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #configuration: ConfigurationStore;
  readonly #watch: Disposable;
  /** By SHA-256; made anew where config.json has others. */
  #named: ReadonlyMap<string, NamedToken>;
  #indexed: Configuration['tokens'];
  /** The profiles of launched programs' tokens, by SHA-256. */
  readonly #launches = new Map<string, string>();
  /** Uses that are not written down yet, by SHA-256. */
  readonly #lastUsedAtMs = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #telling: Disposable | undefined;
  #writing: Disposable | undefined;

  constructor({
    clock,
    configuration,
  }: {
    readonly clock: Clock;
    readonly configuration: ConfigurationStore;
  }) {
    this.#clock = clock;
    this.#configuration = configuration;
    this.#indexed = configuration.current.tokens;
    this.#named = bySha256(this.#indexed);
    this.#watch = configuration.onChange(() => {
      this.#follow();
    });
  }

  /**
   * Makes a named token, good until it is revoked or its profile removed. It is told this once.
   * @throws Failure NotFound (field `profile`), AlreadyExists (field `name`), or InvalidInput where there are too many
   */
  async create(name: string, profile: string): Promise<Secret> {
    const token = newToken();
    const sha256 = sha256Of(token.reveal());
    await this.#configuration.update((configuration) => {
      const { tokens } = configuration;
      this.#checkProfile(profile);
      if (tokens.some((other) => other.name === name))
        throw new Failure('AlreadyExists', `There is a token "${name}" already`, { field: 'name' });
      if (tokens.length >= mostNamed)
        throw new Failure('InvalidInput', `There are ${mostNamed} tokens already; revoke one of them first`);
      const created = { name, profile, sha256, createdAtMs: this.#clock.now(), lastUsedAtMs: null };
      return { ...configuration, tokens: [...tokens, created] };
    });
    return token;
  }

  /** Ends a named token. @throws Failure NotFound */
  async revoke(name: string): Promise<void> {
    await this.#configuration.update((configuration) => {
      const tokens = configuration.tokens.filter((token) => token.name !== name);
      if (tokens.length === configuration.tokens.length)
        throw new Failure('NotFound', `There is no token "${name}"; latchkey token shows those there are`, {
          field: 'name',
        });
      return { ...configuration, tokens };
    });
  }

  /**
   * A token for one launched program; its owner disposes of it when that ends.
   * @throws Failure NotFound (field `profile`), or InvalidInput where there are too many
   */
  launch(profile: string): LaunchToken {
    this.#checkProfile(profile);
    if (this.#launches.size >= mostLaunches)
      throw new Failure('InvalidInput', `${mostLaunches} launched programs have a token already`);
    const token = newToken();
    const sha256 = sha256Of(token.reveal());
    this.#launches.set(sha256, profile);
    return { token, [Symbol.dispose]: () => void this.#launches.delete(sha256) };
  }

  /** The profile that a token is for, undefined for none of ours; notes the use of a named one. */
  profileOf(token: string): string | undefined {
    const sha256 = sha256Of(token);
    const named = this.#named.get(sha256);
    if (!named) return this.#launches.get(sha256);
    if (!findProfile(this.#configuration.current, named.profile)) return undefined;
    this.#noteUse(sha256);
    return named.profile;
  }

  /** The named tokens, the oldest first; not the tokens themselves. */
  list(): Omit<NamedToken, 'sha256'>[] {
    return this.#indexed.map(({ sha256, ...token }) => ({
      ...token,
      lastUsedAtMs: this.#lastUsedAtMs.get(sha256) ?? token.lastUsedAtMs,
    }));
  }

  /** Calls `listener` after each change of what `list` gives; of mere uses once a minute. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Ends the launched programs' tokens, and writes down when the named ones were last used. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#telling?.[Symbol.dispose]();
    this.#writing?.[Symbol.dispose]();
    this.#listeners.clear();
    this.#launches.clear();
    this.#named = new Map();
    await this.#writeUses();
  }

  #checkProfile(profile: string): void {
    if (!findProfile(this.#configuration.current, profile))
      throw new Failure('NotFound', `There is no profile "${profile}"`, { field: 'profile' });
  }

  #follow(): void {
    const { current } = this.#configuration;
    // For good: a profile that is added later under the same name is another one.
    for (const [sha256, profile] of this.#launches)
      if (!findProfile(current, profile)) this.#launches.delete(sha256);
    if (current.tokens === this.#indexed) return;
    this.#indexed = current.tokens;
    this.#named = bySha256(current.tokens);
    for (const sha256 of this.#lastUsedAtMs.keys())
      if (!this.#named.has(sha256)) this.#lastUsedAtMs.delete(sha256);
    this.#tell();
  }

  #noteUse(sha256: string): void {
    this.#lastUsedAtMs.set(sha256, this.#clock.now());
    this.#telling ??= this.#clock.schedule(tellEveryMs, () => {
      this.#telling = undefined;
      this.#tell();
    });
    this.#writing ??= this.#clock.schedule(writeEveryMs, () => {
      this.#writing = undefined;
      void this.#writeUses();
    });
  }

  async #writeUses(): Promise<void> {
    if (this.#lastUsedAtMs.size === 0) return;
    const written = new Map(this.#lastUsedAtMs);
    try {
      await this.#configuration.update((configuration) => ({
        ...configuration,
        tokens: configuration.tokens.map((token) => ({
          ...token,
          lastUsedAtMs: written.get(token.sha256) ?? token.lastUsedAtMs,
        })),
      }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      console.error(`It could not be written down when tokens were last used: ${reason}`);
      return;
    }
    for (const [sha256, usedAtMs] of written)
      if (this.#lastUsedAtMs.get(sha256) === usedAtMs) this.#lastUsedAtMs.delete(sha256);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function newToken(): Secret {
  return new Secret(randomBytes(tokenBytes).toString('base64url'));
}

function sha256Of(token: string): string {
  return hash('sha256', token);
}

function bySha256(tokens: readonly NamedToken[]): ReadonlyMap<string, NamedToken> {
  return new Map(tokens.map((token) => [token.sha256, token]));
}
