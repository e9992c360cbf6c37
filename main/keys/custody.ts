import { isDeepStrictEqual } from 'node:util';
import { findKey, type Configuration } from '../configuration/configuration.ts';
import type { ConfigurationStore } from '../configuration/store.ts';
import { Failure } from '../failure.ts';
import type { Clock, SecretStore } from '../platform/ports.ts';
import type { Secret } from '../secret.ts';
import type { Sts } from '../sts/sts.ts';
import type { AccessKey } from './access-key.ts';

/** What a person gives to add a key. */
export interface NewAccessKey {
  readonly label: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly mfaSerial?: string | undefined;
  readonly region: string;
}

/** What of a key is to be changed; null takes it away. */
export interface KeyChange {
  readonly newLabel?: string | undefined;
  readonly mfaSerial?: string | null | undefined;
  readonly region?: string | undefined;
}

/** Custody of the long-term keys: the secret in the keychain, under its access key ID; all else in config.json. */
export class KeyCustody {
  readonly #clock: Clock;
  readonly #configuration: ConfigurationStore;
  readonly #secrets: SecretStore;
  readonly #sts: Sts;

  constructor(clock: Clock, configuration: ConfigurationStore, secrets: SecretStore, sts: Sts) {
    this.#clock = clock;
    this.#configuration = configuration;
    this.#secrets = secrets;
    this.#sts = sts;
  }

  /**
   * Adds a key once `GetCallerIdentity` has shown whose it is. A key that is there already under the same
   * label and ID gets its secret again, for one whose keychain item was lost.
   * @throws Failure of STS (with the field that AWS objects to), of the keychain, or AlreadyExists
   */
  async add(input: NewAccessKey): Promise<AccessKey> {
    refuseTaken(this.#configuration.current, input);
    const identity = await this.#sts.getCallerIdentity(input, input.region).catch((error: unknown) => {
      throw withField(error);
    });
    const key: AccessKey = {
      label: input.label,
      accessKeyId: input.accessKeyId,
      ...(input.mfaSerial === undefined ? {} : { mfaSerial: input.mfaSerial }),
      region: input.region,
      accountId: identity.accountId,
      userArn: identity.arn,
      addedAtMs: this.#clock.now(),
    };
    const name = keychainName(input.accessKeyId);
    const replaced = await this.#secrets.read(name);
    await this.#secrets.write(name, input.secretAccessKey);
    try {
      await this.#configuration.update((configuration) => {
        refuseTaken(configuration, input);
        const others = configuration.keys.filter(({ label }) => label !== input.label);
        return { ...configuration, keys: [...others, key] };
      });
    } catch (error) {
      // Nothing was added: leave the keychain as it was found.
      await (replaced ? this.#secrets.write(name, replaced) : this.#secrets.remove(name));
      throw error;
    }
    return key;
  }

  /**
   * Changes what is given of a key; its secret stays where it is. Profiles that are based on it follow a new label. STS
   * is asked first in a new region, which may be one of another partition or one that the account has not turned on.
   * @throws Failure NotFound, AlreadyExists (field `newLabel`), Refused where it was changed meanwhile; of STS (field
   * `region`) and of the keychain for a new region
   */
  async edit(label: string, { newLabel = label, mfaSerial, region }: KeyChange): Promise<AccessKey> {
    const key = findKey(this.#configuration.current, label);
    if (!key) throw notFound(label);
    const { mfaSerial: device, ...rest } = key;
    const wanted = mfaSerial === undefined ? device : (mfaSerial ?? undefined);
    const edited: AccessKey = {
      ...rest,
      label: newLabel,
      ...(wanted === undefined ? {} : { mfaSerial: wanted }),
      region: region ?? key.region,
    };
    if (edited.region !== key.region) await this.#askIn(edited.region, key);
    await this.#configuration.update((configuration) => {
      const { keys, profiles } = configuration;
      if (!isDeepStrictEqual(findKey(configuration, label), key)) throw changedMeanwhile(label);
      const other = findKey(configuration, newLabel);
      if (other && newLabel !== label) throw labelTaken(other, 'newLabel');
      return {
        ...configuration,
        keys: keys.map((each) => (each.label === label ? edited : each)),
        profiles: profiles.map((profile) =>
          'key' in profile.base && profile.base.key === label
            ? { ...profile, base: { key: newLabel } }
            : profile,
        ),
      };
    });
    return edited;
  }

  /** @throws Failure NotFound, or InUse naming the profiles that are based on the key */
  async remove(label: string): Promise<void> {
    const key = findKey(this.#configuration.current, label);
    if (!key) throw notFound(label);
    await this.#configuration.update((configuration) => {
      const users = configuration.profiles.filter(({ base }) => 'key' in base && base.key === label);
      if (users.length > 0) {
        const names = users.map(({ name }) => name).join(', ');
        throw new Failure('InUse', `The access key "${label}" is the base of ${names}. Remove these first.`);
      }
      return { ...configuration, keys: configuration.keys.filter((other) => other.label !== label) };
    });
    await this.#secrets.remove(keychainName(key.accessKeyId));
  }

  /** @throws Failure KeyMissing where the keychain has lost it, or the keychain's own failures */
  async secretOf(key: AccessKey): Promise<Secret> {
    const { accessKeyId } = key;
    const secret = await this.#secrets.read(keychainName(accessKeyId));
    if (secret) return secret;
    // A session that was there before a change of the key asks with the label of then.
    const now = this.#configuration.current.keys.find((each) => each.accessKeyId === accessKeyId) ?? key;
    throw new Failure(
      'KeyMissing',
      `The secret of the access key "${now.label}" is no longer in the keychain. Add the key again under the same label.`,
    );
  }

  async #askIn(region: string, key: AccessKey): Promise<void> {
    const secretAccessKey = await this.secretOf(key);
    const credentials = { accessKeyId: key.accessKeyId, secretAccessKey };
    await this.#sts.getCallerIdentity(credentials, region).catch((error: unknown) => {
      if (!(error instanceof Failure) || error.awsCode === undefined) throw error;
      const { code, awsCode, requestId } = error;
      const reason = `STS in ${region} refuses this key (${awsCode})`;
      throw new Failure(code, reason, { field: 'region', awsCode, requestId, cause: error });
    });
  }
}

/** The name of a key's secret in the keychain. */
export function keychainName(accessKeyId: string): string {
  return `access-key/${accessKeyId}`;
}

function refuseTaken({ keys }: Configuration, { label, accessKeyId }: NewAccessKey): void {
  for (const key of keys) {
    const sameLabel = key.label === label;
    const sameId = key.accessKeyId === accessKeyId;
    if (sameLabel && !sameId) {
      throw labelTaken(key, 'label');
    }
    if (sameId && !sameLabel) {
      throw new Failure('AlreadyExists', `This access key is there already, as "${key.label}"`, {
        field: 'accessKeyId',
      });
    }
  }
}

function notFound(label: string): Failure {
  return new Failure('NotFound', `There is no access key "${label}"`, { field: 'label' });
}

function labelTaken({ label, accessKeyId }: AccessKey, field: string): Failure {
  return new Failure('AlreadyExists', `The label "${label}" is taken by the access key ${accessKeyId}`, {
    field,
  });
}

function changedMeanwhile(label: string): Failure {
  return new Failure(
    'Refused',
    `The access key "${label}" was changed meanwhile, and stays as it is now. Look at it anew, then change it again.`,
  );
}

/** Points AWS's refusal at the field that a person can mend. */
function withField(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const { code, awsCode, requestId } = error;
  switch (awsCode) {
    case 'InvalidClientTokenId':
      return new Failure(
        code,
        'AWS does not know this access key ID, or the key is inactive, or the region is of another partition',
        {
          field: 'accessKeyId',
          awsCode,
          requestId,
        },
      );
    case 'SignatureDoesNotMatch':
      return new Failure(code, 'The secret access key does not belong to this access key ID', {
        field: 'secretAccessKey',
        awsCode,
        requestId,
      });
    default:
      return error;
  }
}
