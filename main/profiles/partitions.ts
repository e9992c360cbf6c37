import { Failure } from '../failure.ts';
import { parseRoleArn, type Profile } from './profile.ts';

/**
 * Checks that a profile's region lies in its role's partition, by the SDK's own table of partitions, so that
 * every partition the SDK knows is known here.
 * @throws Failure InvalidInput with the field `region`
 */
export async function checkPartition(profile: Profile): Promise<void> {
  // Only needed when a profile is saved: kept out of the start.
  const { partition } = await import('@aws-sdk/util-endpoints');
  const rolePartition = parseRoleArn(profile.roleArn)?.partition;
  const regionPartition = partition(profile.region).name;
  if (rolePartition !== regionPartition) {
    throw new Failure(
      'InvalidInput',
      `Region ${profile.region} is in the partition ${regionPartition}, but the role ARN names ${rolePartition}`,
      { field: 'region' },
    );
  }
}
