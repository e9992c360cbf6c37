/** The order in which profiles are listed, and the headings above them. Pure. */
import type { ProfileView } from '../../preload/contract.ts';

/** What is listed under one heading; of an account where it has `accountId`. */
export interface Group {
  readonly kind: 'pinned' | 'recent' | 'account';
  readonly accountId?: string;
  readonly views: readonly ProfileView[];
}

const collator = new Intl.Collator('en', { numeric: true });

/**
 * The pinned profiles, then those of `recent` in its order, then all others by account; in a group they keep the order
 * they came in. Each profile is in one group, and no group is empty.
 */
export function groupsOf(views: readonly ProfileView[], recent: readonly string[]): readonly Group[] {
  const pinned: ProfileView[] = [];
  const used = new Map<string, ProfileView | undefined>(recent.map((name) => [name, undefined]));
  const accounts = new Map<string, ProfileView[]>();
  for (const view of views) {
    const { profile, accountId } = view;
    if (profile.pinned) pinned.push(view);
    else if (used.has(profile.name)) used.set(profile.name, view);
    else {
      const others = accounts.get(accountId);
      if (others) others.push(view);
      else accounts.set(accountId, [view]);
    }
  }
  const byAccount = [...accounts].sort(([one], [other]) => collator.compare(one, other));
  const groups: Group[] = [
    { kind: 'pinned', views: pinned },
    // Without those that are pinned or gone.
    { kind: 'recent', views: [...used.values()].filter((view) => view !== undefined) },
    ...byAccount.map(([accountId, others]) => ({ kind: 'account', accountId, views: others }) as const),
  ];
  return groups.filter((group) => group.views.length > 0);
}
