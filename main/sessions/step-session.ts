import { Failure, unreachable } from '../failure.ts';
import type { KeyCustody } from '../keys/custody.ts';
import type { Clock } from '../platform/ports.ts';
import type { Session, SigningCredentials } from '../sts/session.ts';
import type { Sts } from '../sts/sts.ts';
import type { Step } from './chain.ts';
import type { Demand } from './demand.ts';
import type { MfaDesk } from './mfa-desk.ts';
import { HeldSession } from './held-session.ts';
import type { KeptSessions } from './kept-sessions.ts';
import type { Pace, Turn } from './pace.ts';
import { backoffMs, pauseAfterRefusalMs, renewalLeadMs } from './schedule.ts';

/** What a step needs from the engine around it. */
export interface StepSurroundings {
  readonly clock: Clock;
  readonly sts: Sts;
  readonly keys: KeyCustody;
  readonly desk: MfaDesk;
  readonly pace: Pace;
  readonly kept: KeptSessions;
  /** From 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Whether somebody keeps this step's session in use besides those who asked for it. */
  readonly isHeldInUse: (step: StepSession) => boolean;
  readonly changed: (step: StepSession) => void;
}

/** The last attempt's failure. */
export interface StepProblem {
  readonly failure: Failure;
  /** When it happened, by the wall clock. */
  readonly atMs: number;
  /** When it is tried again though nobody asks; undefined where it is not. */
  readonly retryAtMs: number | undefined;
}

/** A session that a further step is to be walked with must live at least this long, so that it does not end on the way. */
const usableForStepMs = 60_000;

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
  #inFlight: Promise<Session> | undefined;
  /** The place in the line of a renewal that is in flight. */
  #turn: Turn | undefined;
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
  take(demand: Demand): Session | undefined {
    const { session } = this;
    if (!session) return undefined;
    this.#askedSinceIssued = true;
    if (!this.#livesLonger(this.#renewalLeadMs)) this.#renew(demand.profile);
    return session;
  }

  /**
   * A session that lives for `minimumLifeMs` at least, acquired where there is none.
   * @throws Failure why there is none
   */
  acquire(demand: Demand, minimumLifeMs = 0): Promise<Session> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#askedSinceIssued = true;
    const { session } = this;
    if (session && this.#livesLonger(minimumLifeMs)) return Promise.resolve(session);
    if (this.#inFlight) {
      if (demand.cause !== 'renewal') this.#hurry();
      return this.#inFlight;
    }
    if (demand.cause !== 'person' && this.#problem && this.#isPausing()) {
      return Promise.reject(this.#problem.failure);
    }
    return this.#start(demand);
  }

  /** Looks at the clocks, so that the session's age is known from here on whatever happens to them. */
  noteAge(): void {
    this.#held?.current();
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
    this.#surroundings.desk.withdraw(this, failure);
    this.#turn?.hurry();
    this.#drop();
  }

  [Symbol.dispose](): void {
    this.end(new Failure('NotRunning', 'Latchkey is ending'));
  }

  #livesLonger(thanMs: number): boolean {
    return this.#held !== undefined && this.#held.remainingMs() > thanMs;
  }

  #isPausing(): boolean {
    return this.#surroundings.clock.elapsed() < this.#pauseUntilElapsedMs;
  }

  /** Somebody waits for what is in flight: here, and for the steps below that it waits for itself. */
  #hurry(): void {
    this.#turn?.hurry();
    if (this.source) this.source.#hurry();
  }

  #start(demand: Demand): Promise<Session> {
    const inFlight = this.#walk(demand).then(
      (session) => this.#succeed(session),
      (error: unknown) => this.#fail(error, demand),
    );
    this.#inFlight = inFlight;
    this.#surroundings.changed(this);
    return inFlight;
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
    this.#renewalLeadMs = renewalLeadMs(this.#held.lifeMs, random());
    this.#wakeIn(this.#held.lifeMs - this.#renewalLeadMs);
    this.#surroundings.changed(this);
    return session;
  }

  #fail(error: unknown, demand: Demand): never {
    this.#inFlight = undefined;
    if (this.#ended) throw this.#ended;
    const failure =
      error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault', { cause: error });
    const { clock } = this.#surroundings;
    const nowMs = clock.now();
    this.#failures += 1;
    const pauseMs = this.#pauseMs(failure);
    this.#pauseUntilElapsedMs = clock.elapsed() + pauseMs;
    const retries = mayPass(failure) && this.#isInUse();
    this.#problem = { failure, atMs: nowMs, retryAtMs: retries ? nowMs + pauseMs : undefined };
    if (retries) this.#wakeIn(pauseMs, demand.profile);
    this.#surroundings.changed(this);
    throw failure;
  }

  #pauseMs(failure: Failure): number {
    // The MFA desk has a pause of its own.
    if (failure.code === 'MfaRequired') return 0;
    return mayPass(failure) ? backoffMs(this.#failures, this.#surroundings.random()) : pauseAfterRefusalMs();
  }

  #isInUse(): boolean {
    return this.#askedSinceIssued || this.#surroundings.isHeldInUse(this);
  }

  #wakeIn(delayMs: number, profile = ''): void {
    // A session that others are walked with is renewed when one of them needs it, not by itself.
    if (this.step.operation === 'GetSessionToken') return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#surroundings.clock.schedule(Math.max(0, delayMs), () => {
      if (this.#isInUse()) this.#renew(profile);
    });
  }

  #renew(profile: string): void {
    if (this.#inFlight || this.#ended || this.#isPausing()) return;
    // The failure is kept as this step's problem, where a person sees it.
    this.#start({ cause: 'renewal', profile }).catch(() => undefined);
  }

  async #walk(demand: Demand): Promise<Session> {
    const { source } = this;
    if (!source) {
      return (await this.#readKept()) ?? this.#request(await this.#signWithKey(), demand);
    }
    const session = await source.acquire(demand, usableForStepMs);
    try {
      return await this.#request(session, demand);
    } catch (error) {
      if (!(error instanceof Failure) || !deadSessionCodes.has(error.awsCode ?? '')) throw error;
      // It ended or was revoked before its time: walk the chain anew, once.
      if (source.session === session) source.discard();
      return this.#request(await source.acquire(demand, usableForStepMs), demand);
    }
  }

  /** The session that an earlier run of Latchkey was given a code for. */
  async #readKept(): Promise<Session | undefined> {
    if (this.step.operation !== 'GetSessionToken') return undefined;
    const session = await this.#surroundings.kept.read(this.step.id);
    const remainingMs = (session?.expiresAtMs ?? 0) - this.#surroundings.clock.now();
    return remainingMs > usableForStepMs ? session : undefined;
  }

  async #signWithKey(): Promise<SigningCredentials> {
    const { source } = this.step;
    if (source.operation !== 'key') throw new Failure('Internal', 'A step without its source');
    return {
      accessKeyId: source.key.accessKeyId,
      secretAccessKey: await this.#surroundings.keys.secretOf(source.key),
    };
  }

  async #request(credentials: SigningCredentials, demand: Demand): Promise<Session> {
    // It may have ended while its key or the step below was waited for: then nobody is asked any more.
    if (this.#ended) throw this.#ended;
    const { step } = this;
    const { sts, desk } = this.#surroundings;
    switch (step.operation) {
      case 'GetSessionToken':
        return desk.withCode(this, step.mfaSerial, demand, (code) =>
          sts.getSessionToken(credentials, { ...step, code }),
        );
      case 'AssumeRole': {
        const { mfaSerial: serial } = step;
        return serial === undefined
          ? this.#inTurn(demand).then(() => sts.assumeRole(credentials, { ...step, mfa: undefined }))
          : desk.withCode(this, serial, demand, (code) =>
              sts.assumeRole(credentials, { ...step, mfa: { serial, code } }),
            );
      }
      default:
        return unreachable(step);
    }
  }

  /** Waits for the turn of a call that nobody waits for. */
  async #inTurn({ cause }: Demand): Promise<void> {
    if (cause !== 'renewal') return;
    this.#turn = this.#surroundings.pace.takeTurn();
    await this.#turn.comes;
    this.#turn = undefined;
    if (this.#ended) throw this.#ended;
  }
}

/** Whether waiting can mend it. What STS refused, or a person must do, it cannot. */
function mayPass({ code }: Failure): boolean {
  return code === 'Unreachable' || code === 'Throttled' || code === 'Internal';
}
