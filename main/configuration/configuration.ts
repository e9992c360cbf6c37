/** The document config.json: its form, and the rules that hold between its parts. It has no field for a secret. */
import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import { approvalSchema, folderRuleSchema, tokenSchema } from '../clients/access.ts';
import { accessKeySchema, type AccessKey } from '../keys/access-key.ts';
import { nameSchema, parseRoleArn, profileSchema, type Profile } from '../profiles/profile.ts';
import { keptSettingsSchema, standardSettings } from './settings.ts';

/** How many of the profiles that were used last are kept. */
export const mostRecent = 10;

export const configurationSchema = z.strictObject({
  version: z.literal(1, { error: 'must be 1, the only one that this Latchkey knows' }),
  settings: keptSettingsSchema,
  keys: z.array(accessKeySchema),
  profiles: z.array(profileSchema),
  /** The active profile's name. */
  active: z.nullable(nameSchema),
  /** While a protected profile is active: when it stops being so, and the profile that follows it. */
  returns: z._default(
    z.nullable(z.strictObject({ to: z.nullable(nameSchema), atMs: z.number({ error: 'must be a time' }) })),
    null,
  ),
  /** The profiles that were used last, the latest first. */
  recent: z._default(z.array(nameSchema).check(z.maxLength(mostRecent)), []),
  /** Folders with a profile of their own. */
  folders: z._default(z.array(folderRuleSchema), []),
  /** Programs that may have a protected profile's credentials. */
  approvals: z._default(z.array(approvalSchema), []),
  /** Named tokens of the container endpoint. */
  tokens: z._default(z.array(tokenSchema), []),
});

export type Configuration = z.output<typeof configurationSchema>;

export const emptyConfiguration: Configuration = {
  version: 1,
  settings: standardSettings,
  keys: [],
  profiles: [],
  active: null,
  returns: null,
  recent: [],
  folders: [],
  approvals: [],
  tokens: [],
};

/** The key with this label, or undefined. */
export function findKey(configuration: Configuration, label: string): AccessKey | undefined {
  return configuration.keys.find((key) => key.label === label);
}

/** The profile of this name, or undefined. */
export function findProfile({ profiles }: Configuration, name: string): Profile | undefined {
  let byName = indexes.get(profiles);
  if (!byName) {
    byName = new Map(profiles.map((profile) => [profile.name, profile]));
    indexes.set(profiles, byName);
  }
  return byName.get(name);
}

/** Made when first looked in: each request of a program looks for a profile, and there can be thousands. */
const indexes = new WeakMap<readonly Profile[], ReadonlyMap<string, Profile>>();

/** The profiles from `profile` down to the one that is based on an access key, and that key. */
export interface Lineage {
  readonly profiles: readonly Profile[];
  readonly key: AccessKey;
}

/**
 * Follows a profile's bases down to its key.
 * @throws Failure InvalidInput (field `base`) where a base does not exist or leads back to the profile.
 */
export function lineageOf(configuration: Configuration, profile: Profile): Lineage {
  const profiles = new Set([profile]);
  for (let current = profile; ;) {
    if ('key' in current.base) {
      const key = findKey(configuration, current.base.key);
      if (key) return { profiles: [...profiles], key };
      throw new Failure(
        'InvalidInput',
        `Profile ${current.name} is based on the access key "${current.base.key}", which does not exist`,
        { field: 'base' },
      );
    }
    const base = findProfile(configuration, current.base.profile);
    if (!base) {
      throw new Failure(
        'InvalidInput',
        `Profile ${current.name} is based on the profile "${current.base.profile}", which does not exist`,
        { field: 'base' },
      );
    }
    if (profiles.has(base)) {
      throw new Failure(
        'InvalidInput',
        `Profile ${profile.name} would be based on itself: ${[...profiles, base].map(({ name }) => name).join(' → ')}`,
        { field: 'base' },
      );
    }
    profiles.add(base);
    current = base;
  }
}

/**
 * Checks what the schema cannot: unique names and ports, profiles that exist wherever one is named, bases that do not go
 * in a circle, one partition for a chain.
 * @throws Failure InvalidInput naming the field and the profile or key.
 */
export function checkConfiguration(configuration: Configuration): void {
  refuseRepeated(configuration.keys, ({ label }) => label, 'access keys', 'label');
  refuseRepeated(configuration.keys, ({ accessKeyId }) => accessKeyId, 'access keys', 'accessKeyId');
  refuseRepeated(configuration.profiles, ({ name }) => name, 'profiles', 'name');
  refuseRepeated(configuration.folders, ({ folder }) => folder, 'rules', 'folder');
  refuseRepeated(configuration.tokens, ({ name }) => name, 'tokens', 'name');
  for (const profile of configuration.profiles) {
    const { key } = lineageOf(configuration, profile);
    checkMfaFields(profile);
    checkReadOnly(profile);
    const rolePartition = parseRoleArn(profile.roleArn)?.partition;
    const keyPartition = key.userArn.split(':')[1];
    if (rolePartition !== keyPartition) {
      throw new Failure(
        'InvalidInput',
        `Profile ${profile.name}: the role is in the partition ${rolePartition}, but the access key "${key.label}" is in ${keyPartition}; a role can be assumed within its own partition only`,
        { field: 'roleArn' },
      );
    }
  }
  const { active, returns } = configuration;
  if (active !== null && !findProfile(configuration, active)) {
    throw new Failure('InvalidInput', `The active profile "${active}" does not exist`, { field: 'active' });
  }
  if (returns !== null && returns.to !== null && !findProfile(configuration, returns.to)) {
    throw new Failure('InvalidInput', `The profile "${returns.to}", to be active again, does not exist`, {
      field: 'returns',
    });
  }
  checkPorts(configuration);
  const gone = configuration.recent.find((name) => !findProfile(configuration, name));
  if (gone !== undefined)
    throw new Failure('InvalidInput', `The profile "${gone}", used last, does not exist`, {
      field: 'recent',
    });
  for (const [words, references] of [
    ['A folder', configuration.folders],
    ['An approval', configuration.approvals],
    ['A token', configuration.tokens],
  ] as const)
    for (const { profile } of references)
      if (!findProfile(configuration, profile))
        throw new Failure('InvalidInput', `${words} is for the profile "${profile}", which does not exist`, {
          field: 'profile',
        });
}

/** Each profile's own port serves it alone. */
function checkPorts({ profiles, settings }: Configuration): void {
  const users = new Map([[settings.port, 'the active profile']]);
  for (const { name, port } of profiles) {
    if (port === undefined) continue;
    const user = users.get(port);
    if (user !== undefined)
      throw new Failure('InvalidInput', `Profile ${name}: the port ${port} is that of ${user} already`, {
        field: 'port',
      });
    users.set(port, name);
  }
}

/** STS sees a code, and its age, in the first role of a chain only. */
/** Of several session policies it is enough that one allows something: ReadOnlyAccess would add to the others. */
function checkReadOnly({ name, readOnly, sessionPolicyArns }: Profile) {
  if (!readOnly || !sessionPolicyArns) return;
  throw new Failure(
    'InvalidInput',
    `Profile ${name} has session policies of its own. AWS lets a session do what any one of them allows, so read-only would add to them; take them away first, or put ReadOnlyAccess in their place`,
    { field: 'readOnly' },
  );
}

function checkMfaFields(profile: Profile) {
  if ('key' in profile.base) return;
  for (const [field, words] of [
    ['mfaMode', 'an MFA mode'],
    ['mfaMaximumAgeSeconds', 'a greatest MFA age'],
  ] as const) {
    if (profile[field] === undefined) continue;
    throw new Failure(
      'InvalidInput',
      `Profile ${profile.name}: ${words} belongs to the profile at the start of the chain, which is based on an access key`,
      { field },
    );
  }
}

function refuseRepeated<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  what: string,
  field: string,
) {
  const seen = new Set<string>();
  for (const name of items.map(nameOf)) {
    if (seen.has(name)) {
      throw new Failure('AlreadyExists', `There are two ${what} with the ${field} "${name}"`, { field });
    }
    seen.add(name);
  }
}
