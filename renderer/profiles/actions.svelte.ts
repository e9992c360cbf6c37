/** What can be done with a profile, from the list, its details, the card and the keys; and what came of the last of it. */
import { createContext } from 'svelte';
import type { Answer, Problem } from '../../preload/contract.ts';
import type { Broker } from '../broker/broker.svelte.ts';
import { isWindows } from '../platform.ts';
import { text } from '../text.ts';
import { environmentLines, isOwn } from './environment-lines.ts';

/** For how long it is said that something was done. */
const saidMs = 4_000;

export class ProfileActions {
  /** What was done, while it is said. */
  said = $state('');
  /** The profile whose console is wanted where the broker has no desktop to open a browser on. */
  consoleOf = $state<string>();

  readonly #broker: Broker;
  #failed = $state.raw<{
    /** Whether a session was acquired for it: what fails of that, the profile tells. */
    readonly acquires: boolean;
    readonly name: string;
    readonly problem: Problem;
  }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** What went wrong; not where the profile's own state tells it, or is about to. */
  get problem(): Problem | undefined {
    const failed = this.#failed;
    if (!failed?.acquires) return failed?.problem;
    const state = this.#broker.known?.profiles.get(failed.name)?.session.state;
    const isTold = state === 'failed' || state === 'acquiring' || state === 'waitingForMfa';
    return isTold ? undefined : failed.problem;
  }

  dismiss(): void {
    this.#failed = undefined;
    this.consoleOf = undefined;
  }

  async use(name: string): Promise<void> {
    await this.#call(name, true, () => this.#broker.call('profiles.use', { name }));
  }

  /** Pins a profile, or unpins it. */
  async pin(name: string): Promise<void> {
    const pinned = !this.#profile(name)?.pinned;
    await this.#call(name, false, () => this.#broker.call('profiles.pin', { name, pinned }));
  }

  /** Makes a profile read-only, or ends that. */
  async toggleReadOnly(name: string): Promise<void> {
    const readOnly = !this.#profile(name)?.readOnly;
    this.#say(text.profiles.readOnlySaid(name, readOnly));
    const set = () => this.#broker.call('profiles.setReadOnly', { name, readOnly });
    if (!(await this.#call(name, true, set))) this.#say('');
  }

  /** Opens the AWS console, signed in as a profile; without a desktop it is told how to. */
  async openConsole(name: string): Promise<void> {
    this.dismiss();
    if (this.#broker.known?.status.hasDesktop === false) {
      this.consoleOf = name;
      return;
    }
    this.#say(text.profiles.consoleOpening(name));
    const isDone = await this.#call(name, false, () => this.#broker.call('console.open', { name }));
    this.#say(isDone ? text.profiles.consoleOpened(name) : '');
  }

  /** Copies the lines that give a shell this profile. */
  async copyLines(name: string): Promise<void> {
    const region = this.#profile(name)?.region;
    const status = this.#broker.known?.status;
    if (region === undefined || !status) return;
    const ownUrl = status.endpoints.find(({ profile }) => profile === name)?.url ?? undefined;
    const place = { name, region, endpoint: status.endpoint, ownUrl };
    try {
      await navigator.clipboard.writeText(environmentLines(place, isWindows));
      this.#say(text.profiles.linesCopied(isOwn(place, isWindows) ? name : undefined));
    } catch {
      this.#say(text.profiles.linesNotCopied);
    }
  }

  #profile(name: string) {
    return this.#broker.known?.profiles.get(name)?.profile;
  }

  /** Whether it was done. */
  async #call(name: string, acquires: boolean, call: () => Promise<Answer<unknown>>): Promise<boolean> {
    this.dismiss();
    const answer = await call();
    if ('problem' in answer) this.#failed = { acquires, name, problem: answer.problem };
    return !('problem' in answer);
  }

  #say(words: string): void {
    clearTimeout(this.#timer);
    this.said = words;
    if (words !== '') this.#timer = setTimeout(() => (this.said = ''), saidMs);
  }
}

export const [actionsHere, provideActions] = createContext<ProfileActions>();
