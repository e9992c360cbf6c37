/**
 * What the metadata service says besides credentials, for the profile that the program gets: what SDKs and Terraform read to find
 * their region and account. The forms are those of the real service:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html#instancedata-data-categories
 */
import { parseRoleArn, type Profile } from '../profiles/profile.ts';

const credentialsFolder = '/latest/meta-data/iam/security-credentials';

/** The path of a role's credentials: its name, or undefined for any other path. */
export function roleInPath(path: string): string | undefined {
  return path.startsWith(`${credentialsFolder}/`) ? path.slice(credentialsFolder.length + 1) : undefined;
}

/** The document at `path` (without a trailing slash), or undefined where there is none. Credentials are not among them. */
export function metadataDocument(path: string, profile: Profile): string | undefined {
  switch (path) {
    case '':
      return 'latest';
    case '/latest':
      return 'dynamic\nmeta-data';
    case '/latest/meta-data':
      return 'iam/\ninstance-id\nplacement/';
    case '/latest/meta-data/iam':
      return 'info\nsecurity-credentials/';
    case credentialsFolder:
      return profile.name;
    case '/latest/meta-data/iam/info':
      return iamInfo(profile);
    case '/latest/meta-data/instance-id':
      return instanceId;
    case '/latest/meta-data/placement':
      return 'availability-zone\nregion';
    case '/latest/meta-data/placement/region':
      return profile.region;
    case '/latest/meta-data/placement/availability-zone':
      return availabilityZone(profile);
    case '/latest/dynamic':
      return 'instance-identity/';
    case '/latest/dynamic/instance-identity':
      return 'document';
    case '/latest/dynamic/instance-identity/document':
      return identityDocument(profile);
    default:
      return undefined;
  }
}

/** Of the right form and of no instance that can exist: it says by itself who answers. */
const instanceId = 'i-1a7c4be1a7c4be100';

/** SDKs cut the last letter off to get the region (botocore `IMDSRegionProvider`). */
function availabilityZone({ region }: Profile): string {
  return `${region}a`;
}

/** Terraform's AWS provider reads the account out of InstanceProfileArn. */
function iamInfo(profile: Profile): string {
  const { partition, accountId, roleName } = partsOf(profile);
  return JSON.stringify({
    Code: 'Success',
    InstanceProfileArn: `arn:${partition}:iam::${accountId}:instance-profile/${roleName}`,
  });
}

/** Go's SDK finds its region here. */
function identityDocument(profile: Profile): string {
  return JSON.stringify({
    version: '2017-09-30',
    accountId: partsOf(profile).accountId,
    region: profile.region,
    availabilityZone: availabilityZone(profile),
    instanceId,
  });
}

function partsOf({ roleArn }: Profile) {
  return parseRoleArn(roleArn) ?? { partition: 'aws', accountId: '', roleName: '' };
}
