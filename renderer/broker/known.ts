/** What the interface knows of the broker: its first event, and every later one applied to it. Pure. */
import type { ActivityRecord, BrokerEvent, ProfileView, Status } from '../../preload/contract.ts';
import { withTold } from './activity.ts';

export interface Known {
  readonly status: Status;
  readonly profiles: ReadonlyMap<string, ProfileView>;
  /** The profiles' names in the order a person reads them. The same array while no profile comes or goes. */
  readonly names: readonly string[];
  /** The latest records, in the order in which they began: all there are once they were read, see `Broker.readActivity`. */
  readonly activity: readonly ActivityRecord[];
}

const collator = new Intl.Collator(undefined, { numeric: true });

/**
 * What is known after `events`. Events before the first `state` tell nothing and are passed over.
 * Takes several at once because each call copies the map of profiles, which can be thousands.
 */
export function apply(known: Known | undefined, events: readonly BrokerEvent[]): Known | undefined {
  let status = known?.status;
  let profiles = new Map(known?.profiles);
  let activity = known?.activity ?? [];
  let membersChanged = false;
  for (const event of events) {
    if (event.type === 'state') {
      status = event.state.status;
      profiles = new Map(event.state.profiles.map((view) => [view.profile.name, view]));
      membersChanged = true;
    } else if (status) {
      switch (event.type) {
        case 'status':
          status = event.status;
          break;
        case 'profile':
          membersChanged ||= !profiles.has(event.profile.profile.name);
          profiles.set(event.profile.profile.name, event.profile);
          break;
        case 'profileRemoved':
          membersChanged = profiles.delete(event.name) || membersChanged;
          break;
        case 'activity':
          activity = withTold(activity, event.records);
          break;
      }
    }
  }
  if (!status) return undefined;
  const names = membersChanged || !known ? [...profiles.keys()].sort(collator.compare) : known.names;
  return { status, profiles, names, activity };
}
