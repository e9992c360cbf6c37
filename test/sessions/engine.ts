/** The session engine on an embedded STS and a clock that tests move: a core with one key, and what tests do with it. */
import { expect, vi } from 'vitest';
import type { Session } from '../../main/sts/session.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { aliceSeed, aliceSerial, sampleWorld } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';

export const minute = 60_000;
export const hour = 60 * minute;

export const roles = {
  guarded: 'arn:aws:iam::444455556666:role/Guarded',
  longReader: 'arn:aws:iam::444455556666:role/LongReader',
  chained: 'arn:aws:iam::444455556666:role/Chained',
  recentlyConfirmed: 'arn:aws:iam::444455556666:role/RecentlyConfirmed',
  refused: 'arn:aws:iam::444455556666:role/NamesBobAbroad',
} as const;

export interface Engine extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly core: Core;
  byProgram(profile: string): Promise<Session>;
  byPerson(profile: string): Promise<Session>;
  /** Waits until a code of Alice's device is asked for, now or ahead of time. */
  untilPrompted(): Promise<void>;
  /** The code that Alice's device shows. */
  code(): string;
  /** Gives that code to the prompt that waits for it. */
  giveCode(): Promise<void>;
  /** A person acquires a session and gives the code for it. */
  acquireWithCode(profile: string): Promise<Session>;
  untilState(profile: string, state: string): Promise<void>;
  /** Lets everything happen that needs no timer: until STS has answered every call, and what follows on that is done. */
  settle(): Promise<void>;
}

/** Alice's key is there as `work`, and no call to STS has been counted yet. Ending it looks for timers left behind. */
export async function startEngine(world = sampleWorld): Promise<Engine> {
  const clock = new FakeClock();
  const core = await startCore(clock, world);
  await core.addKey('work');
  core.sts.resetCalls();
  const engine: Engine = {
    clock,
    core,
    byProgram: (profile) => core.sessions.acquire({ cause: 'program', profile }),
    byPerson: (profile) => core.sessions.acquire({ cause: 'person', profile }),
    untilPrompted: () =>
      vi.waitFor(() => {
        expect(core.sessions.desk.prompts()).toHaveLength(1);
      }),
    code: () => totp(aliceSeed, clock.now()),
    giveCode: async () => {
      await engine.untilPrompted();
      await core.sessions.desk.answer(aliceSerial, engine.code());
    },
    acquireWithCode: async (profile) => {
      const acquired = engine.byPerson(profile);
      await engine.giveCode();
      return acquired;
    },
    untilState: (profile, state) =>
      vi.waitFor(() => {
        expect(core.sessions.standing(profile).state).toBe(state);
      }),
    settle: async () => {
      for (let quietTurns = 0; quietTurns < 5; quietTurns++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (core.callsUnderWay > 0) quietTurns = -1;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await core[Symbol.asyncDispose]();
      expect(clock.waiting, 'timers left behind').toBe(0);
      expect(core.power.listening, 'listeners left behind').toBe(0);
      clock[Symbol.dispose]();
    },
  };
  return engine;
}
