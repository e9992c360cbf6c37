import { Failure } from '../failure.ts';
import type { Session } from '../sts/session.ts';
import type { Step } from './chain.ts';
import type { Demand } from './demand.ts';
import { HeldSession } from './held-session.ts';
import type { KeptSessions } from './kept-sessions.ts';
import { backoffMs, mfaLeadMs, pauseAfterRefusalMs, renewalLeadMs } from './schedule.ts';
import { isOutage, mayPass, StepCall, type CallSurroundings } from './step-call.ts';

/** What a step needs from the engine around it. */
export interface StepSurroundings extends CallSurroundings {
  readonly kept: KeptSessions;
  /** From 0 up to 1, for jitter. */
  readonly random: () => number;
  /** The profile that keeps this step's session in use; undefined where none does. */
  readonly usedBy: (step: StepSession) => string | undefined;
  readonly changed: (step: StepSession) => void;
}

/** The last attempt's failure. */
export interface StepProblem {
  readonly failure: Failure;
  /** When it happened, by the wall clock. */
  readonly atMs: number;
  /** When it is tried again though nobody asks; undefined where it is not. */
  readonly retryAtMs: number | undefined;
  /**
   * How old the MFA code was where STS refused a role to its session. STS does not say which condition failed, so a
   * fresh code may help or not.
   */
  readonly codeAgeMs: number | undefined;
  /** Whether it is the failure of the step that this one is walked with. */
  readonly isOfSource: boolean;
}

/** What a session must be like for whoever asks, in milliseconds. */
interface Need {
  readonly leastLifeMs: number;
  readonly greatestCodeAgeMs: number;
}

const anySession: Need = { leastLifeMs: 0, greatestCodeAgeMs: Number.POSITIVE_INFINITY };
const freshCode: Need = { leastLifeMs: 0, greatestCodeAgeMs: 0 };

/** A session that a further step is to be walked with must live at least this long, so that it does not end on the way. */
const usableForStepMs = 60_000;
/** A code gets older on its way to STS. */
const codeAgeMarginMs = 5_000;
/** With a code that is younger than this, its age is not why STS refuses. */
const oldCodeMs = 60_000;

/** AWS's codes for a session that has ended or was revoked. */
const deadSessionCodes = new Set(['ExpiredToken', 'ExpiredTokenException', 'InvalidClientTokenId']);

/**
 * One step of a chain with its session: one request in flight however many ask, renewed ahead of its end while in
 * use, the last good session served until it really ends.
 */
export class StepSession implements Disposable {
  readonly step: Step;
  /** The step whose session this one is walked with; undefined where that is the access key. */
  readonly source: StepSession | undefined;
  readonly #surroundings: StepSurroundings;
  #held: HeldSession | undefined;
  #renewalLeadMs = 0;
  #askedSinceIssued = false;
  /** Whether a code for the session after this one has been asked for ahead of its end. */
  #announced = false;
  #inFlight:
    | {
        readonly session: Promise<Session>;
        readonly call: StepCall;
        /** Whether it takes a code that was not given before. */
        readonly isFresh: boolean;
      }
    | undefined;
  #problem: StepProblem | undefined;
  /** Until then, by elapsed time, programs get the last failure without another call. */
  #pauseUntilElapsedMs = 0;
  #failures = 0;
  #timer: Disposable | undefined;
  #ended: Failure | undefined;

  constructor(step: Step, source: StepSession | undefined, surroundings: StepSurroundings) {
    this.step = step;
    this.source = source;
    this.#surroundings = surroundings;
  }

  /** The session, while it lives. */
  get session(): Session | undefined {
    return this.#held?.current();
  }

  get problem(): StepProblem | undefined {
    return this.#problem;
  }

  get isAcquiring(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Whether a program or a person has asked for this very session since it was issued. */
  get isAskedFor(): boolean {
    return this.#askedSinceIssued;
  }

  /** Whether its session takes an MFA code of its own. */
  get takesCode(): boolean {
    return this.step.mfaSerial !== undefined;
  }

  /** Whether a code for this step, or one below it, is being waited for. */
  get isWaitingForMfa(): boolean {
    if (!this.#inFlight) return false;
    const { mfaSerial } = this.step;
    const asking = mfaSerial !== undefined && this.#surroundings.desk.isAsking(mfaSerial);
    return asking || (this.source?.isWaitingForMfa ?? false);
  }

  /**
   * The session for a program, at once. Being asked for is what keeps it renewed; a timer that fired late
   * (sleep) is made up for here.
   */
  take(): Session | undefined {
    const { session } = this;
    if (!session) return undefined;
    this.#askedSinceIssued = true;
    if (!this.#livesLonger(this.#renewalLeadMs)) this.#renew();
    return session;
  }

  /**
   * The session, acquired where there is none.
   * @throws Failure why there is none
   */
  acquire(demand: Demand): Promise<Session> {
    this.#askedSinceIssued = true;
    return this.#obtain(demand, anySession);
  }

  /**
   * A new session whether or not there is one; where the step takes a code, with a fresh one.
   * @throws Failure why there is none
   */
  async acquireAnew(demand: Demand): Promise<Session> {
    this.#askedSinceIssued = true;
    // What is in flight may come out of the keychain, or have been asked for with an older code.
    while (this.#inFlight && !(this.takesCode && this.#inFlight.isFresh)) {
      this.#hurry(demand);
      await this.#inFlight.session.catch(() => undefined);
    }
    if (this.#ended) throw this.#ended;
    this.#hurry(demand);
    return this.#inFlight?.session ?? this.#start(demand, freshCode);
  }

  /** Takes a session over that was acquired for this step elsewhere. */
  adopt(session: Session): void {
    if (!this.#ended && !this.#inFlight) this.#succeed(session);
  }

  /**
   * Looks at the clocks, so that the session's age is known from here on whatever happens to them, and makes up for a
   * timer that slept.
   * @param usedBy as `StepSurroundings.usedBy` says
   */
  lookAgain(usedBy: string | undefined): void {
    if (!this.#held) return;
    this.#held.current();
    // After a failure its own timer, or whoever asks, goes on; but a code may have been given for another profile.
    const isBlocked = this.#problem && !(this.#problem.failure.code === 'MfaRequired' && this.#hasCode());
    if (!isBlocked && !this.#livesLonger(this.#renewalLeadMs)) this.#renew(() => usedBy);
  }

  /** Forgets a session that STS no longer takes. */
  discard(): void {
    void this.#surroundings.kept.forget(this.step.id);
    this.#drop();
  }

  #drop(): void {
    this.#held = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#surroundings.changed(this);
  }

  /** Forgets everything; whoever waits, and whoever still asks, gets `failure`. */
  end(failure: Failure): void {
    this.#ended = failure;
    if (this.#inFlight) {
      this.#surroundings.desk.withdraw(this.#inFlight.call, failure);
      this.#inFlight.call.hurry();
    }
    this.#drop();
  }

  [Symbol.dispose](): void {
    this.end(new Failure('NotRunning', 'Latchkey is ending'));
  }

  #livesLonger(thanMs: number): boolean {
    return this.#held !== undefined && this.#held.remainingMs() > thanMs;
  }

  #codeAgeMs(): number {
    return this.#held?.ageMs() ?? 0;
  }

  /** Whether the code that this step's chain takes has been given, and is young enough. */
  #hasCode(): boolean {
    const { source } = this;
    if (!source) return false;
    if (!source.takesCode) return source.#hasCode();
    return source.session !== undefined && source.#codeAgeMs() <= this.#greatestCodeAgeMs();
  }

  #isPausing(): boolean {
    return this.#surroundings.clock.elapsed() < this.#pauseUntilElapsedMs;
  }

  /**
   * Somebody waits for what is in flight: here, and for the steps below that it waits for itself. A person's wish makes
   * its code the person's.
   */
  #hurry(demand: Demand): void {
    if (this.#inFlight) {
      if (demand.cause === 'person') this.#surroundings.desk.personAsks(this.#inFlight.call, demand);
      this.#inFlight.call.hurry();
    }
    if (this.source) this.source.#hurry(demand);
  }

  #obtain(demand: Demand, need: Need): Promise<Session> {
    if (this.#ended) return Promise.reject(this.#ended);
    const { session } = this;
    if (session && this.#livesLonger(need.leastLifeMs) && this.#codeAgeMs() <= need.greatestCodeAgeMs) {
      if (this.takesCode && !this.#livesLonger(this.#renewalLeadMs)) this.#renew();
      return Promise.resolve(session);
    }
    if (this.#inFlight) {
      if (demand.cause !== 'renewal') this.#hurry(demand);
      // What comes may be out of the keychain, and its code too old.
      return this.#inFlight.session.then((got) =>
        this.#codeAgeMs() <= need.greatestCodeAgeMs ? got : this.#obtain(demand, need),
      );
    }
    const refusal = this.#refusalFor(demand);
    return refusal ? Promise.reject(refusal) : this.#start(demand, need);
  }

  /** Why a call is not worth while now: what it would be told is known. A person may always try. */
  #refusalFor({ cause }: Demand): Failure | undefined {
    if (cause === 'person') return undefined;
    // An outage is everybody's: one program finds its end, and this step's own back-off is for renewals.
    const known = this.#problem && !(cause === 'program' && isOutage(this.#problem.failure));
    if (known && this.#isPausing()) return this.#problem?.failure;
    const { mfaSerial } = this.step;
    if (mfaSerial !== undefined && this.#problem && this.#surroundings.desk.isQuiet(mfaSerial)) {
      return this.#problem.failure;
    }
    return cause === 'program' && !this.takesCode
      ? this.#surroundings.reachability(this.step.region).refusal
      : undefined;
  }

  #start(demand: Demand, need: Need): Promise<Session> {
    const call = new StepCall(this.step, this.#surroundings, () => {
      if (this.#ended) throw this.#ended;
    });
    const session = this.#walk(call, demand, need).then(
      (got) => this.#succeed(got),
      (error: unknown) => this.#fail(error),
    );
    this.#inFlight = { session, call, isFresh: need.greatestCodeAgeMs === 0 };
    this.#surroundings.changed(this);
    return session;
  }

  #succeed(session: Session): Session {
    this.#inFlight = undefined;
    if (this.#ended) throw this.#ended;
    const { clock, random, kept } = this.#surroundings;
    this.#held = new HeldSession(session, clock);
    if (this.step.operation === 'GetSessionToken') void kept.keep(this.step.id, session);
    this.#problem = undefined;
    this.#failures = 0;
    this.#pauseUntilElapsedMs = 0;
    this.#askedSinceIssued = false;
    this.#announced = false;
    const { lifeMs } = this.#held;
    this.#renewalLeadMs = this.takesCode ? mfaLeadMs(lifeMs) : renewalLeadMs(lifeMs, random());
    this.#wakeIn(this.#held.remainingMs() - this.#renewalLeadMs);
    this.#surroundings.changed(this);
    return session;
  }

  #fail(error: unknown): never {
    this.#inFlight = undefined;
    if (this.#ended) throw this.#ended;
    const failure =
      error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault', { cause: error });
    const { clock, usedBy } = this.#surroundings;
    const nowMs = clock.now();
    this.#failures += 1;
    const pauseMs = this.#pauseMs(failure);
    this.#pauseUntilElapsedMs = clock.elapsed() + pauseMs;
    // A code that did not reach STS does not count as asked for.
    if (failure.code !== 'MfaRequired') this.#announced = false;
    const retries = mayPass(failure) && usedBy(this) !== undefined;
    this.#problem = {
      failure,
      atMs: nowMs,
      retryAtMs: retries ? nowMs + pauseMs : undefined,
      codeAgeMs: this.#codeAgeBehind(failure),
      isOfSource: this.source?.problem?.failure === failure,
    };
    if (retries) this.#wakeIn(pauseMs);
    this.#surroundings.changed(this);
    throw failure;
  }

  #pauseMs(failure: Failure): number {
    // The MFA desk has a pause of its own.
    if (failure.code === 'MfaRequired') return 0;
    return mayPass(failure) ? backoffMs(this.#failures, this.#surroundings.random()) : pauseAfterRefusalMs();
  }

  /** How old the code was that a refused role was asked for with, where that may be why. */
  #codeAgeBehind(failure: Failure): number | undefined {
    const { source } = this;
    if (!source || failure.awsCode !== 'AccessDenied') return undefined;
    if (source.problem?.failure === failure) return source.problem.codeAgeMs;
    return source.takesCode && source.step.operation === 'GetSessionToken' && source.#codeAgeMs() > oldCodeMs
      ? source.#codeAgeMs()
      : undefined;
  }

  #wakeIn(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#surroundings.clock.schedule(Math.max(0, delayMs), () => {
      this.#renew();
    });
  }

  /** Renews it in the background, if it is in use and nothing speaks against it now. */
  #renew(usedBy = this.#surroundings.usedBy): void {
    if (this.#inFlight || this.#ended || this.#isPausing() || this.#announced) return;
    const profile = usedBy(this);
    if (profile === undefined) return;
    const reachability = this.#surroundings.reachability(this.step.region);
    if (this.takesCode) {
      if (reachability.isTroubled || !this.#mayAnnounce()) return;
    } else {
      const holdBackMs = reachability.holdBackMs();
      if (holdBackMs > 0) {
        this.#wakeIn(holdBackMs);
        return;
      }
    }
    // Where there is nothing to be served any more, one more attempt is enough unless somebody asks again.
    if (!this.session) this.#askedSinceIssued = false;
    // The failure is kept as this step's problem, where a person sees it.
    this.#start({ cause: 'renewal', profile, present: () => this.session }, freshCode).catch(() => undefined);
  }

  /** A person is told once for each session that a code will be needed. */
  #mayAnnounce(): boolean {
    const { mfaSerial } = this.step;
    if (mfaSerial === undefined || this.#surroundings.desk.isQuiet(mfaSerial)) return false;
    this.#announced = true;
    return true;
  }

  async #walk(call: StepCall, demand: Demand, need: Need): Promise<Session> {
    const { source } = this;
    if (!source) {
      const kept = await this.#readKept(need);
      if (kept) return kept;
      await call.turn(demand);
      return call.makeWithKey(demand);
    }
    const sourceNeed = { leastLifeMs: usableForStepMs, greatestCodeAgeMs: this.#greatestCodeAgeMs() };
    await source.#obtain(demand, sourceNeed);
    await call.turn(demand);
    // It may have taken long until it was this one's turn.
    const session = await source.#obtain(demand, sourceNeed);
    try {
      return await call.make(session, demand);
    } catch (error) {
      if (!(error instanceof Failure) || !deadSessionCodes.has(error.awsCode ?? '')) throw error;
      // It ended or was revoked before its time: walk the chain anew, once.
      if (source.session === session) source.discard();
      return call.make(await source.#obtain(demand, sourceNeed), demand);
    }
  }

  #greatestCodeAgeMs(): number {
    const { step } = this;
    const seconds = step.operation === 'AssumeRole' ? step.mfaMaximumAgeSeconds : undefined;
    return seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000 - codeAgeMarginMs;
  }

  /** The session that an earlier run of Latchkey was given a code for. */
  async #readKept({ greatestCodeAgeMs }: Need): Promise<Session | undefined> {
    // One that was held in this run is the one that is kept, and its age is known better here.
    if (this.step.operation !== 'GetSessionToken' || this.#held || greatestCodeAgeMs === 0) return undefined;
    const session = await this.#surroundings.kept.read(this.step.id);
    if (!session) return undefined;
    const nowMs = this.#surroundings.clock.now();
    const isUsable =
      session.expiresAtMs - nowMs > usableForStepMs && nowMs - session.issuedAtMs <= greatestCodeAgeMs;
    return isUsable ? session : undefined;
  }
}
