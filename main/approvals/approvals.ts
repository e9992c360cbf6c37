/** Who may have a protected profile's credentials: programs wait here until a person has decided. */
import { findProfile, type Configuration } from '../configuration/configuration.ts';
import { hasSameTarget } from '../configuration/lasting-approvals.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import type { Client, Clock, Process, ProcessIdentity } from '../platform/ports.ts';
import { askerInWords, askerOf, type Asker } from './asker.ts';
import { deadlineIn, type Deadline } from './deadline.ts';
import type { Allowance, ApprovalInForce, Grant } from './grant.ts';
import { ProgramIdentities } from './program-identity.ts';
import { identityInWords, shownProcess, shownProgram, type ShownProgram } from './program-words.ts';
import { RememberedApprovals } from './remembered-approvals.ts';
import { TreeApprovals } from './tree-approvals.ts';
import { WaitingRequests, type WaitingRequest } from './waiting-requests.ts';

export type { Allowance, ApprovalInForce, Grant } from './grant.ts';

/** How long a program that was denied is denied without asking a person. */
const quietMs = 5 * 60_000;
/** How often it is looked what is over. Each request looks by itself. */
const watchMs = 15_000;

const atTheWindow = 'a person at the window';

/** As the command tells times, whatever the person's own form is: `19:08`. */
const timeOfDay = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** A program that waits for a person. */
export interface ApprovalRequest {
  readonly id: string;
  readonly profile: string;
  readonly program: ShownProgram;
  readonly tree: { readonly pid: number; readonly name: string };
  /** What can be allowed: nothing that outlives the process tree where the program cannot be known again. */
  readonly choices: Allowance[];
  /** What `hours` and `always` would hold for, in words; undefined where the program cannot be known again. */
  readonly knownBy: string | undefined;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface Decision {
  readonly decision: 'allowed' | 'denied' | 'revoked';
  readonly allowance?: Allowance | undefined;
  readonly profile: string;
  /** Who decided, in words: "a person at the window", "latchkey (pid 4711) on /dev/pts/3". */
  readonly decider: string;
  /** Who asked; where an approval was revoked, nobody did. */
  readonly client?: Client | undefined;
}

interface Denial {
  readonly profile: string;
  readonly decider: string;
  readonly deadline: Deadline;
}

export class Approvals implements Disposable {
  readonly #clock: Clock;
  readonly #configuration: ConfigurationStore;
  readonly #isRunning: (process: ProcessIdentity) => boolean;
  readonly #identities: ProgramIdentities;
  readonly #ofTrees: TreeApprovals;
  readonly #remembered: RememberedApprovals;
  readonly #waiting: WaitingRequests;
  /** By the asker's `denialKey`: until when it is denied without asking a person. */
  readonly #denied = new Map<string, Denial>();
  readonly #listeners = new Set<() => void>();
  readonly #decisionListeners = new Set<(what: Decision) => void>();
  readonly #configurationWatch: Disposable;
  #watched: Configuration;
  #timer: Disposable;
  #isDisposed = false;

  /** @param options.isRunning as that of `PeerIdentity` */
  constructor(options: {
    readonly clock: Clock;
    readonly configuration: ConfigurationStore;
    readonly isRunning: (process: ProcessIdentity) => boolean;
  }) {
    this.#clock = options.clock;
    this.#configuration = options.configuration;
    this.#isRunning = options.isRunning;
    this.#identities = new ProgramIdentities(options.clock, options.isRunning);
    this.#ofTrees = new TreeApprovals(options.clock, options.isRunning, () => this.#tell());
    this.#remembered = new RememberedApprovals(options.clock, options.configuration);
    this.#waiting = new WaitingRequests(options.clock, () => this.#tell());
    this.#watched = options.configuration.current;
    this.#configurationWatch = options.configuration.onChange(() => this.#followProfiles());
    this.#timer = this.#watch();
  }

  /**
   * What lets this program have this profile's credentials: at once where a person has allowed it before, else when a
   * person decides.
   * @throws Failure ApprovalNeeded where it is denied (the message says until when), nobody has decided for 10 minutes,
   *   or too many wait; NotFound where there is no such profile
   */
  async ask(client: Client, profile: string): Promise<Grant> {
    const ofTree = this.#ofTrees.grantForTree(client, profile);
    if (ofTree) return ofTree;

    const asker = askerOf(client, profile, await this.#identities.of(client));
    if (this.#isDisposed) throw ending();
    if (!findProfile(this.#configuration.current, profile))
      throw new Failure('NotFound', `There is no profile "${profile}"`);
    const standing = this.#standingGrant(asker);
    if (standing) return standing;

    this.#endThoseOver();
    const denied = this.#denied.get(asker.denialKey);
    if (denied) throw denial(asker, denied);
    return this.#waiting.join(asker);
  }

  /**
   * Lets all that a launcher starts have what it was allowed itself, until it ends or the result is disposed; an approval
   * for once is for this launch then.
   */
  passOn(grant: Grant, profile: string, launcher: Process): Disposable {
    // What a tree was allowed, its launchers' programs are.
    if (grant.allowance === 'tree') return { [Symbol.dispose]: () => undefined };
    grant.use();
    const passedOn = this.#ofTrees.addOfLauncher(
      profile,
      launcher,
      grant.allowance === 'once' ? undefined : grant,
    );
    this.#tell();
    return {
      [Symbol.dispose]: () => {
        if (this.#ofTrees.end(({ id }) => id === passedOn)) this.#tell();
      },
    };
  }

  /** What waits for a person, the longest first. */
  requests(): readonly ApprovalRequest[] {
    return this.#waiting
      .list()
      .filter(({ deadline }) => !deadline.isOver())
      .map((waiting) => ({
        id: waiting.id,
        profile: waiting.profile,
        program: shownProgram(waiting.client),
        tree: shownProcess(waiting.root),
        choices: this.#choicesOf(waiting),
        knownBy: waiting.identity && identityInWords(waiting.identity),
        sinceMs: waiting.sinceMs,
        untilMs: waiting.deadline.atMs,
      }))
      .filter(({ choices }) => choices.length > 0);
  }

  /** All that holds. */
  approvals(): readonly ApprovalInForce[] {
    return [...this.#ofTrees.list(), ...this.#remembered.list()];
  }

  /** Who waits under this ID, to judge whether the one who decides may. */
  request(id: string): Pick<Asker, 'client' | 'profile' | 'identity'> | undefined {
    return this.#find(id);
  }

  /**
   * Allows what waits under this ID. It is for the caller to make sure that a person decides, and not the asker.
   * @param decider in words, for the record
   * @throws Failure NotFound where nothing does, or not any more; InvalidInput (field `allowance`) where it cannot be had
   */
  async allow(id: string, allowance: Allowance, decider = atTheWindow): Promise<void> {
    const waiting = this.#undecided(id);
    if (!this.#choicesOf(waiting).includes(allowance)) {
      const reason = waiting.identity
        ? 'its process tree has ended'
        : 'it has no code in a file of its own, by which it could be known again';
      throw new Failure('InvalidInput', `${askerInWords(waiting)} cannot be allowed that: ${reason}`, {
        field: 'allowance',
      });
    }
    waiting.isBeingDecided = true;
    try {
      const grant = await this.#grant(waiting, allowance);
      this.#denied.delete(waiting.denialKey);
      this.#waiting.end(waiting, grant);
    } finally {
      waiting.isBeingDecided = false;
    }
    // Others may wait for just this.
    for (const other of this.#waiting.list()) {
      const grant = this.#standingGrant(other);
      if (grant) this.#waiting.end(other, grant);
    }
    const { profile, client } = waiting;
    this.#decided({ decision: 'allowed', allowance, profile, decider, client });
  }

  /**
   * Denies it, and for 5 minutes whatever it is one with asks for, see `Asker.denialKey`.
   * @param decider in words, for the program and the record
   * @throws Failure NotFound
   */
  deny(id: string, decider = atTheWindow): void {
    const { denialKey, profile, client } = this.#undecided(id);
    const deadline = deadlineIn(this.#clock, quietMs);
    const denied = { profile, decider, deadline };
    this.#denied.set(denialKey, denied);
    for (const waiting of this.#waiting.list()) {
      if (waiting.denialKey === denialKey && !waiting.isBeingDecided)
        this.#waiting.end(waiting, denial(waiting, denied));
    }
    this.#decided({ decision: 'denied', profile, decider, client });
  }

  /**
   * Takes an approval back. It does not hold from now on, also where that cannot be written down.
   * @param decider in words, for the record
   * @throws Failure NotFound, or of the file config.json
   */
  async revoke(id: string, decider = atTheWindow): Promise<void> {
    const approval = this.approvals().find((other) => other.id === id);
    if (!approval) throw new Failure('NotFound', 'There is no such approval any more');
    const { allowance, profile } = approval;
    const isRemembered = allowance === 'hours' || allowance === 'always';
    const written = isRemembered ? this.#remembered.revoke(id) : undefined;
    this.#ofTrees.end((other) => other.id === id);
    this.#decided({ decision: 'revoked', allowance, profile, decider });
    await written;
  }

  /** Calls `listener` after each change of what waits and what is allowed. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Calls `listener` with each decision of a person. */
  onDecision(listener: (what: Decision) => void): Disposable {
    this.#decisionListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#decisionListeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#configurationWatch[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
    this.#listeners.clear();
    this.#decisionListeners.clear();
    for (const waiting of this.#waiting.list()) this.#waiting.end(waiting, ending());
  }

  #standingGrant(asker: Asker): Grant | undefined {
    const { client, profile, identity } = asker;
    return (
      this.#ofTrees.grantForTree(client, profile) ??
      (identity && this.#remembered.grantFor(profile, identity)) ??
      this.#ofTrees.grantForOnce(asker)
    );
  }

  async #grant(waiting: WaitingRequest, allowance: Allowance): Promise<Grant> {
    if (allowance === 'once' || allowance === 'tree') return this.#ofTrees.add(waiting, allowance);
    const { identity, profile } = waiting;
    if (!identity) throw new Failure('Internal', 'a program that cannot be known again was to be remembered');
    return this.#remembered.add(profile, identity, allowance, () => {
      // The profile may lead to another role by now.
      if (!this.#waiting.isThere(waiting)) throw noSuchRequest();
    });
  }

  #choicesOf({ identity, root, origin }: Asker): Allowance[] {
    const choices: Allowance[] = [];
    if (this.#isRunning(origin)) choices.push('once');
    if (this.#isRunning(root)) choices.push('tree');
    return identity ? [...choices, 'hours', 'always'] : choices;
  }

  #find(id: string): WaitingRequest | undefined {
    return this.#waiting.list().find((waiting) => waiting.id === id && !waiting.deadline.isOver());
  }

  #undecided(id: string): WaitingRequest {
    const waiting = this.#find(id);
    if (!waiting || waiting.isBeingDecided) throw noSuchRequest();
    return waiting;
  }

  #watch(): Disposable {
    return this.#clock.schedule(watchMs, () => {
      this.#timer = this.#watch();
      this.#endThoseOver();
      // What is over does not hold, whether it is taken out of the file now or later.
      this.#remembered.dropThoseOver().catch(() => undefined);
    });
  }

  #endThoseOver(): void {
    let hasChanged = this.#ofTrees.end();
    for (const waiting of this.#waiting.list()) {
      const name = askerInWords(waiting);
      if (waiting.deadline.isOver()) {
        this.#waiting.end(
          waiting,
          new Failure(
            'ApprovalNeeded',
            `Nobody has allowed ${name} in ten minutes; ask again, and allow it in the window or with: latchkey approvals`,
          ),
        );
      } else if (this.#choicesOf(waiting).length === 0) {
        this.#waiting.end(
          waiting,
          new Failure('ApprovalNeeded', `${name} has ended before a person decided`),
        );
      } else continue;
      hasChanged = true;
    }
    for (const [key, { deadline }] of this.#denied) if (deadline.isOver()) this.#denied.delete(key);
    if (hasChanged) this.#tell();
  }

  /** What was asked and decided was about a role: where a profile leads to another one by now, all that is over. */
  #followProfiles(): void {
    const [before, after] = [this.#watched, this.#configuration.current];
    this.#watched = after;
    if (before.profiles === after.profiles) return;
    const isOver = ({ profile }: { readonly profile: string }) => !hasSameTarget(profile, before, after);
    let hasChanged = this.#ofTrees.end(isOver);
    for (const waiting of this.#waiting.list().filter(isOver)) {
      this.#waiting.end(
        waiting,
        new Failure('ApprovalNeeded', `The profile "${waiting.profile}" was changed before a person decided`),
      );
      hasChanged = true;
    }
    for (const [key, denied] of this.#denied) if (isOver(denied)) this.#denied.delete(key);
    if (hasChanged) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #decided(what: Decision): void {
    for (const listener of this.#decisionListeners) listener(what);
    this.#tell();
  }
}

function ending(): Failure {
  return new Failure('ApprovalNeeded', 'Latchkey is ending');
}

function noSuchRequest(): Failure {
  return new Failure('NotFound', 'That request is not waiting any more');
}

function denial(asker: Asker, { decider, deadline }: Denial): Failure {
  return new Failure(
    'ApprovalNeeded',
    `${askerInWords(asker)} was denied the profile "${asker.profile}" by ${decider}; until ${timeOfDay.format(deadline.atMs)} nobody is asked again`,
  );
}
