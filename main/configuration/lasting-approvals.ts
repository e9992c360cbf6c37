import type { Profile } from '../profiles/profile.ts';
import { findKey, findProfile, type Configuration } from './configuration.ts';

/**
 * The new configuration without the approvals of profiles that are gone, have another name, or lead to another role: a
 * person allowed a program that role's credentials. It is part of the same write, so that no approval outlives it.
 */
export function withLastingApprovals(before: Configuration, after: Configuration): Configuration {
  if (after.profiles === before.profiles) return after;
  const approvals = after.approvals.filter(({ profile }) => hasSameTarget(profile, before, after));
  return approvals.length === after.approvals.length ? after : { ...after, approvals };
}

/** Whether a name means the same role, by the same way to it, in two configurations. */
export function hasSameTarget(name: string, one: Configuration, other: Configuration): boolean {
  const [profile, another] = [findProfile(one, name), findProfile(other, name)];
  return (
    profile !== undefined && another !== undefined && targetOf(profile, one) === targetOf(another, other)
  );
}

/** A key is meant by its ID: with another label it is the same one. */
function targetOf({ roleArn, base, sessionPolicyArns }: Profile, configuration: Configuration): string {
  const way =
    'key' in base ? ['key', findKey(configuration, base.key)?.accessKeyId] : ['profile', base.profile];
  return JSON.stringify([roleArn, way, sessionPolicyArns]);
}
