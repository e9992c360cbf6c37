import { chainOf, stepsOf } from '../../main/sessions/chain.ts';
import type { Sessions } from '../../main/sessions/sessions.ts';
import type { Session } from '../../main/sts/session.ts';
import { findProfile, type Configuration } from '../../main/configuration/configuration.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { usableForStepMs, type OracleRead, type OracleStep } from './oracle.ts';
import type { WeekSts } from './week-sts.ts';
import type { Weather } from './week-weather.ts';

/** The endpoint's patience with a request that cannot be answered from memory. */
const patienceMs = 250;
/** Of so many reads that got credentials one is confirmed by a call that is signed with them. */
const confirmedOf = 20;

/**
 * How reads ended. Without credentials: `failed` though the profile had a live session or STS worked;
 * `waitingForCode` where only a person could have helped, since the device's last code is used up; `outOfReach`
 * where there was no live session, and an outage or a burst of throttling was on.
 */
export interface Endings {
  served: number;
  failed: number;
  waitingForCode: number;
  outOfReach: number;
  /** Served with what STS itself did not take any more: of `served`. */
  expired: number;
}

/**
 * Reads as programs make them, each judged at once by what STS itself knows. A read is one request for credentials to
 * the endpoint: answered from memory (`take`), else within the endpoint's patience (`acquire`), else not. There is no
 * second try within a read, since botocore, the AWS CLI and the JavaScript SDK make none.
 */
export class Reads {
  readonly endings: Endings = { served: 0, failed: 0, waitingForCode: 0, outOfReach: 0, expired: 0 };
  /** What the oracle has to serve: the others had to do without, so it is not credited for them. */
  readonly served: OracleRead[] = [];
  /** What a failed or wrongly served read was told, for the reader of a failed run. */
  readonly complaints: string[] = [];
  #toConfirm = 0;
  readonly #clock: FakeClock;
  readonly #sessions: Sessions;
  readonly #sts: WeekSts;
  readonly #weather: Weather;
  readonly #chains: ReadonlyMap<string, readonly OracleStep[]>;
  readonly #serials: ReadonlyMap<string, string | undefined>;

  constructor(
    clock: FakeClock,
    sessions: Sessions,
    sts: WeekSts,
    weather: Weather,
    configuration: Configuration,
  ) {
    this.#clock = clock;
    this.#sessions = sessions;
    this.#sts = sts;
    this.#weather = weather;
    const chains = configuration.profiles.map(
      ({ name }) => [name, oracleChain(configuration, name)] as const,
    );
    this.#chains = new Map(chains);
    this.#serials = new Map(
      chains.map(([name, chain]) => [name, chain.find(({ id }) => id.includes(':mfa/'))?.id]),
    );
  }

  /** One read of a profile; undefined where it ended without credentials. */
  async read(profile: string): Promise<Session | undefined> {
    const startMs = this.#clock.now();
    const serial = this.#serials.get(profile);
    const codeLastsUntilMs = serial === undefined ? Infinity : this.#sts.endOf(serial);
    const held = this.#sessions.take(profile);
    if (held) return this.#served(profile, startMs, held);
    let waiting: Disposable | undefined;
    const tooSlow = new Promise<never>((_resolve, reject) => {
      waiting = this.#clock.schedule(patienceMs, () => {
        reject(new Error('not within the endpoint’s patience'));
      });
    });
    try {
      const session = await Promise.race([this.#sessions.acquire({ cause: 'program', profile }), tooSlow]);
      return this.#served(profile, startMs, session);
    } catch (error) {
      this.#ended(profile, startMs, codeLastsUntilMs, error);
      return undefined;
    } finally {
      waiting?.[Symbol.dispose]();
    }
  }

  #served(profile: string, startMs: number, session: Session): Session {
    const chain = this.#chains.get(profile) ?? [];
    this.endings.served += 1;
    this.served.push({ atMs: startMs, chain });
    const issued = this.#sts.issued.get(session.accessKeyId);
    const isRight = issued?.of === chain.at(-1)?.id;
    if (!issued || !isRight || issued.endMs <= this.#clock.now() || session.expiresAtMs > issued.endMs) {
      this.endings.expired += 1;
      this.#complain(profile, 'got what STS does not take');
      return session;
    }
    issued.reads += 1;
    this.#toConfirm -= 1;
    if (this.#toConfirm < 0) {
      this.#toConfirm = confirmedOf;
      void this.#confirm(profile, session);
    }
    return session;
  }

  /** Asks STS itself. */
  async #confirm(profile: string, session: Session): Promise<void> {
    await this.#sts.confirm(session).catch((error: unknown) => {
      this.endings.expired += 1;
      this.#complain(profile, String(error));
    });
  }

  #ended(profile: string, startMs: number, codeLastsUntilMs: number, error: unknown): void {
    const nowMs = this.#clock.now();
    const role = this.#chains.get(profile)?.at(-1)?.id ?? '';
    const hadSession = this.#sts.endOf(role) > nowMs;
    // A code that is given in the last moments of a read leaves no time for the call that follows.
    const isCodeGiven = codeLastsUntilMs > nowMs + usableForStepMs;
    const isStsWorking = !this.#weather.at(startMs) && !this.#weather.at(nowMs);
    if (!hadSession && !isCodeGiven) this.endings.waitingForCode += 1;
    else if (!hadSession && !isStsWorking) this.endings.outOfReach += 1;
    else {
      this.endings.failed += 1;
      const { state } = this.#sessions.standing(profile);
      const since = new Date(startMs).toISOString();
      this.#complain(profile, `${String(error)} (${state}, asked at ${since})`);
    }
  }

  #complain(profile: string, what: string): void {
    this.complaints.push(`${new Date(this.#clock.now()).toISOString()} ${profile}: ${what}`);
  }
}

/** A profile's chain as the oracle has it: steps are named by what STS issues, a device or a role. */
function oracleChain(configuration: Configuration, name: string): readonly OracleStep[] {
  const profile = findProfile(configuration, name);
  if (!profile) return [];
  return stepsOf(chainOf(configuration, profile)).map((step) => ({
    id: step.operation === 'GetSessionToken' ? step.mfaSerial : step.roleArn,
    lifeMs: step.durationSeconds * 1000,
  }));
}
