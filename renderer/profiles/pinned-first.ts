/** The order in which profiles are listed. Pure. */
import type { ProfileView } from '../../preload/contract.ts';

/** The pinned profiles, and then the others; both in the order they came in. */
export function pinnedFirst(views: readonly ProfileView[]): readonly ProfileView[] {
  const pinned = views.filter(({ profile }) => profile.pinned);
  if (pinned.length === 0) return views;
  return [...pinned, ...views.filter(({ profile }) => !profile.pinned)];
}
