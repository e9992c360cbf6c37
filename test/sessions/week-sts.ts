import { Failure } from '../../main/failure.ts';
import type { AssumeRoleInput } from '../../main/sts/assume-role.ts';
import type { CallerIdentity } from '../../main/sts/get-caller-identity.ts';
import type { GetSessionTokenInput } from '../../main/sts/get-session-token.ts';
import type { Session, SigningCredentials } from '../../main/sts/session.ts';
import type { Sts } from '../../main/sts/sts.ts';
import type { Faults } from '../sts/embedded-sts.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import type { Random } from './week-random.ts';
import type { Trouble, Weather } from './week-weather.ts';

/** A session as STS issued it. */
export interface Issued {
  /** A role's ARN, or an MFA device's serial for a base session. */
  readonly of: string;
  readonly atMs: number;
  readonly endMs: number;
  /** How many reads got it. */
  reads: number;
  /** How many sessions were had with it. */
  walks: number;
}

/** Why a call to STS gave no session. `refused` is a code that was wrong. */
export type Loss = Trouble | 'refused';

const latencyMs = { from: 15, to: 45 };

/**
 * The way to the embedded STS, with the week's weather. Calls take a little of the fake time and then, one after the
 * other, as long as they really take, while the fake clock stands still: so the same seed gives the same week.
 */
export class WeekSts implements Sts {
  readonly issued = new Map<string, Issued>();
  readonly losses: Loss[] = [];
  /** What STS said that it has no reason to say here. */
  readonly surprises: string[] = [];
  readonly #sts: Sts;
  readonly #clock: FakeClock;
  readonly #weather: Weather;
  readonly #faults: Faults;
  readonly #random: Random;
  readonly #lastIssued = new Map<string, Issued>();
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;

  constructor(sts: Sts, clock: FakeClock, weather: Weather, faults: Faults, random: Random) {
    this.#sts = sts;
    this.#clock = clock;
    this.#weather = weather;
    this.#faults = faults;
    this.#random = random;
  }

  /** Whether a call really waits for its answer now. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Resolves when every call that is under way has its answer. */
  async answered(): Promise<void> {
    await this.#last;
  }

  /** Asks STS itself whether it takes a session, whatever the weather. @throws Failure */
  async confirm(session: Session): Promise<CallerIdentity> {
    return this.#inTurn(() => {
      this.#faults.clear();
      return this.#sts.getCallerIdentity(session, 'us-east-1');
    });
  }

  /** When the last session of a role or device ends by STS's own word; 0 where there has been none. */
  endOf(of: string): number {
    return this.#lastIssued.get(of)?.endMs ?? 0;
  }

  getCallerIdentity(credentials: SigningCredentials, region: string): Promise<CallerIdentity> {
    return this.#sts.getCallerIdentity(credentials, region);
  }

  getSessionToken(credentials: SigningCredentials, input: GetSessionTokenInput): Promise<Session> {
    return this.#issue(input.mfaSerial, credentials, () => this.#sts.getSessionToken(credentials, input));
  }

  assumeRole(credentials: SigningCredentials, input: AssumeRoleInput): Promise<Session> {
    return this.#issue(input.roleArn, credentials, () => this.#sts.assumeRole(credentials, input));
  }

  async #issue(of: string, credentials: SigningCredentials, call: () => Promise<Session>): Promise<Session> {
    const { from, to } = latencyMs;
    await new Promise<void>((resolve) => {
      this.#clock.schedule(this.#random.between(from, to), resolve);
    });
    return this.#inTurn(async () => {
      const trouble = this.#weather.strike(this.#faults, this.#clock.now());
      try {
        const session = await call();
        const issued = { of, atMs: this.#clock.now(), endMs: session.expiresAtMs, reads: 0, walks: 0 };
        this.issued.set(session.accessKeyId, issued);
        this.#lastIssued.set(of, issued);
        const walkedWith = this.issued.get(credentials.accessKeyId);
        if (walkedWith) walkedWith.walks += 1;
        return session;
      } catch (error) {
        // Nothing else may be wrong in this world.
        if (!trouble && !(error instanceof Failure && error.code === 'MfaRejected'))
          throw new Error(of, { cause: error });
        this.losses.push(trouble ?? 'refused');
        throw error;
      }
    });
  }

  #inTurn<Result>(call: () => Promise<Result>): Promise<Result> {
    this.#underWay += 1;
    const result = this.#last.then(call).finally(() => {
      this.#underWay -= 1;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}
