import type { Client, Clock } from '../platform/ports.ts';

/** How many look-ups may be made in quick succession, and how many each second in the long run. */
const mostInSuccession = 64;
const perSecond = 16;
const mostAtOnce = 8;
/** The same promise each time: under load nearly every connection gets it. */
const nobody = Promise.resolve(undefined);

/** Looks a program up by `find`, which never rejects, where there is time for it; else nobody is found. */
export type LookUpBudget = (find: () => Promise<Client | undefined>) => Promise<Client | undefined>;

/** Time for 64 look-ups in quick succession, and then for 16 each second, 8 at the same time. */
export function lookUpBudget(clock: Clock): LookUpBudget {
  let underWay = 0;
  let allowed = mostInSuccession;
  let allowedAtElapsedMs = clock.elapsed();
  return (find) => {
    const nowMs = clock.elapsed();
    const earned = ((nowMs - allowedAtElapsedMs) / 1000) * perSecond;
    allowed = Math.min(mostInSuccession, allowed + earned);
    allowedAtElapsedMs = nowMs;
    if (underWay >= mostAtOnce || allowed < 1) return nobody;
    allowed -= 1;
    underWay += 1;
    return find().finally(() => (underWay -= 1));
  };
}
