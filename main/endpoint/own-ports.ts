import type { ConfigurationStore } from '../configuration/store.ts';
import type { Endpoint } from './server.ts';

/** A port that serves one profile. */
export interface OwnPort {
  readonly profile: string;
  readonly port: number;
  /** The base URL; null where the port cannot be served, for the reason in `problem`. */
  readonly url: string | null;
  readonly problem?: string | undefined;
}

interface Served {
  readonly port: number;
  readonly endpoint: Endpoint | undefined;
  readonly problem: string | undefined;
}

/**
 * The ports of their own that profiles have, served as the configuration says. One that cannot be had is told of, and
 * keeps nothing else from being served.
 */
export class OwnPorts implements AsyncDisposable {
  readonly #configuration: ConfigurationStore;
  readonly #serve: (profile: string, port: number) => Promise<Endpoint>;
  #watch: Disposable | undefined;
  /** By the profile's name. */
  readonly #served = new Map<string, Served>();
  readonly #listeners = new Set<() => void>();
  #lastChange: Promise<void> = Promise.resolve();
  #hasEnded = false;

  /** @param serve opens an endpoint for a profile; rejects where the port cannot be had */
  constructor(
    configuration: ConfigurationStore,
    serve: (profile: string, port: number) => Promise<Endpoint>,
  ) {
    this.#configuration = configuration;
    this.#serve = serve;
  }

  /** Serves them from now on. Resolves once each is served, or known not to be. */
  start(): Promise<void> {
    this.#watch = this.#configuration.onChange(() => {
      this.#lastChange = this.#lastChange.then(() => this.#follow());
    });
    this.#lastChange = this.#follow();
    return this.#lastChange;
  }

  /** Resolves once all that the configuration said until now is served, or known not to be. */
  async settled(): Promise<void> {
    await this.#lastChange;
  }

  list(): OwnPort[] {
    return [...this.#served].map(([profile, { port, endpoint, problem }]) => ({
      profile,
      port,
      url: endpoint?.url ?? null,
      problem,
    }));
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    this.#hasEnded = true;
    await this.#lastChange;
    for (const { endpoint } of this.#served.values()) await endpoint?.[Symbol.asyncDispose]();
    this.#served.clear();
    this.#listeners.clear();
  }

  async #follow(): Promise<void> {
    if (this.#hasEnded) return;
    const wanted = new Map<string, number>();
    for (const { name, port } of this.#configuration.current.profiles) {
      if (port !== undefined) wanted.set(name, port);
    }
    let hasChanged = false;
    // What is given up first: a port may go from one profile to another.
    for (const [profile, { port, endpoint }] of [...this.#served]) {
      if (wanted.get(profile) === port) continue;
      this.#served.delete(profile);
      await endpoint?.[Symbol.asyncDispose]();
      hasChanged = true;
    }
    for (const [profile, port] of wanted) {
      if (this.#served.has(profile)) continue;
      this.#served.set(profile, await this.#open(profile, port));
      hasChanged = true;
    }
    if (hasChanged) for (const listener of this.#listeners) listener();
  }

  async #open(profile: string, port: number): Promise<Served> {
    try {
      return { port, endpoint: await this.#serve(profile, port), problem: undefined };
    } catch (error) {
      return { port, endpoint: undefined, problem: error instanceof Error ? error.message : String(error) };
    }
  }
}
