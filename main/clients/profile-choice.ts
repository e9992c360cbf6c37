/** Who gets which profile: one address serves many, since the program behind each connection is known. */
import { findProfile } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import type { Client } from '../platform/ports.ts';
import type { ActiveProfile } from '../profiles/active-profile.ts';
import type { Profile } from '../profiles/profile.ts';
import type { FolderRule } from './access.ts';
import type { Bindings } from './bindings.ts';
import type { ClientConnection } from './client-connections.ts';

/** Which rule decided: the client's process tree is bound, its folder has a rule, the profile is the active one, the port's own, or was asked for by name. */
export type ChoiceRule = 'terminal' | 'folder' | 'active' | 'port' | 'name';

export interface Chosen {
  readonly profile: Profile;
  readonly rule: ChoiceRule;
}

export class ProfileChoice {
  readonly #configuration: ConfigurationStore;
  readonly #active: Pick<ActiveProfile, 'name'>;
  readonly #bindings: Bindings;
  /** What was chosen last: it is mostly the same again, and each request asks. */
  #last: Chosen | undefined;

  constructor(parts: {
    readonly configuration: ConfigurationStore;
    readonly active: Pick<ActiveProfile, 'name'>;
    readonly bindings: Bindings;
  }) {
    this.#configuration = parts.configuration;
    this.#active = parts.active;
    this.#bindings = parts.bindings;
  }

  /**
   * The profile for a program: that of its process tree, else that of the nearest folder around its working folder, else
   * the active one; or a Failure why there is none. It waits for the program to be known only where the answer depends on it.
   */
  for(connection: ClientConnection): Chosen | Failure | Promise<Chosen | Failure> {
    if (this.#bindings.isEmpty && this.#configuration.current.folders.length === 0) return this.#theActive();
    return connection.client ? this.#byClient(connection.client) : this.#onceIdentified(connection);
  }

  /** The profile of this name, as `rule` gives it. */
  named(name: string, rule: ChoiceRule): Chosen | Failure {
    const profile = findProfile(this.#configuration.current, name);
    if (!profile) return new Failure('NotFound', `There is no profile "${name}"`);
    if (this.#last?.profile !== profile || this.#last.rule !== rule) this.#last = { profile, rule };
    return this.#last;
  }

  async #onceIdentified(connection: ClientConnection): Promise<Chosen | Failure> {
    const client = await connection.identify();
    if (client) return this.#byClient(client);
    // The active profile's credentials may be just those that its terminal was bound to keep it from.
    return new Failure(
      'Refused',
      'It cannot be told which program asks, and terminals or folders have profiles of their own',
    );
  }

  #byClient(client: Client): Chosen | Failure {
    const bound = this.#bindings.profileOf(client);
    if (bound !== undefined) return this.named(bound, 'terminal');
    const { folders } = this.#configuration.current;
    if (folders.length === 0) return this.#theActive();
    const { workingFolder } = client.process;
    // One that was removed may have been inside of a folder with a profile of its own.
    if (workingFolder === undefined)
      return new Failure(
        'Refused',
        'It cannot be told in which folder the program works, and folders have profiles of their own',
      );
    const rule = nearestRule(folders, workingFolder);
    return rule ? this.named(rule.profile, 'folder') : this.#theActive();
  }

  #theActive(): Chosen | Failure {
    const { name } = this.#active;
    return name === null ? new Failure('NotFound', 'No profile is active') : this.named(name, 'active');
  }
}

/** The rule of the folder that `folder` is in or is itself, the innermost of several. */
export function nearestRule(rules: readonly FolderRule[], folder: string): FolderRule | undefined {
  let nearest: FolderRule | undefined;
  for (const rule of rules) {
    if (isWithin(folder, rule.folder) && rule.folder.length > (nearest?.folder.length ?? -1)) nearest = rule;
  }
  return nearest;
}

function isWithin(folder: string, outer: string): boolean {
  if (folder === outer || outer === '/') return true;
  const separator = outer.includes('\\') ? '\\' : '/';
  return folder.startsWith(outer.endsWith(separator) ? outer : `${outer}${separator}`);
}
