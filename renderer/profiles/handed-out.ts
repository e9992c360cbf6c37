/** Credentials that programs still hold. Pure. */
import type { HandedOut, ProfileView } from '../../preload/contract.ts';

/** What AWS still takes at `nowMs`, that with the latest end first, so that nothing moves when the next one ends; without those of `except`, as it is now: what it gave before it became read-only, or the other way round, is told. */
export function stillValid(
  handedOut: readonly HandedOut[],
  nowMs: number,
  except?: Pick<ProfileView['profile'], 'name' | 'readOnly'>,
): readonly HandedOut[] {
  return handedOut
    .filter(({ untilMs }) => untilMs > nowMs)
    .filter(({ profile, readOnly = false }) => profile !== except?.name || readOnly !== except.readOnly)
    .toSorted((one, other) => other.untilMs - one.untilMs);
}
