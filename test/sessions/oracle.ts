/**
 * The fewest sessions that a record of reads could have been served with, known only afterwards: what the engine's
 * calls to STS are measured by. Pure: all times in milliseconds.
 *
 * The rule of service is the engine's own. A session serves reads from its issue until its renewal time
 * (`renewalLeadMs`, jitter included); from then on a read needs the next one. A step above it can be walked with it
 * until a minute before its end. There are no faults, calls take no time, and nothing is renewed that no later read
 * needs.
 *
 * Steps are planned from the last one down: each has the fewest sessions that its own reads and the walks of the steps
 * above it need, every session issued as late as that allows. For a step by itself nobody can do with fewer. For a
 * chain somebody could by issuing a session above early, so that it falls into the life of one below;
 * `boundByStep` is what nobody can do without even so.
 */
import { renewalLeadMs } from '../../main/sessions/schedule.ts';

/** A session that a further step is walked with has to live this long, as the engine has it. */
export const usableForStepMs = 60_000;

/** A step of a profile's chain. Steps with the same `id` share their sessions. */
export interface OracleStep {
  readonly id: string;
  readonly lifeMs: number;
}

/** A read of a profile, whose chain is given from the access key upwards. */
export interface OracleRead {
  readonly atMs: number;
  readonly chain: readonly OracleStep[];
}

/** What a step's session is needed for, at one time. */
export interface Need {
  readonly atMs: number;
  /**
   * How long after its issue a session still meets this; undefined for a read, which a session serves until its own
   * renewal time.
   */
  readonly reachMs: number | undefined;
}

/**
 * How many sessions of each step, by its `id`, the plan for these reads has.
 * @param random from 0 up to 1, for jitter
 */
export function plannedByStep(
  reads: readonly OracleRead[],
  random: () => number,
): ReadonlyMap<string, number> {
  const steps = new Map<string, { readonly chain: readonly OracleStep[]; readonly needs: Need[] }>();
  const need = (chain: readonly OracleStep[], needed: Need) => {
    const id = chain.at(-1)?.id;
    if (id === undefined) return;
    const step = steps.get(id) ?? { chain, needs: [] };
    steps.set(id, step);
    step.needs.push(needed);
  };
  for (const { atMs, chain } of reads) need(chain, { atMs, reachMs: undefined });
  const planned = new Map<string, number>();
  // The longest chains first: when a step is planned, every step that is walked with it has been.
  for (let length = Math.max(0, ...reads.map(({ chain }) => chain.length)); length > 0; length--) {
    for (const [id, { chain, needs }] of [...steps].filter(([, step]) => step.chain.length === length)) {
      const issues = fewestSessions(needs, () => serviceMs(chain, random()));
      planned.set(id, issues.length);
      const below = chain.slice(0, -1);
      const reachMs = (below.at(-1)?.lifeMs ?? 0) - usableForStepMs;
      for (const atMs of issues) need(below, { atMs, reachMs });
    }
  }
  return planned;
}

/** What no plan for these reads can do without: each step by itself, as if those above it suited it best. */
export function boundByStep(reads: readonly OracleRead[], random: () => number): ReadonlyMap<string, number> {
  const steps = new Map<string, { readonly chain: readonly OracleStep[]; readonly needs: Need[] }>();
  for (const { atMs, chain } of reads) {
    let reachAboveMs: number | undefined;
    for (let length = chain.length; length > 0; length--) {
      const own = chain.slice(0, length);
      const { id, lifeMs } = own.at(-1) ?? { id: '', lifeMs: 0 };
      const step = steps.get(id) ?? { chain: own, needs: [] };
      steps.set(id, step);
      // The session above may have been issued at this one's very end, and as early as that it still serves the read.
      const reachMs = reachAboveMs === undefined ? undefined : lifeMs - usableForStepMs + reachAboveMs;
      step.needs.push({ atMs, reachMs });
      reachAboveMs = reachMs ?? serviceMs(own, 1);
    }
  }
  return new Map(
    [...steps].map(([id, { chain, needs }]) => [
      id,
      fewestSessions(needs, () => serviceMs(chain, random())).length,
    ]),
  );
}

/** For how long a session of a chain's last step serves reads. */
function serviceMs(chain: readonly OracleStep[], random: number): number {
  const lifeMs = chain.at(-1)?.lifeMs ?? 0;
  return lifeMs - renewalLeadMs(lifeMs, random);
}

/**
 * When the fewest sessions of one step that meet all needs are issued, where the first one issued serves reads for the
 * first `serveMs()`, and so on. Each is issued as late as the first unmet need allows. No other plan has its first,
 * second, … session later, so none meets the need after them with fewer.
 */
export function fewestSessions(needs: readonly Need[], serveMs: () => number): readonly number[] {
  const issues: number[] = [];
  let issuedMs = Number.NEGATIVE_INFINITY;
  let servesUntilMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, reachMs } of needs.toSorted((one, other) => one.atMs - other.atMs)) {
    if (atMs < (reachMs === undefined ? servesUntilMs : issuedMs + reachMs)) continue;
    issues.push(atMs);
    issuedMs = atMs;
    servesUntilMs = Math.max(servesUntilMs, atMs + serveMs());
  }
  return issues;
}
