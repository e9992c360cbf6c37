import { findProfile, mostRecent, type Configuration } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import type { Clock } from '../platform/ports.ts';
import { notFound } from './profiles.ts';

const minute = 60_000;
/** A timer does not notice sleep: the clocks are looked at this often. */
const longestWaitMs = 15_000;

/** When the active profile stops being so, and which one follows it. */
export type Return = NonNullable<Configuration['returns']>;

/**
 * The active profile. A protected one is so for a time only (`settings.protectedMinutes`), then the profile that was
 * active before it is again: who looks into production for a moment does not go on working there unawares.
 */
export class ActiveProfile implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #configuration: ConfigurationStore;
  readonly #watch: Disposable;
  /** The return that is counted down, and its end by elapsed time: setting the wall clock back must not put it off. */
  #counted: { readonly returns: Return; readonly endElapsedMs: number } | undefined;
  #timer: Disposable | undefined;
  #lastChange: Promise<void> = Promise.resolve();

  constructor(clock: Clock, configuration: ConfigurationStore) {
    this.#clock = clock;
    this.#configuration = configuration;
    this.#watch = configuration.onChange(() => {
      this.#follow();
    });
    this.#follow();
  }

  /** Its name now, judged by the clocks at each call; null where no profile is active. */
  get name(): string | null {
    const { active } = this.#configuration.current;
    return this.#isOver() ? (this.#counted?.returns.to ?? null) : active;
  }

  /** While a protected profile is active: when that ends, by the wall clock, and what follows. */
  get returns(): Return | null {
    return this.#isOver() ? null : (this.#counted?.returns ?? null);
  }

  /**
   * Makes a profile the active one; a protected one that is so already, for the whole time anew.
   * @throws Failure NotFound
   */
  async use(name: string): Promise<void> {
    const before = this.name;
    const back = this.returns;
    await this.#configuration.update((configuration) => {
      const profile = findProfile(configuration, name);
      if (!profile) throw notFound(name);
      // From one protected profile to the next: the one before both is gone back to.
      const previous = back === null ? before : back.to;
      const to = previous === name ? null : previous;
      const recent = [name, ...configuration.recent.filter((other) => other !== name)].slice(0, mostRecent);
      return { ...configuration, active: name, recent, returns: profile.protected ? this.#return(to) : null };
    });
  }

  /** Waits for what is being written down. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    await this.#lastChange;
  }

  #return(to: string | null): Return {
    const { protectedMinutes } = this.#configuration.current.settings;
    return { to, atMs: this.#clock.now() + protectedMinutes * minute };
  }

  #isOver(): boolean {
    if (!this.#counted) return false;
    const { returns, endElapsedMs } = this.#counted;
    return this.#clock.now() >= returns.atMs || this.#clock.elapsed() >= endElapsedMs;
  }

  /** Takes up what the configuration says, and mends it where the active profile's protection was changed. */
  #follow(): void {
    const { current } = this.#configuration;
    const { returns, settings } = current;
    if (returns !== this.#counted?.returns) {
      const leftMs = returns === null ? 0 : returns.atMs - this.#clock.now();
      this.#counted =
        returns === null
          ? undefined
          : {
              returns,
              endElapsedMs: this.#clock.elapsed() + Math.min(leftMs, settings.protectedMinutes * minute),
            };
    }
    const isProtected = current.active !== null && findProfile(current, current.active)?.protected === true;
    // Unless the person has switched by the time that it is written.
    const unlessChanged = (mended: Partial<Configuration>) => (now: Configuration) =>
      now.active === current.active && now.returns === returns ? mended : {};
    if (isProtected && returns === null) this.#change(unlessChanged({ returns: this.#return(null) }));
    else if (!isProtected && returns !== null) this.#change(unlessChanged({ returns: null }));
    else this.#goBackWhenOver();
  }

  #goBackWhenOver(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (!this.#counted) return;
    const { returns, endElapsedMs } = this.#counted;
    if (this.#isOver()) {
      this.#change((now) => (now.returns === returns ? { active: returns.to, returns: null } : {}));
      return;
    }
    const leftMs = Math.min(returns.atMs - this.#clock.now(), endElapsedMs - this.#clock.elapsed());
    this.#timer = this.#clock.schedule(Math.min(leftMs, longestWaitMs), () => {
      this.#goBackWhenOver();
    });
  }

  #change(change: (now: Configuration) => Partial<Configuration>): void {
    this.#lastChange = this.#configuration
      .update((now) => ({ ...now, ...change(now) }))
      .catch((error: unknown) => {
        // `name` judges by the clocks, so the time has an end all the same.
        const reason = error instanceof Error ? error.message : String(error);
        console.error(`The active profile could not be written down: ${reason}`);
      });
  }
}
