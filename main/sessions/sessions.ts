import { findProfile, type Configuration } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure, unreachable } from '../failure.ts';
import type { KeyCustody } from '../keys/custody.ts';
import type { Clock, Power, PowerEvent } from '../platform/ports.ts';
import type { ActiveProfile } from '../profiles/active-profile.ts';
import type { Session } from '../sts/session.ts';
import type { Sts } from '../sts/sts.ts';
import { chainOf, stepForCode, stepsOf, type Step } from './chain.ts';
import type { Demand } from './demand.ts';
import type { KeptSessions } from './kept-sessions.ts';
import { MfaDesk } from './mfa-desk.ts';
import { Pace } from './pace.ts';
import { Reachability } from './reachability.ts';
import { StepSession, type StepProblem } from './step-session.ts';

/** Where a profile's session stands. `expiresAtMs` is there while a session is held. */
export interface SessionStanding {
  readonly state: 'idle' | 'acquiring' | 'active' | 'refreshing' | 'waitingForMfa' | 'failed';
  readonly expiresAtMs: number | undefined;
  readonly problem: StepProblem | undefined;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly power: Power;
  readonly configuration: ConfigurationStore;
  readonly active: ActiveProfile;
  readonly keys: KeyCustody;
  readonly sts: Sts;
  readonly kept: KeptSessions;
  /** From 0 up to 1, for jitter. */
  readonly random: () => number;
}

/** What changed: a profile's standing by its name, or what belongs to no profile (prompts, the lock). */
export type SessionsListener = (profile: string | undefined) => void;

/**
 * How often held sessions are looked at, so that no setting of the clock hides behind a later sleep, and what fell due
 * in a sleep is renewed where no event tells of the end of that.
 */
const clockWatchMs = 15_000;

const idle: SessionStanding = { state: 'idle', expiresAtMs: undefined, problem: undefined };

/** Every session there is: gives a profile's from memory, acquires and renews it, and drops what no longer holds. */
export class Sessions implements Disposable {
  readonly desk: MfaDesk;
  readonly #options: SessionsOptions;
  readonly #pace: Pace;
  readonly #listeners = new Set<SessionsListener>();
  readonly #watches: readonly Disposable[];
  /** By region. */
  readonly #reachabilities = new Map<string, Reachability>();
  /** The profiles that somebody holds, and how many do. */
  readonly #holds = new Map<string, number>();
  /** By the step's identity: profiles with the same inputs meet here. */
  readonly #steps = new Map<string, StepSession>();
  /** The last step of each profile that was asked for. */
  readonly #chains = new Map<string, StepSession>();
  /** Which lock holds, if one does: an unlocking that was begun before it does not undo it. */
  #lock: object | undefined;
  #ended: Failure | undefined;
  /** What the keychain may hold a session for, and the configuration that says so. */
  #keepable: { readonly configuration: Configuration; readonly steps: ReadonlySet<string> };
  #clockWatch: Disposable | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#keepable = keepableOf(options.configuration.current);
    this.#pace = new Pace(options.clock);
    this.desk = new MfaDesk(options.clock, () => {
      this.#tell(undefined);
      for (const [profile, last] of this.#chains) if (last.isAcquiring) this.#tell(profile);
    });
    this.#watches = [
      options.configuration.onChange(() => {
        this.#forgetChanged();
      }),
      options.power.subscribe((event) => {
        this.#follow(event);
      }),
    ];
    this.#watchClock();
  }

  get isLocked(): boolean {
    return this.#lock !== undefined;
  }

  /** The lock that holds now, for `unlockFrom`. */
  get currentLock(): object | undefined {
    return this.#lock;
  }

  /** A profile's session from memory, at once: the way of a program's request. Unknown profiles have none. */
  take(profile: string): Session | undefined {
    return this.#chains.get(profile)?.take();
  }

  /** Keeps a profile's session renewed until the result is disposed, whether or not anybody asks for it. */
  hold(profile: string): Disposable {
    const holds = this.#holds;
    holds.set(profile, (holds.get(profile) ?? 0) + 1);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        const others = (holds.get(profile) ?? 0) - 1;
        if (others > 0) holds.set(profile, others);
        else holds.delete(profile);
      },
    };
  }

  /**
   * A profile's session, acquired where none is held.
   * @throws Failure why there is none: NotFound, Locked, MfaRequired, Refused, Unreachable, KeyMissing…
   */
  async acquire(demand: Demand): Promise<Session> {
    if (this.isLocked) throw locked();
    return this.#chain(demand.profile).acquire(demand);
  }

  /**
   * Asks the person for a fresh code for a profile, and acquires its session anew with that.
   * @param cause a program asks nobody in a quiet time
   * @throws Failure as `acquire`; InvalidInput where the profile's chain takes no code
   */
  async acquireWithFreshCode(profile: string, cause: 'person' | 'program' = 'person'): Promise<Session> {
    if (this.isLocked) throw locked();
    const demand: Demand = { cause, profile };
    const last = this.#chain(profile);
    let step: StepSession | undefined = last;
    while (step && !step.takesCode) step = step.source;
    if (!step)
      throw new Failure('InvalidInput', `The profile "${profile}" takes no MFA code`, { field: 'name' });
    const session = await step.acquireAnew(demand);
    return step === last ? session : last.acquireAnew(demand);
  }

  /** Where a profile's session stands; idle where nobody asked for it. */
  standing(profile: string): SessionStanding {
    const last = this.#chains.get(profile);
    if (!last) return idle;
    const { session, problem } = last;
    return { state: stateOf(last), expiresAtMs: session?.expiresAtMs, problem };
  }

  /** Where one step of a chain stands by itself: what waits for the step below, or failed with it, is told of that one. */
  standingOf(step: Step): SessionStanding {
    const known = this.#steps.get(step.id);
    if (!known) return idle;
    const problem = known.problem?.isOfSource === true ? undefined : known.problem;
    return { state: ownStateOf(known, problem), expiresAtMs: known.session?.expiresAtMs, problem };
  }

  /** Drops every session; nothing is served or fetched until `unlock`. What programs hold stays valid at AWS. */
  lock(): void {
    this.#lock = {};
    for (const step of this.#keepable.steps) void this.#options.kept.forget(step);
    this.#endSteps([...this.#steps.keys()], locked());
    this.#tell(undefined);
  }

  unlock(): void {
    this.#lock = undefined;
    this.#tell(undefined);
  }

  /**
   * Ends a lock that was `currentLock` when a proof for that was asked for; nothing where it has been ended meanwhile.
   * @throws Failure Locked where it has been locked anew since then
   */
  unlockFrom(lock: object | undefined): void {
    if (this.#lock === undefined) return;
    if (lock !== this.#lock) throw new Failure('Locked', 'Latchkey was locked again meanwhile');
    this.unlock();
  }

  /** Whether a code of some MFA device can unlock. */
  get canUnlockWithCode(): boolean {
    const { configuration, active } = this.#options;
    return stepForCode(configuration.current, undefined, active.name) !== undefined;
  }

  /**
   * Unlocks where STS confirms a fresh code of an MFA device, and keeps the session that it gives for that.
   * @throws Failure InvalidInput where no profile or key names the device (or any, if `serial` is undefined);
   * MfaRejected, Unreachable… where STS does not confirm it; then it stays locked
   */
  async unlockWithCode(code: string, serial: string | undefined): Promise<void> {
    const { configuration, active, keys, sts } = this.#options;
    const lock = this.#lock;
    const found = stepForCode(configuration.current, serial, active.name);
    if (!found) {
      const which = serial === undefined ? 'names an MFA device' : `names the MFA device ${serial}`;
      throw new Failure('InvalidInput', `No access key and no profile ${which}`, {
        field: serial === undefined ? undefined : 'serial',
      });
    }
    const { step, profile } = found;
    const { key } = step.source;
    const secretAccessKey = await keys.secretOf(key);
    this.desk.spend(step.mfaSerial, code);
    const session = await sts.getSessionToken(
      { accessKeyId: key.accessKeyId, secretAccessKey },
      { ...step, code },
    );
    if (this.#ended) throw this.#ended;
    this.unlockFrom(lock);
    if (profile === undefined || !findProfile(configuration.current, profile)) return;
    this.#chain(profile);
    this.#steps.get(step.id)?.adopt(session);
  }

  /** Calls `listener` after each change. */
  onChange(listener: SessionsListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch[Symbol.dispose]();
    this.#clockWatch?.[Symbol.dispose]();
    this.#ended = new Failure('NotRunning', 'Latchkey is ending');
    this.#endSteps([...this.#steps.keys()], this.#ended);
    this.#listeners.clear();
  }

  #watchClock(): void {
    this.#clockWatch = this.#options.clock.schedule(clockWatchMs, () => {
      this.#lookAgain();
      this.#watchClock();
    });
  }

  #lookAgain(): void {
    const users = this.#users();
    for (const step of this.#steps.values()) step.lookAgain(users.get(step));
    this.desk.lookAgain();
  }

  #follow(event: PowerEvent): void {
    const { lockWithScreen, lockOnSleep, lockAfterIdleMinutes } =
      this.#options.configuration.current.settings;
    switch (event.type) {
      case 'wake':
        this.#lookAgain();
        return;
      case 'sleep':
        if (lockOnSleep) this.#lockItself();
        return;
      case 'screenLock':
        if (lockWithScreen) this.#lockItself();
        return;
      case 'idle':
        if (lockAfterIdleMinutes !== null && event.forMs >= lockAfterIdleMinutes * 60_000) this.#lockItself();
        return;
      default:
        unreachable(event);
    }
  }

  /** Events come again while a person is away. */
  #lockItself(): void {
    if (!this.isLocked) this.lock();
  }

  #chain(name: string): StepSession {
    if (this.#ended) throw this.#ended;
    const known = this.#chains.get(name);
    if (known) return known;
    const { current } = this.#options.configuration;
    const profile = findProfile(current, name);
    if (!profile) throw new Failure('NotFound', `There is no profile "${name}"`);
    let last: StepSession | undefined;
    for (const step of stepsOf(chainOf(current, profile))) {
      const source = last;
      last = this.#steps.get(step.id) ?? new StepSession(step, source, this.#surroundings());
      this.#steps.set(step.id, last);
    }
    if (!last) throw new Failure('Internal', `The chain of "${name}" is empty`);
    this.#chains.set(name, last);
    return last;
  }

  #surroundings() {
    const { clock, sts, keys, kept, random } = this.#options;
    return {
      clock,
      sts,
      keys,
      kept,
      random,
      desk: this.desk,
      pace: this.#pace,
      reachability: (region: string) => this.#reachability(region),
      usedBy: (step: StepSession) => this.#users().get(step),
      changed: (step: StepSession) => {
        for (const [profile, last] of this.#chains) if (isWalkedBy(last, step)) this.#tell(profile);
      },
    };
  }

  #reachability(region: string): Reachability {
    const { clock, random } = this.#options;
    const reachability = this.#reachabilities.get(region) ?? new Reachability(clock, random);
    this.#reachabilities.set(region, reachability);
    return reachability;
  }

  /**
   * The profile that keeps each step's session in use, if one does; the active one first. A session that others are
   * walked with is renewed when one of them needs it, not by itself; but a code is wanted ahead of that, since a person
   * takes longer than STS.
   */
  #users(): ReadonlyMap<StepSession, string> {
    const active = this.#options.active.name;
    const users = new Map<StepSession, string>();
    for (const [profile, last] of this.#chains) {
      if (!last.isAskedFor && profile !== active && !this.#isKeptReady(profile)) continue;
      for (let step: StepSession | undefined = last; step; step = step.source) {
        const counts = step === last || step.takesCode;
        if (counts && (profile === active || !users.has(step))) users.set(step, profile);
      }
    }
    return users;
  }

  #isKeptReady(profile: string): boolean {
    return (
      this.#holds.has(profile) || findProfile(this.#options.configuration.current, profile)?.pinned === true
    );
  }

  /** After a change of the configuration: ends exactly the steps that no chain has any more. */
  #forgetChanged(): void {
    const { current } = this.#options.configuration;
    this.#forgetKept(current);
    const kept = new Set<string>();
    for (const [name, last] of this.#chains) {
      const profile = findProfile(current, name);
      const now = profile && chainOf(current, profile);
      // What the changed chain has in common with the one before goes on: a code is not to be given twice.
      if (now) for (const step of stepsOf(now)) kept.add(step.id);
      if (now?.id !== last.step.id) {
        this.#chains.delete(name);
        this.#tell(name);
      }
    }
    this.#endSteps(
      [...this.#steps.keys()].filter((id) => !kept.has(id)),
      new Failure('NotFound', 'The profile was changed or removed meanwhile'),
    );
  }

  /**
   * Takes out of the keychain what no profile leads to any more, and all where nothing is to be kept. A switch changes
   * neither keys nor profiles nor settings.
   */
  #forgetKept(current: Configuration): void {
    const { configuration, steps } = this.#keepable;
    const isSame = (part: 'profiles' | 'keys' | 'settings') => configuration[part] === current[part];
    if (isSame('profiles') && isSame('keys') && isSame('settings')) return;
    this.#keepable = keepableOf(current);
    for (const step of steps) {
      if (!current.settings.keepMfaSessions || !this.#keepable.steps.has(step))
        void this.#options.kept.forget(step);
    }
  }

  #endSteps(ids: readonly string[], failure: Failure): void {
    for (const id of ids) {
      const step = this.#steps.get(id);
      this.#steps.delete(id);
      step?.end(failure);
    }
    for (const [profile, last] of this.#chains) {
      if (this.#steps.has(last.step.id)) continue;
      this.#chains.delete(profile);
      this.#tell(profile);
    }
  }

  #tell(profile: string | undefined): void {
    for (const listener of this.#listeners) listener(profile);
  }
}

function keepableOf(configuration: Configuration) {
  const steps = new Set<string>();
  for (const profile of configuration.profiles) {
    for (const { operation, id } of stepsOf(chainOf(configuration, profile))) {
      if (operation === 'GetSessionToken') steps.add(id);
    }
  }
  return { configuration, steps };
}

function stateOf(last: StepSession): SessionStanding['state'] {
  if (last.isWaitingForMfa) return 'waitingForMfa';
  if (last.isAcquiring) return last.session ? 'refreshing' : 'acquiring';
  if (last.problem) return 'failed';
  return last.session ? 'active' : 'idle';
}

/** As `stateOf`, of one step alone. */
function ownStateOf(step: StepSession, problem: StepProblem | undefined): SessionStanding['state'] {
  const { source, session } = step;
  const waitsForSource = source?.isAcquiring === true && source.session === undefined;
  if (step.isAcquiring && !waitsForSource) {
    if (step.takesCode && step.isWaitingForMfa) return 'waitingForMfa';
    return session ? 'refreshing' : 'acquiring';
  }
  if (problem) return 'failed';
  return session ? 'active' : 'idle';
}

function isWalkedBy(last: StepSession, step: StepSession): boolean {
  for (let current: StepSession | undefined = last; current; current = current.source) {
    if (current === step) return true;
  }
  return false;
}

function locked(): Failure {
  return new Failure(
    'Locked',
    'Latchkey is locked. Unlock it in its interface (latchkey open), in the tray, or with: latchkey unlock CODE',
  );
}
