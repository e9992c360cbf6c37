import { Failure, unreachable } from '../failure.ts';
import type { KeyCustody } from '../keys/custody.ts';
import type { Clock } from '../platform/ports.ts';
import { assumeRole } from '../sts/assume-role.ts';
import type { StsConnection } from '../sts/connection.ts';
import { getSessionToken } from '../sts/get-session-token.ts';
import type { Session, SigningCredentials } from '../sts/session.ts';
import type { Step } from './chain.ts';
import type { Demand } from './demand.ts';
import type { MfaDesk } from './mfa-desk.ts';
import { backoffMs, pauseAfterRefusalMs, renewalTimeMs } from './schedule.ts';

/** What a step needs from the engine around it. */
export interface StepSurroundings {
  readonly clock: Clock;
  readonly sts: StsConnection;
  readonly keys: KeyCustody;
  readonly desk: MfaDesk;
  /** From 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Whether somebody keeps this step's session in use besides those who asked for it. */
  readonly isHeldInUse: (step: StepSession) => boolean;
  readonly changed: (step: StepSession) => void;
}

/** The last attempt's failure. */
export interface StepProblem {
  readonly failure: Failure;
  readonly atMs: number;
  /** Until then programs get this failure without another call; undefined where a person was asked and did not answer. */
  readonly pauseUntilMs: number | undefined;
  /** Whether it is tried again then though nobody asks. */
  readonly retries: boolean;
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
  #session: Session | undefined;
  #renewAtMs = 0;
  #askedSinceIssued = false;
  #inFlight: Promise<Session> | undefined;
  #problem: StepProblem | undefined;
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
    return this.#livesAtLeast(0) ? this.#session : undefined;
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
    if (this.#surroundings.clock.now() >= this.#renewAtMs) this.#renew(demand.profile);
    return session;
  }

  /**
   * A session that lives for `minimumLifeMs` at least, acquired where there is none.
   * @throws Failure why there is none
   */
  acquire(demand: Demand, minimumLifeMs = 0): Promise<Session> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#askedSinceIssued = true;
    if (this.#session && this.#livesAtLeast(minimumLifeMs)) return Promise.resolve(this.#session);
    if (this.#inFlight) return this.#inFlight;
    if (demand.cause !== 'person' && this.#problem && this.#mustPause(this.#problem)) {
      return Promise.reject(this.#problem.failure);
    }
    return this.#start(demand);
  }

  /** Forgets a session that STS no longer takes. */
  drop(): void {
    this.#session = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#surroundings.changed(this);
  }

  /** Forgets everything; whoever waits, and whoever still asks, gets `failure`. */
  end(failure: Failure): void {
    this.#ended = failure;
    this.#surroundings.desk.withdraw(this, failure);
    this.drop();
  }

  [Symbol.dispose](): void {
    this.end(new Failure('NotRunning', 'Latchkey is ending'));
  }

  #livesAtLeast(lifeMs: number): boolean {
    return this.#session !== undefined && this.#session.expiresAtMs - this.#surroundings.clock.now() > lifeMs;
  }

  #mustPause({ pauseUntilMs }: StepProblem): boolean {
    return pauseUntilMs !== undefined && this.#surroundings.clock.now() < pauseUntilMs;
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
    this.#session = session;
    this.#problem = undefined;
    this.#failures = 0;
    this.#askedSinceIssued = false;
    this.#renewAtMs = renewalTimeMs(session.issuedAtMs, session.expiresAtMs, this.#surroundings.random());
    this.#wakeAt(this.#renewAtMs);
    this.#surroundings.changed(this);
    return session;
  }

  #fail(error: unknown, demand: Demand): never {
    this.#inFlight = undefined;
    if (this.#ended) throw this.#ended;
    const failure =
      error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault', { cause: error });
    const nowMs = this.#surroundings.clock.now();
    this.#failures += 1;
    const pauseUntilMs = this.#pauseUntilMs(failure, nowMs);
    const retries = mayPass(failure) && this.#isInUse();
    this.#problem = { failure, atMs: nowMs, pauseUntilMs, retries };
    if (retries && pauseUntilMs !== undefined) this.#wakeAt(pauseUntilMs, demand.profile);
    this.#surroundings.changed(this);
    throw failure;
  }

  #pauseUntilMs(failure: Failure, nowMs: number): number | undefined {
    if (failure.code === 'MfaRequired') return undefined;
    return (
      nowMs +
      (mayPass(failure) ? backoffMs(this.#failures, this.#surroundings.random()) : pauseAfterRefusalMs())
    );
  }

  #isInUse(): boolean {
    return this.#askedSinceIssued || this.#surroundings.isHeldInUse(this);
  }

  #wakeAt(atMs: number, profile = ''): void {
    // A session that others are walked with is renewed when one of them needs it, not by itself.
    if (this.step.operation === 'GetSessionToken') return;
    this.#timer?.[Symbol.dispose]();
    const { clock } = this.#surroundings;
    this.#timer = clock.schedule(Math.max(0, atMs - clock.now()), () => {
      if (this.#isInUse()) this.#renew(profile);
    });
  }

  #renew(profile: string): void {
    if (this.#inFlight || this.#ended || (this.#problem && this.#mustPause(this.#problem))) return;
    // The failure is kept as this step's problem, where a person sees it.
    this.#start({ cause: 'renewal', profile }).catch(() => undefined);
  }

  async #walk(demand: Demand): Promise<Session> {
    const { source } = this;
    if (!source) return this.#request(await this.#signWithKey(), demand);
    const session = await source.acquire(demand, usableForStepMs);
    try {
      return await this.#request(session, demand);
    } catch (error) {
      if (!(error instanceof Failure) || !deadSessionCodes.has(error.awsCode ?? '')) throw error;
      // It ended or was revoked before its time: walk the chain anew, once.
      if (source.session === session) source.drop();
      return this.#request(await source.acquire(demand, usableForStepMs), demand);
    }
  }

  async #signWithKey(): Promise<SigningCredentials> {
    const { source } = this.step;
    if (source.operation !== 'key') throw new Failure('Internal', 'A step without its source');
    return {
      accessKeyId: source.key.accessKeyId,
      secretAccessKey: await this.#surroundings.keys.secretOf(source.key),
    };
  }

  #request(credentials: SigningCredentials, demand: Demand): Promise<Session> {
    const { step } = this;
    const { sts, desk } = this.#surroundings;
    switch (step.operation) {
      case 'GetSessionToken':
        return desk.withCode(this, step.mfaSerial, demand, (code) =>
          getSessionToken(sts, credentials, { ...step, code }),
        );
      case 'AssumeRole': {
        const { mfaSerial: serial } = step;
        return serial === undefined
          ? assumeRole(sts, credentials, { ...step, mfa: undefined })
          : desk.withCode(this, serial, demand, (code) =>
              assumeRole(sts, credentials, { ...step, mfa: { serial, code } }),
            );
      }
      default:
        return unreachable(step);
    }
  }
}

/** Whether waiting can mend it. What STS refused, or a person must do, it cannot. */
function mayPass({ code }: Failure): boolean {
  return code === 'Unreachable' || code === 'Throttled' || code === 'Internal';
}
