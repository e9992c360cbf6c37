import { isDeepStrictEqual } from 'node:util';
import { findProfile } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import { checkPartition } from './partitions.ts';
import type { Profile } from './profile.ts';

/** Adds, changes and removes profiles in config.json. */
export class Profiles {
  readonly #configuration: ConfigurationStore;

  constructor(configuration: ConfigurationStore) {
    this.#configuration = configuration;
  }

  /**
   * Adds `profile`, or puts it in the place of the one called `replaces`; what is based on that follows a new name, and
   * so do folders and tokens. Approvals do not: see `withLastingApprovals`.
   * @param was what it is to take the place of, where that matters
   * @throws Failure InvalidInput, AlreadyExists or NotFound, naming the field; Refused where it is another than `was`
   */
  async save(profile: Profile, replaces?: string, was?: Profile): Promise<void> {
    await checkPartition(profile);
    await this.#configuration.update((configuration) => {
      const { profiles, active, returns, recent, folders, tokens } = configuration;
      if (profile.name !== replaces && findProfile(configuration, profile.name)) {
        throw new Failure('AlreadyExists', `There is a profile "${profile.name}" already`, { field: 'name' });
      }
      if (replaces === undefined) return { ...configuration, profiles: [...profiles, profile] };
      const current = findProfile(configuration, replaces);
      if (!current) throw notFound(replaces);
      if (was && !isDeepStrictEqual(current, was)) throw changedMeanwhile(replaces);
      return {
        ...configuration,
        profiles: profiles.map((other) =>
          other.name === replaces ? profile : withBase(other, replaces, profile.name),
        ),
        active: active === replaces ? profile.name : active,
        returns: returns?.to === replaces ? { ...returns, to: profile.name } : returns,
        recent: recent.map((name) => (name === replaces ? profile.name : name)),
        folders: renamed(folders, replaces, profile.name),
        tokens: renamed(tokens, replaces, profile.name),
      };
    });
  }

  /** Removes it, and what folders and tokens it has. @throws Failure NotFound, or InUse naming the profiles that are based on it */
  async remove(name: string): Promise<void> {
    await this.#configuration.update((configuration) => {
      const { profiles, active, returns, recent, folders, tokens } = configuration;
      if (!findProfile(configuration, name)) throw notFound(name);
      const users = profiles.filter(({ base }) => 'profile' in base && base.profile === name);
      if (users.length > 0) {
        const names = users.map((user) => user.name).join(', ');
        throw new Failure('InUse', `The profile "${name}" is the base of ${names}. Remove these first.`);
      }
      return {
        ...configuration,
        profiles: profiles.filter((profile) => profile.name !== name),
        active: active === name ? null : active,
        returns: active === name ? null : returns?.to === name ? { ...returns, to: null } : returns,
        recent: recent.filter((other) => other !== name),
        folders: folders.filter(({ profile }) => profile !== name),
        tokens: tokens.filter(({ profile }) => profile !== name),
      };
    });
  }

  /** Whether a profile's session is renewed also while nobody asks for it. @throws Failure NotFound */
  async pin(name: string, pinned: boolean): Promise<void> {
    await this.#change(name, { pinned });
  }

  /**
   * Whether a profile's sessions may read only. Those that it has are dropped; what programs hold stays valid at AWS.
   * @throws Failure NotFound
   */
  async setReadOnly(name: string, readOnly: boolean): Promise<void> {
    await this.#change(name, { readOnly });
  }

  async #change(name: string, change: Pick<Profile, 'pinned'> | Pick<Profile, 'readOnly'>): Promise<void> {
    await this.#configuration.update((configuration) => {
      if (!findProfile(configuration, name)) throw notFound(name);
      return {
        ...configuration,
        profiles: configuration.profiles.map((other) =>
          other.name === name ? { ...other, ...change } : other,
        ),
      };
    });
  }
}

export function notFound(name: string): Failure {
  return new Failure('NotFound', `There is no profile "${name}"`, { field: 'name' });
}

function withBase(profile: Profile, from: string, to: string): Profile {
  return 'profile' in profile.base && profile.base.profile === from
    ? { ...profile, base: { profile: to } }
    : profile;
}

/** What names a profile, after that was renamed. */
function renamed<Reference extends { readonly profile: string }>(
  references: readonly Reference[],
  from: string,
  to: string,
): Reference[] {
  return references.map((reference) =>
    reference.profile === from ? { ...reference, profile: to } : reference,
  );
}

function changedMeanwhile(name: string): Failure {
  return new Failure(
    'Refused',
    `The profile "${name}" was changed meanwhile, and stays as it is now. Look at it anew, then change it again.`,
  );
}
