import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { Failure } from '../../main/failure.ts';
import { KeyCustody } from '../../main/keys/custody.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { profileSchema, type ProfileInput } from '../../main/profiles/profile.ts';
import { Profiles } from '../../main/profiles/profiles.ts';
import { Secret } from '../../main/secret.ts';
import { KeptSessions } from '../../main/sessions/kept-sessions.ts';
import { Sessions } from '../../main/sessions/sessions.ts';
import type { Session, SigningCredentials } from '../../main/sts/session.ts';
import type { Sts } from '../../main/sts/sts.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const minute = 60_000;
/**
 * The broker looks at the clocks this often. A sleep and a setting back of the wall clock within that time could not
 * be told from each other by anybody.
 */
const clockWatchMs = 15_000;
const serial = 'arn:aws:iam::123456789012:mfa/alice';

/** Two behind one device, one chained on the first of them, one without a device, one that wants its own code. */
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
];

function role(name: string): string {
  return `arn:aws:iam::123456789012:role/${name}`;
}

/** STS as a table of calls under way, each answered when the history says so. It knows when each session really ends. */
class TableSts implements Sts {
  readonly #clock: FakeClock;
  underWay: { inputs: string; succeed: () => void; fail: (failure: Failure) => void }[] = [];
  readonly #ends = new Map<string, number>();
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
  | { kind: 'ask' | 'take' | 'use' | 'remove'; profile: string }
  | { kind: 'advance' | 'sleep' | 'set'; ms: number }
  | { kind: 'code'; code: string }
  | { kind: 'answer'; fault: 'none' | 'Unreachable' | 'Throttled' | 'Refused' }
  | { kind: 'cancel' | 'lock' | 'unlock' | 'flow' | 'takeAll' };

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
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'lock' as const, 'unlock' as const) }),
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
  const sessions = new Sessions({ clock, configuration, keys, sts, kept, random: () => 0.5 });
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

  function ask(cause: 'program' | 'person', profile: string) {
    waiting += 1;
    if (cause === 'person') isPersonWaiting += 1;
    const settled = () => {
      waiting -= 1;
      if (cause === 'person') isPersonWaiting -= 1;
    };
    sessions.acquire({ cause, profile }).then(
      () => {
        settled();
      },
      (error: unknown) => {
        settled();
        expect(error).toBeInstanceOf(Failure);
      },
    );
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
        ask('program', event.profile);
        break;
      case 'use':
        await edits.activate(event.profile).catch(() => undefined);
        ask('person', event.profile);
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
    const wasAsking = sessions.desk.isAsking(serial);
    await step(event);
    await settle();
    expect(sts.mostAtOnceForOneStep, 'calls in flight for one step').toBeLessThanOrEqual(1);
    expect(sessions.desk.prompts().length, 'prompts for one device').toBeLessThanOrEqual(1);
    if (sessions.isLocked) expect(sessions.desk.prompts(), 'a prompt while locked').toEqual([]);
    if (!wasAsking && sessions.desk.isAsking(serial) && event.kind === 'ask' && isPersonWaiting === 0) {
      expect(clock.elapsed(), 'a prompt in a quiet period').toBeGreaterThanOrEqual(quietUntilElapsedMs);
    }
  }
  sessions[Symbol.dispose]();
  sts.answerAll();
  await settle();
  expect(waiting, 'somebody was never answered').toBe(0);
  expect(clock.waiting, 'timers left behind').toBe(0);
}

describe('whatever happens, in whatever order', () => {
  it('no ended session is served, no step is walked twice at once, nobody is prompted in a quiet period, all are answered, and no timer is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anEvent, { minLength: 20, maxLength: 80, size: 'max' }), live),
      { numRuns: 200 },
    );
  }, 120_000);
});
