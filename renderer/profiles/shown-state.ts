/** How a session's state is shown. Pure. */
import type { SessionView } from '../../preload/contract.ts';

/** A code that was declined or not given in time is no failure to a person: it is still wanted. */
export function shownState({ state, problem }: SessionView): SessionView['state'] {
  return state === 'failed' && problem?.code === 'MfaRequired' ? 'waitingForMfa' : state;
}
