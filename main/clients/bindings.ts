import { findProfile } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import type { Client, Clock, Process, ProcessIdentity } from '../platform/ports.ts';

/** How often it is looked whether the processes still run. A request looks by itself. */
const watchMs = 15_000;

/** A process tree with a profile of its own. */
export interface Binding {
  readonly root: Process;
  readonly profile: string;
}

/**
 * Process trees with a profile of their own: what is typed in a terminal that was bound gets that terminal's profile.
 * A binding ends with the process at its root, and with its profile. In memory only, as processes are.
 */
export class Bindings implements Disposable {
  readonly #clock: Clock;
  readonly #configuration: ConfigurationStore;
  readonly #isRunning: (process: ProcessIdentity) => boolean;
  /** By the pid of the root. */
  readonly #bindings = new Map<number, Binding>();
  readonly #listeners = new Set<() => void>();
  readonly #watch: Disposable;
  #timer: Disposable | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly configuration: ConfigurationStore;
    readonly isRunning: (process: ProcessIdentity) => boolean;
  }) {
    this.#clock = options.clock;
    this.#configuration = options.configuration;
    this.#isRunning = options.isRunning;
    this.#watch = options.configuration.onChange(() => {
      this.#endThoseOver();
    });
  }

  get isEmpty(): boolean {
    return this.#bindings.size === 0;
  }

  /**
   * The profile bound to the process or else to the nearest of its parents that has one; where none has, to the leader of
   * its session: the chain of parents breaks where one has ended (`cmd &` in a subshell), or is another user's for a while
   * (`newgrp`). A session's number is not given away while the session is there.
   */
  profileOf({ process, parents }: Client): string | undefined {
    const chain = [process, ...parents];
    for (const { pid, start } of chain) {
      const binding = this.#bindings.get(pid);
      if (binding?.root.start === start) return binding.profile;
    }
    for (const { sessionId } of chain) {
      const binding = sessionId === undefined ? undefined : this.#bindings.get(sessionId);
      if (binding && this.#isRunning(binding.root)) return binding.profile;
    }
    return undefined;
  }

  /**
   * Binds a process tree; one that is bound already, anew.
   * @throws Failure NotFound where there is no such profile, or the process has ended
   */
  bind(root: Process, profile: string): void {
    if (!findProfile(this.#configuration.current, profile))
      throw new Failure('NotFound', `There is no profile "${profile}"`, { field: 'profile' });
    if (!this.#isRunning(root)) throw new Failure('NotFound', `The process ${root.pid} has ended`);
    this.#bindings.set(root.pid, { root, profile });
    this.#watchProcesses();
    this.#tell();
  }

  /** Ends the binding of a process tree, if there is one. */
  unbind({ pid, start }: ProcessIdentity): void {
    if (this.#bindings.get(pid)?.root.start !== start) return;
    this.#bindings.delete(pid);
    this.#tell();
  }

  list(): readonly Binding[] {
    return [...this.#bindings.values()];
  }

  /** Calls `listener` after each change. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#listeners.clear();
  }

  #watchProcesses(): void {
    this.#timer ??= this.#clock.schedule(watchMs, () => {
      this.#timer = undefined;
      this.#endThoseOver();
      if (!this.isEmpty) this.#watchProcesses();
    });
  }

  #endThoseOver(): void {
    const { current } = this.#configuration;
    const before = this.#bindings.size;
    for (const [pid, { root, profile }] of this.#bindings) {
      if (!findProfile(current, profile) || !this.#isRunning(root)) this.#bindings.delete(pid);
    }
    if (this.#bindings.size !== before) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
