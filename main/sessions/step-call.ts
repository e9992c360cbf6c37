import { Failure, unreachable } from '../failure.ts';
import type { KeyCustody } from '../keys/custody.ts';
import type { Clock } from '../platform/ports.ts';
import type { Session, SigningCredentials } from '../sts/session.ts';
import type { Sts } from '../sts/sts.ts';
import type { Step } from './chain.ts';
import type { Demand } from './demand.ts';
import type { MfaDesk } from './mfa-desk.ts';
import type { Pace, Turn } from './pace.ts';
import type { Reachability } from './reachability.ts';

/** What fails later than this is not tried again for somebody who waits: he does not any more. */
const patienceMs = 1_000;
/** As many as the AWS SDKs make: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
const mostAttempts = 3;

/** What a call to STS needs from the engine around it. */
export interface CallSurroundings {
  readonly clock: Clock;
  readonly sts: Sts;
  readonly keys: KeyCustody;
  readonly desk: MfaDesk;
  readonly pace: Pace;
  /** Of STS in a region. */
  readonly reachability: (region: string) => Reachability;
}

/**
 * One attempt to get a step's session from STS: with a code where it takes one, and in its turn where nobody waits. The
 * call is made once, or twice where the chain below is walked anew.
 */
export class StepCall {
  readonly #step: Step;
  readonly #surroundings: CallSurroundings;
  readonly #throwIfEnded: () => void;
  /** The place in the line of a renewal that waits. */
  #turn: Turn | undefined;
  #isHurried = false;

  /** @param throwIfEnded throws a Failure where nobody wants the answer any more */
  constructor(step: Step, surroundings: CallSurroundings, throwIfEnded: () => void) {
    this.#step = step;
    this.#surroundings = surroundings;
    this.#throwIfEnded = throwIfEnded;
  }

  /** Makes the call with the access key at the bottom of the chain. @throws Failure */
  async makeWithKey(demand: Demand): Promise<Session> {
    const { source } = this.#step;
    if (source.operation !== 'key') throw new Failure('Internal', 'A step without its source');
    const secretAccessKey = await this.#surroundings.keys.secretOf(source.key);
    return this.make({ accessKeyId: source.key.accessKeyId, secretAccessKey }, demand);
  }

  /** Makes the call with the session of the step below. @throws Failure */
  async make(credentials: SigningCredentials, demand: Demand): Promise<Session> {
    // It may have ended while its key or the step below was waited for: then nobody is asked any more.
    this.#throwIfEnded();
    const { sts } = this.#surroundings;
    const step = this.#step;
    switch (step.operation) {
      case 'GetSessionToken':
        return this.#withCode(step.mfaSerial, demand, (code) =>
          sts.getSessionToken(credentials, { ...step, code }),
        );
      case 'AssumeRole': {
        const { mfaSerial: serial } = step;
        if (serial !== undefined) {
          return this.#withCode(serial, demand, (code) =>
            sts.assumeRole(credentials, { ...step, mfa: { serial, code } }),
          );
        }
        return this.#insist(demand, () => sts.assumeRole(credentials, { ...step, mfa: undefined }));
      }
      default:
        return unreachable(step);
    }
  }

  /**
   * Waits for the turn of a call that nobody waits for. One that takes a code waits for a person.
   * @throws Failure where STS turned out not to be reached meanwhile
   */
  async turn({ cause }: Demand): Promise<void> {
    if (cause !== 'renewal' || this.#hasHurried() || this.#step.mfaSerial !== undefined) return;
    this.#turn = this.#surroundings.pace.takeTurn();
    await this.#turn.comes;
    this.#turn = undefined;
    this.#throwIfEnded();
    // Those before it in the line may have found out that STS cannot be reached.
    const { heldBackBy } = this.#surroundings.reachability(this.#step.region);
    if (heldBackBy && !this.#hasHurried()) throw heldBackBy;
  }

  /** Asked by a call, since it changes while `turn` waits. */
  #hasHurried(): boolean {
    return this.#isHurried;
  }

  /** Somebody waits for it now. */
  hurry(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    this.#turn?.hurry();
    this.#surroundings.desk.hurry(this);
  }

  #withCode(serial: string, demand: Demand, call: (code: string) => Promise<Session>): Promise<Session> {
    return this.#surroundings.desk.withCode({
      owner: this,
      serial,
      demand,
      attempt: (code) => this.#noteAnswer(call(code)),
      // Who has come to wait has no session.
      present: () => (this.#hasHurried() ? undefined : demand.present?.()),
    });
  }

  /**
   * Makes a call that somebody waits for again at once where it failed by a fault that may have been its own: a program
   * that asks the endpoint gives up after half a second, and mostly for good. In an outage there is one attempt.
   */
  async #insist({ cause }: Demand, call: () => Promise<Session>): Promise<Session> {
    const { clock, reachability } = this.#surroundings;
    const { isTroubled } = reachability(this.#step.region);
    const startMs = clock.elapsed();
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#noteAnswer(call());
      } catch (error) {
        const isWaiting = cause !== 'renewal' || this.#hasHurried();
        const isQuick = clock.elapsed() - startMs < patienceMs;
        const mayHelp = error instanceof Failure && isOutage(error) && !isTroubled && attempt < mostAttempts;
        if (!mayHelp || !isWaiting || !isQuick) throw error;
        this.#throwIfEnded();
      }
    }
  }

  /** Whether STS answered is of interest to everybody who waits for its region. */
  async #noteAnswer(called: Promise<Session>): Promise<Session> {
    const reachability = this.#surroundings.reachability(this.#step.region);
    try {
      const session = await called;
      reachability.answered();
      return session;
    } catch (error) {
      if (error instanceof Failure && isOutage(error)) reachability.failed(error);
      else reachability.answered();
      throw error;
    }
  }
}

/** Whether STS, or the way to it, is out of order. */
export function isOutage({ code }: Failure): boolean {
  return code === 'Unreachable' || code === 'Throttled';
}

/** Whether waiting can mend it. What STS refused, or a person must do, it cannot. */
export function mayPass(failure: Failure): boolean {
  return isOutage(failure) || failure.code === 'Internal';
}
