import type { BrokerEvent, State } from '../../preload/contract.ts';
import { unreachable } from '../failure.ts';

/** The state that `event` leads to. Undefined until the first `state` event, which begins every subscription. */
export function stateAfter(state: State | undefined, event: BrokerEvent): State | undefined {
  if (event.type === 'state') return event.state;
  if (state === undefined) return undefined;
  switch (event.type) {
    case 'status':
      return { ...state, status: event.status };
    case 'profile': {
      const profiles = [...state.profiles];
      const index = profiles.findIndex((view) => view.profile.name === event.profile.profile.name);
      profiles[index === -1 ? profiles.length : index] = event.profile;
      return { ...state, profiles };
    }
    case 'profileRemoved':
      return { ...state, profiles: state.profiles.filter((view) => view.profile.name !== event.name) };
    case 'activity':
      return state;
    default:
      return unreachable(event);
  }
}
