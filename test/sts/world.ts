/** The accounts behind the embedded STS: users, their keys and MFA devices, roles and whom they trust. */
import { createHash } from 'node:crypto';
import { MfaDevice } from './mfa-device.ts';
import { encodeBase32 } from './totp.ts';

/** What a test or the demo describes. */
export interface StsWorld {
  users: {
    accountId: string;
    userName: string;
    /** Default `aws`. */
    partition?: string;
    accessKeys: { id: string; secret: string }[];
    /** `seed` in Base32. */
    mfa?: { serial: string; seed: string };
    /** Whether the user's own policies allow `sts:AssumeRole` on every role. Default true. */
    mayAssumeRole?: boolean;
  }[];
  roles: {
    /** `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` */
    arn: string;
    /** Each is one statement of the trust policy: all of its conditions must hold, and one statement is enough. */
    trusts: {
      /** `arn:PARTITION:iam::ACCOUNT:root`, or the ARN of a user or a role. */
      principal: string;
      externalId?: string;
      /** Condition `aws:MultiFactorAuthPresent`: the caller's key or this very call was confirmed by MFA. */
      mfa?: boolean;
      /** Condition `aws:MultiFactorAuthAge` less than this. It needs MFA, too. */
      maxMfaAgeSeconds?: number;
    }[];
    /** The role's maximum session duration, 3600 to 43200. Default 3600. */
    maxSessionSeconds?: number;
    /** Whether the role's own policies allow `sts:AssumeRole` on every role. Default true. */
    mayAssumeRole?: boolean;
  }[];
}

export interface User {
  readonly arn: string;
  readonly partition: string;
  readonly accountId: string;
  readonly userId: string;
  readonly mfa: MfaDevice | undefined;
  readonly mayAssumeRole: boolean;
  readonly accessKeys: readonly { readonly id: string; readonly secret: string }[];
}

export interface Trust {
  readonly principal: string;
  readonly externalId: string | undefined;
  readonly mfa: boolean;
  readonly maxMfaAgeSeconds: number | undefined;
}

export interface Role {
  readonly arn: string;
  readonly partition: string;
  readonly accountId: string;
  readonly roleName: string;
  readonly roleId: string;
  readonly trusts: readonly Trust[];
  readonly maxSessionSeconds: number;
  readonly mayAssumeRole: boolean;
}

/** The world by the names under which calls ask for its parts. */
export interface ParsedWorld {
  readonly users: readonly User[];
  readonly rolesByArn: ReadonlyMap<string, Role>;
}

/** Reads a role's ARN; undefined if it is none. */
export function parseRoleArn(
  arn: string,
): { partition: string; accountId: string; roleName: string } | undefined {
  const match = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[\u0021-\u007e]+\/)?([\w+=,.@-]{1,64})$/u.exec(arn);
  const [, partition, accountId, roleName] = match ?? [];
  if (partition === undefined || accountId === undefined || roleName === undefined) return undefined;
  return { partition, accountId, roleName };
}

/**
 * Checks a described world, since a slip in it would look like a refusal of STS.
 *
 * @throws RangeError that says what IAM would not have accepted.
 */
export function parseWorld(world: StsWorld): ParsedWorld {
  const users = world.users.map(parseUser);
  const keyIds = users.flatMap((user) => user.accessKeys.map((key) => key.id));
  demandDistinct('access key ID', keyIds);
  demandDistinct(
    'user',
    users.map((user) => user.arn),
  );
  const roles = world.roles.map(parseRole);
  demandDistinct(
    'role',
    roles.map((role) => role.arn),
  );
  return { users, rolesByArn: new Map(roles.map((role) => [role.arn, role])) };
}

function parseUser(described: StsWorld['users'][number]): User {
  const { accountId, userName, partition = 'aws' } = described;
  const arn = `arn:${partition}:iam::${accountId}:user/${userName}`;
  demand(/^\d{12}$/u.test(accountId), `account ID ${accountId} has not 12 digits`);
  demand(/^[\w+=,.@-]{1,64}$/u.test(userName), `user name ${userName} is not one of IAM's`);
  for (const { id } of described.accessKeys) {
    demand(/^AKIA[A-Z0-9]{12,}$/u.test(id), `access key ID ${id} of ${arn} does not look like AKIA…`);
  }
  return {
    arn,
    partition,
    accountId,
    userId: uniqueId('AIDA', arn),
    mfa: described.mfa === undefined ? undefined : new MfaDevice(described.mfa.serial, described.mfa.seed),
    mayAssumeRole: described.mayAssumeRole ?? true,
    accessKeys: described.accessKeys,
  };
}

function parseRole(described: StsWorld['roles'][number]): Role {
  const { arn, maxSessionSeconds = 3600 } = described;
  const parsed = parseRoleArn(arn);
  if (parsed === undefined) throw new RangeError(`the world's role ${arn} is not the ARN of a role`);
  demand(
    maxSessionSeconds >= 3600 && maxSessionSeconds <= 43200,
    `maxSessionSeconds of ${arn} is ${String(maxSessionSeconds)}, not in 3600 to 43200`,
  );
  const trusts = described.trusts.map((trust) => {
    const [, partition] =
      /^arn:([a-z-]+):iam::\d{12}:(?:root|(?:user|role)\/.+)$/u.exec(trust.principal) ?? [];
    demand(
      partition === parsed.partition,
      `${arn} cannot trust ${trust.principal}: that is no account root, user or role of its partition`,
    );
    return {
      principal: trust.principal,
      externalId: trust.externalId,
      mfa: trust.mfa ?? false,
      maxMfaAgeSeconds: trust.maxMfaAgeSeconds,
    };
  });
  return {
    ...parsed,
    arn,
    roleId: uniqueId('AROA', arn),
    trusts,
    maxSessionSeconds,
    mayAssumeRole: described.mayAssumeRole ?? true,
  };
}

/** IAM's unique ID of a user or role. Made from the ARN, so that it stays the same from run to run. */
function uniqueId(prefix: string, arn: string): string {
  return prefix + encodeBase32(createHash('sha256').update(arn).digest()).slice(0, 17);
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new RangeError(`the world's ${otherwise}`);
}

function demandDistinct(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  demand(twice === undefined, `${what} ${String(twice)} is there twice`);
}
