import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundByStep, fewestSessions, plannedByStep, usableForStepMs, type Need } from './oracle.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Every set of the times from 0 to `last`, in order. */
function* setsOfTimes(last: number): Generator<number[]> {
  for (let set = 0; set < 2 ** (last + 1); set++) {
    yield Array.from({ length: last + 1 }, (_, time) => time).filter((time) => (set >> time) & 1);
  }
}

/** The least number of sessions that meets all needs, by trying every plan. */
function byTryingAll(needs: readonly Need[], served: readonly number[], lastTime: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const issues of setsOfTimes(lastTime)) {
    const meetsAll = needs.every(({ atMs, reachMs }) =>
      issues.some(
        (issuedMs, number) => issuedMs <= atMs && atMs < issuedMs + (reachMs ?? served[number] ?? 0),
      ),
    );
    if (meetsAll) least = Math.min(least, issues.length);
  }
  return least;
}

function nextOf(values: readonly number[]): () => number {
  const left = [...values];
  return () => left.shift() ?? Number.NaN;
}

describe('the fewest sessions of a step', () => {
  it('are as many as by trying every plan', () => {
    const lastTime = 9;
    const need = fc.record({
      atMs: fc.integer({ min: 0, max: lastTime }),
      reachMs: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    });
    const served = fc.array(fc.integer({ min: 1, max: 5 }), {
      minLength: lastTime + 1,
      maxLength: lastTime + 1,
    });
    fc.assert(
      fc.property(fc.array(need, { maxLength: 8 }), served, (needs, serves) => {
        expect(fewestSessions(needs, nextOf(serves))).toHaveLength(byTryingAll(needs, serves, lastTime));
      }),
    );
  });

  it('are two for reads at an hour of an hour’s session, and one for those before its renewal time', () => {
    const role = { id: 'role', lifeMs: hour };
    const reads = (...atMs: number[]) => atMs.map((at) => ({ atMs: at, chain: [role] }));
    expect(plannedByStep(reads(0, 29 * minute), () => 0).get('role')).toBe(1);
    expect(plannedByStep(reads(0, 30 * minute), () => 0).get('role')).toBe(2);
    expect(plannedByStep(reads(0, 32 * minute), () => 0.9).get('role')).toBe(1);
    expect(plannedByStep(reads(0, hour), () => 0.9).get('role')).toBe(2);
  });
});

describe('the fewest sessions of a chain', () => {
  /** One unit of the plans that are tried, so that a session is usable for a step until its end but one unit. */
  const unitMs = usableForStepMs;
  const lastTime = 7;

  /** The least number of sessions of both steps, by trying every plan for both. */
  function ofBothByTryingAll(reads: readonly number[], roleLife: number, baseLife: number): number {
    const serves = roleLife / 2;
    let least = Number.POSITIVE_INFINITY;
    for (const roles of setsOfTimes(lastTime)) {
      if (!reads.every((at) => roles.some((issued) => issued <= at && at < issued + serves))) continue;
      for (const bases of setsOfTimes(lastTime)) {
        const count = roles.length + bases.length;
        if (count >= least) continue;
        if (roles.every((at) => bases.some((issued) => issued <= at && at < issued + baseLife - 1))) {
          least = count;
        }
      }
    }
    return least;
  }

  it('as planned are what the best plan needs or little more, and as bound never more', () => {
    const times = fc.array(fc.integer({ min: 0, max: lastTime }), { minLength: 1, maxLength: 6 });
    const sumOf = (counts: ReadonlyMap<string, number>) =>
      (counts.get('base') ?? 0) + (counts.get('role') ?? 0);
    fc.assert(
      fc.property(
        times,
        fc.constantFrom(2, 4, 6),
        fc.integer({ min: 2, max: 6 }),
        (at, roleLife, baseLife) => {
          const chain = [
            { id: 'base', lifeMs: baseLife * unitMs },
            { id: 'role', lifeMs: roleLife * unitMs },
          ];
          const reads = at.map((time) => ({ atMs: time * unitMs, chain }));
          const best = ofBothByTryingAll(at, roleLife, baseLife);
          expect(sumOf(boundByStep(reads, () => 0))).toBeLessThanOrEqual(best);
          expect(sumOf(plannedByStep(reads, () => 0))).toBeGreaterThanOrEqual(best);
        },
      ),
    );
  });

  it('share the session that several roles are walked with', () => {
    const base = { id: 'base', lifeMs: 12 * hour };
    const reads = ['one', 'other', 'third'].flatMap((id) =>
      [0, hour, 2 * hour].map((atMs) => ({ atMs, chain: [base, { id, lifeMs: hour }] })),
    );
    const expected = { base: 1, one: 3, other: 3, third: 3 };
    expect(Object.fromEntries(plannedByStep(reads, () => 0))).toEqual(expected);
    expect(Object.fromEntries(boundByStep(reads, () => 0))).toEqual(expected);
  });
});
