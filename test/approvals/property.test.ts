import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Allowance, Grant } from '../../main/approvals/approvals.ts';
import type { Client } from '../../main/platform/ports.ts';
import { needs } from '../platform/needs.ts';
import { inlineProgram, otherShell, Scene, shell, until } from './approvals-scene.ts';

const onLinux = needs(process.platform === 'linux', 'running programs are read from /proc on Linux only');
const minute = 60_000;
/** How long what was allowed may last at most. */
const longestMs: Record<Allowance, number> = {
  once: 5 * minute,
  tree: Infinity,
  hours: 8 * 60 * minute,
  always: Infinity,
};

/** Who asks: which program it is (undefined: it cannot be known again), and in which terminal. */
interface Asker {
  readonly client: Client;
  readonly program: string | undefined;
  readonly tree: number;
}

/** What a person has said. */
interface Word {
  readonly asker: Asker;
  readonly profile: string;
  readonly allowance: Allowance;
  /** The ID of what came of it. */
  readonly id: string;
  /** When it is over, by the clock that nobody sets. */
  endElapsedMs: number;
}

type Step =
  | { readonly what: 'ask'; readonly asker: number; readonly profile: string }
  | { readonly what: 'allow'; readonly which: number; readonly allowance: Allowance }
  | { readonly what: 'deny' | 'revoke'; readonly which: number }
  | { readonly what: 'wait'; readonly forMs: number }
  | { readonly what: 'set the wall clock back' }
  | { readonly what: 'restart' };

const which = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('ask' as const),
      asker: fc.nat(5),
      profile: fc.constantFrom('prod', 'stage'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('allow' as const),
      which,
      allowance: fc.constantFrom<Allowance>('once', 'tree', 'hours', 'always'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('deny' as const, 'revoke' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('wait' as const),
      forMs: fc.constantFrom(1 * minute, 5 * minute, 8 * 60 * minute),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ what: 'set the wall clock back' as const }) },
  { weight: 1, arbitrary: fc.constant({ what: 'restart' as const }) },
);

let scene: Scene;
let askers: Asker[];

beforeAll(async () => {
  if (onLinux.missing) return;
  scene = await Scene.open();
  askers = [];
  for (const parent of [shell, otherShell]) {
    for (const program of ['terraform', 'pulumi'])
      askers.push({ client: await scene.program(program, parent), program, tree: parent.pid });
    askers.push({ client: inlineProgram(parent), program: undefined, tree: parent.pid });
  }
});

afterAll(async () => {
  if (!onLinux.missing) await scene[Symbol.asyncDispose]();
});

describe.skipIf(onLinux.missing)(
  `whatever is asked, allowed, denied, revoked, and in whatever order${onLinux.note}`,
  () => {
    test('no program is served but by a word that was for it, and that still holds', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
          await forgetAll();
          const words: Word[] = [];
          const served: { asker: Asker; profile: string; grant: Grant }[] = [];
          for (const one of steps) {
            await take(one, words, served);
            for (const { asker, profile, grant } of served) {
              if (!grant.isValid()) continue;
              const covering = words.filter((word) => covers(word, asker, profile, grant.allowance));
              expect(covering, `${String(asker.program)} in ${String(asker.tree)}`).not.toEqual([]);
            }
          }
        }),
        { numRuns: 60 },
      );
    });
  },
);

/** Whether this word lets this program have this profile's credentials now. */
function covers(word: Word, asker: Asker, profile: string, allowance: Allowance): boolean {
  if (word.profile !== profile || word.allowance !== allowance) return false;
  if (scene.clock.elapsed() >= word.endElapsedMs) return false;
  const isSameProgram = word.asker.program === asker.program;
  const isSameTree = word.asker.tree === asker.tree;
  switch (allowance) {
    case 'once':
      return isSameProgram && isSameTree;
    case 'tree':
      return isSameTree;
    case 'hours':
    case 'always':
      return isSameProgram && asker.program !== undefined;
  }
}

async function take(
  step: Step,
  words: Word[],
  served: { asker: Asker; profile: string; grant: Grant }[],
): Promise<void> {
  const { approvals, clock } = scene;
  switch (step.what) {
    case 'ask': {
      const asker = askers[step.asker];
      if (!asker) throw new Error('there is no such program');
      const { profile } = step;
      let isOver = false;
      scene
        .asked(asker.client, profile)
        .then(
          (grant) => served.push({ asker, profile, grant }),
          () => undefined,
        )
        .finally(() => (isOver = true));
      const { pid } = asker.client.process;
      // Those without a process of their own differ by their terminal.
      await until(
        () =>
          isOver ||
          approvals
            .requests()
            .some((one) => one.program.pid === pid && one.profile === profile && one.tree.pid === asker.tree),
      );
      return;
    }
    case 'allow': {
      const request = approvals.requests()[step.which];
      if (!request) return;
      const client = approvals.request(request.id)?.client;
      const asker = askers.find((one) => one.client === client);
      if (!asker) throw new Error('it did not ask');
      const { profile } = request;
      const { allowance } = step;
      const isOffered = request.choices.includes(allowance);
      const allowed = approvals.allow(request.id, allowance);
      if (!isOffered) {
        await expect(allowed).rejects.toMatchObject({ code: 'InvalidInput' });
        return;
      }
      const before = approvals.approvals().map(({ id }) => id);
      await allowed;
      const id = approvals.approvals().find((one) => !before.includes(one.id))?.id ?? '';
      words.push({ asker, profile, allowance, id, endElapsedMs: clock.elapsed() + longestMs[allowance] });
      // Those who waited are told in a microtask.
      await Promise.resolve();
      return;
    }
    case 'deny': {
      const request = approvals.requests()[step.which];
      if (request) approvals.deny(request.id);
      return;
    }
    case 'revoke': {
      const approval = approvals.approvals()[step.which];
      if (!approval) return;
      await approvals.revoke(approval.id);
      for (const word of words) if (word.id === approval.id) word.endElapsedMs = 0;
      return;
    }
    case 'wait':
      clock.advance(step.forMs);
      return;
    case 'set the wall clock back':
      clock.setWallClock(-minute);
      return;
    case 'restart':
      await scene.restart();
      remember(words);
      // No connection outlives it.
      served.length = 0;
      return;
  }
}

/** After a restart there is the wall clock alone, which may have been set back: by that, and never more than at first. */
function remember(words: Word[]): void {
  const { approvals, clock } = scene;
  for (const { id, untilMs } of approvals.approvals()) {
    const word = words.find((one) => one.id === id);
    if (word && untilMs !== null)
      word.endElapsedMs = clock.elapsed() + Math.min(longestMs.hours, untilMs - clock.now());
  }
}

async function forgetAll(): Promise<void> {
  await scene.configuration.update((configuration) => ({ ...configuration, approvals: [] }));
  await scene.restart();
}
