/** Credentials that programs still hold. Pure. */
import type { HandedOut } from '../../preload/contract.ts';

/** What AWS still takes at `nowMs`, that with the latest end first, so that nothing moves when the next one ends; without those of `except`. */
export function stillValid(
  handedOut: readonly HandedOut[],
  nowMs: number,
  except: string | null = null,
): readonly HandedOut[] {
  return handedOut
    .filter(({ profile, untilMs }) => untilMs > nowMs && profile !== except)
    .toSorted((one, other) => other.untilMs - one.untilMs);
}
