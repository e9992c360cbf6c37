import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { Failure } from '../../main/failure.ts';
import { KeyCustody } from '../../main/keys/custody.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { profileSchema, type ProfileInput } from '../../main/profiles/profile.ts';
import { ActiveProfile } from '../../main/profiles/active-profile.ts';
import { Profiles } from '../../main/profiles/profiles.ts';
import { Secret } from '../../main/secret.ts';
import { KeptSessions } from '../../main/sessions/kept-sessions.ts';
import { Sessions } from '../../main/sessions/sessions.ts';
import type { Session, SigningCredentials } from '../../main/sts/session.ts';
import type { Sts } from '../../main/sts/sts.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { FakePower } from '../fixtures/fake-power.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const minute = 60_000;
/**
 * The broker looks at the clocks this often. A sleep and a setting back of the wall clock within that time could not
 * be told from each other by anybody.
 */
const clockWatchMs = 15_000;
const serial = 'arn:aws:iam::123456789012:mfa/alice';

const recentSeconds = 600;

/**
 * Two behind one device, one chained on the first of them, one without a device, one that wants its own code, one whose
 * role accepts young codes only, and one that is protected.
 */
const profiles: ProfileInput[] = [
  {
    name: 'guarded',
    roleArn: role('Guarded'),
    base: { key: 'work' },
    region: 'eu-west-1',
    mfaSerial: serial,
  },
  { name: 'shared', roleArn: role('Shared'), base: { key: 'work' }, region: 'eu-west-1', mfaSerial: serial },
  { name: 'chained', roleArn: role('Chained'), base: { profile: 'guarded' }, region: 'eu-west-1' },
  { name: 'plain', roleArn: role('Plain'), base: { key: 'work' }, region: 'eu-west-1' },
  {
    name: 'direct',
    roleArn: role('Direct'),
    base: { key: 'work' },
    region: 'eu-west-1',
    mfaSerial: serial,
    durationSeconds: 7200,
  },
  {
    name: 'recent',
    roleArn: role('Recent'),
    base: { key: 'work' },
    region: 'eu-west-1',
    mfaSerial: serial,
    mfaMaximumAgeSeconds: recentSeconds,
  },
  {
    name: 'production',
    roleArn: role('Production'),
    base: { key: 'work' },
    region: 'eu-west-1',
    protected: true,
  },
];

function role(name: string): string {
  return `arn:aws:iam::123456789012:role/${name}`;
}

/** STS as a table of calls under way, each answered when the history says so. It knows when each session really ends. */
class TableSts implements Sts {
  readonly #clock: FakeClock;
  underWay: { inputs: string; succeed: () => void; fail: (failure: Failure) => void }[] = [];
  readonly #ends = new Map<string, number>();
  readonly #issuedAt = new Map<string, number>();
  /** Calls whose code was too old for the role though the profile says what it accepts. */
  tooOldCodes = 0;
  /** Time as STS has it: it goes on in sleep, and nobody sets it. */
  nowMs = 0;
  mostAtOnceForOneStep = 0;
  readonly #orphans: typeof this.underWay = [];
  #issued = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  getCallerIdentity = () =>
    Promise.resolve({ accountId: '123456789012', arn: 'arn:aws:iam::123456789012:user/alice' });

  getSessionToken = (
    credentials: SigningCredentials,
    { code, ...input }: { code: string; durationSeconds: number },
  ) => this.#call(credentials, input, code);

  assumeRole = (
    credentials: SigningCredentials,
    { mfa, ...input }: { mfa: { code: string } | undefined; durationSeconds: number },
  ) => this.#call(credentials, input, mfa?.code);

  /** What is under way was asked for by sessions that are gone: its answer reaches nobody. */
  orphan(): void {
    this.#orphans.push(...this.underWay);
    this.underWay = [];
  }

  /** Where the clock is set back while Latchkey does not run, nobody could tell how old a kept session is. */
  forgetAges(): void {
    this.#issuedAt.clear();
  }

  answerAll(): void {
    for (const call of [...this.underWay, ...this.#orphans]) call.succeed();
  }

  isAlive(session: Session): boolean {
    return (this.#ends.get(session.accessKeyId) ?? 0) > this.nowMs;
  }

  #call(
    credentials: SigningCredentials,
    input: { durationSeconds: number },
    code: string | undefined,
  ): Promise<Session> {
    const inputs = JSON.stringify(input);
    const issuedAtMs = this.#issuedAt.get(credentials.accessKeyId);
    if (inputs.includes(role('Recent')) && this.nowMs - (issuedAtMs ?? this.nowMs) >= recentSeconds * 1000) {
      this.tooOldCodes += 1;
    }
    return new Promise((resolve, reject) => {
      const call = {
        inputs,
        succeed: () => {
          this.underWay = this.underWay.filter((other) => other !== call);
          if (code === '000000') {
            reject(new Failure('MfaRejected', 'wrong code'));
          } else if (
            credentials.sessionToken &&
            (this.#ends.get(credentials.accessKeyId) ?? 0) <= this.nowMs
          ) {
            reject(new Failure('Refused', 'ended', { awsCode: 'ExpiredToken' }));
          } else {
            resolve(this.#issue(input.durationSeconds));
          }
        },
        fail: (failure: Failure) => {
          this.underWay = this.underWay.filter((other) => other !== call);
          reject(failure);
        },
      };
      this.underWay.push(call);
      const same = this.underWay.filter((other) => other.inputs === inputs).length;
      this.mostAtOnceForOneStep = Math.max(this.mostAtOnceForOneStep, same);
    });
  }

  #issue(durationSeconds: number): Session {
    this.#issued += 1;
    const accessKeyId = `ASIA${this.#issued}`;
    this.#ends.set(accessKeyId, this.nowMs + durationSeconds * 1000);
    this.#issuedAt.set(accessKeyId, this.nowMs);
    return {
      accessKeyId,
      secretAccessKey: new Secret('secret'),
      sessionToken: new Secret('token'),
      issuedAtMs: this.#clock.now(),
      expiresAtMs: this.#clock.now() + durationSeconds * 1000,
    };
  }
}

type Event =
  | { kind: 'ask' | 'take' | 'use' | 'remove' | 'pin' | 'freshCode'; profile: string }
  | { kind: 'advance' | 'sleep' | 'set'; ms: number }
  | { kind: 'code'; code: string }
  | { kind: 'answer'; fault: 'none' | 'Unreachable' | 'Throttled' | 'Refused' }
  | { kind: 'cancel' | 'lock' | 'unlock' | 'flow' | 'takeAll' | 'wake' | 'restart' };

const aProfile = fc.constantFrom(...profiles.map(({ name }) => name));
const anEvent: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), profile: aProfile }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), profile: aProfile }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('use' as const), profile: aProfile }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      fault: fc.constantFrom('none', 'none', 'none', 'Unreachable', 'Throttled', 'Refused'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('code' as const),
      code: fc.constantFrom('123456', '234567', '000000'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.constantFrom(1000, minute, 20 * minute, 70 * minute, 780 * minute),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sleep' as const),
      ms: fc.integer({ min: 0, max: 900 * minute }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      ms: fc.integer({ min: -300, max: 300 }).map((minutes) => minutes * minute),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('cancel' as const, 'lock' as const, 'unlock' as const, 'wake' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('pin' as const, 'freshCode' as const),
      profile: aProfile,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('flow' as const, 'takeAll' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      profile: fc.constantFrom('chained', 'shared'),
    }),
  },
);

/** Lets every promise that can settle do so: file writes too, which take a turn of the event loop each. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function live(events: readonly Event[]): Promise<void> {
  using clock = new FakeClock();
  await using home = await temporaryHome();
  const sts = new TableSts(clock);
  const configuration = await ConfigurationStore.open(home.path);
  const secrets = memorySecretStore();
  const keys = new KeyCustody(clock, configuration, secrets, sts);
  const kept = new KeptSessions({ secrets, isOn: () => true, warn: console.error });
  const power = new FakePower();
  const active = new ActiveProfile(clock, configuration);
  const begin = () =>
    new Sessions({ clock, power, configuration, active, keys, sts, kept, random: () => 0.5 });
  let sessions = begin();
  await keys.add({
    label: 'work',
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    region: 'us-east-1',
  });
  await configuration.update((before) => ({
    ...before,
    profiles: profiles.map((profile) => profileSchema.parse(profile)),
  }));
  const edits = new Profiles(configuration);
  let waiting = 0;
  let isLocked = false;
  /** By elapsed time: until then no program's request may open a prompt. */
  let quietUntilElapsedMs = 0;
  let quietPeriodMs = minute;
  let isPersonWaiting = 0;
  let codes = 0;

  function checkServed(session: Session | undefined) {
    if (!session) return;
    expect(sts.isAlive(session), 'an ended session was served').toBe(true);
    expect(session.expiresAtMs).toBeGreaterThan(clock.now());
    expect(isLocked, 'a session was served while locked').toBe(false);
  }

  function wait(cause: 'program' | 'person', session: Promise<Session>) {
    const persons = cause === 'person' ? 1 : 0;
    waiting += 1;
    isPersonWaiting += persons;
    const settled = () => {
      waiting -= 1;
      isPersonWaiting -= persons;
    };
    session.then(settled, (error: unknown) => {
      settled();
      expect(error).toBeInstanceOf(Failure);
    });
  }

  /** All goes well: STS answers, the person gives codes. */
  async function flow() {
    for (let number = 0; number < 8; number++) {
      if (sessions.desk.isAsking(serial)) await step({ kind: 'code', code: String(100_000 + codes++) });
      await settle();
      for (const call of [...sts.underWay]) call.succeed();
      await settle();
    }
  }

  async function step(event: Event) {
    switch (event.kind) {
      case 'ask':
        wait('program', sessions.acquire({ cause: 'program', profile: event.profile }));
        break;
      case 'use':
        await active.use(event.profile).catch(() => undefined);
        wait('person', sessions.acquire({ cause: 'person', profile: event.profile }));
        break;
      case 'freshCode':
        wait('person', sessions.acquireWithFreshCode(event.profile));
        break;
      case 'pin':
        await edits.pin(event.profile, true).catch(() => undefined);
        break;
      case 'wake':
        power.tell({ type: 'wake' });
        break;
      case 'restart':
        sessions[Symbol.dispose]();
        sts.orphan();
        sessions = begin();
        sts.forgetAges();
        isLocked = false;
        // The desk is a new one, and so are its quiet periods.
        quietUntilElapsedMs = 0;
        quietPeriodMs = minute;
        break;
      case 'take':
        checkServed(sessions.take(event.profile));
        break;
      case 'takeAll':
        for (const { name } of profiles) checkServed(sessions.take(name));
        break;
      case 'flow':
        await flow();
        break;
      case 'advance':
        sts.nowMs += event.ms;
        clock.advance(event.ms);
        break;
      case 'sleep':
        sts.nowMs += event.ms;
        clock.sleep(event.ms);
        await step({ kind: 'advance', ms: clockWatchMs });
        break;
      case 'set':
        clock.setWallClock(event.ms);
        await step({ kind: 'advance', ms: clockWatchMs });
        break;
      case 'code':
        void sessions.desk.answer(serial, event.code).then(
          () => {
            quietUntilElapsedMs = 0;
            quietPeriodMs = minute;
          },
          () => undefined,
        );
        break;
      case 'answer': {
        const [call] = sts.underWay;
        if (event.fault === 'none') call?.succeed();
        else call?.fail(new Failure(event.fault, 'a fault'));
        break;
      }
      case 'cancel':
        if (sessions.desk.prompts().some(({ state }) => state === 'waiting')) {
          quietUntilElapsedMs = clock.elapsed() + quietPeriodMs;
          quietPeriodMs = Math.min(quietPeriodMs * 2, 15 * minute);
        }
        sessions.desk.cancel(serial);
        break;
      case 'lock':
        sessions.lock();
        sts.orphan();
        isLocked = true;
        break;
      case 'unlock':
        sessions.unlock();
        isLocked = false;
        break;
      case 'remove':
        // A call of a step that ends has no owner any more, and the same step may be walked anew beside it.
        while (sts.underWay.length > 0) {
          for (const call of sts.underWay) call.succeed();
          await settle();
        }
        await edits.remove(event.profile).catch(() => undefined);
        break;
    }
  }

  for (const event of events) {
    const hadPrompt = sessions.desk.prompts().length > 0;
    await step(event);
    await settle();
    expect(sts.mostAtOnceForOneStep, 'calls in flight for one step').toBeLessThanOrEqual(1);
    expect(sts.tooOldCodes, 'a code older than the profile says that its role accepts').toBe(0);
    expect(sessions.desk.prompts().length, 'prompts for one device').toBeLessThanOrEqual(1);
    if (sessions.isLocked) expect(sessions.desk.prompts(), 'a prompt while locked').toEqual([]);
    const mayNotPrompt = ['ask', 'take', 'takeAll', 'wake', 'answer', 'pin'].includes(event.kind);
    if (!hadPrompt && sessions.desk.prompts().length > 0 && mayNotPrompt && isPersonWaiting === 0) {
      expect(clock.elapsed(), 'a prompt in a quiet period').toBeGreaterThanOrEqual(quietUntilElapsedMs);
    }
  }
  sessions[Symbol.dispose]();
  await active[Symbol.asyncDispose]();
  sts.answerAll();
  await settle();
  expect(waiting, 'somebody was never answered').toBe(0);
  expect(clock.waiting, 'timers left behind').toBe(0);
  expect(power.listening, 'listeners left behind').toBe(0);
}

describe('whatever happens, in whatever order', () => {
  it('no ended session is served, no step is walked twice at once, nobody is prompted in a quiet period, all are answered, and no timer is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anEvent, { minLength: 20, maxLength: 80, size: 'max' }), live),
      { numRuns: 200 },
    );
  }, 120_000);
});
