/** Where the AWS console of a partition is. */
import { Failure } from '../failure.ts';

/** The hosts of a partition's sign-in and console. */
interface ConsoleHosts {
  readonly signIn: string;
  readonly console: string;
}

/**
 * The partitions whose hosts AWS documents for this; no table of the SDK has the console's.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html,
 * https://docs.amazonaws.cn/en_us/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html and
 * https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-differences.html
 */
const hosts: ReadonlyMap<string, ConsoleHosts> = new Map([
  ['aws', { signIn: 'signin.aws.amazon.com', console: 'console.aws.amazon.com' }],
  ['aws-cn', { signIn: 'signin.amazonaws.cn', console: 'console.amazonaws.cn' }],
  ['aws-us-gov', { signIn: 'signin.amazonaws-us-gov.com', console: 'console.amazonaws-us-gov.com' }],
]);

/**
 * The federation endpoint of a partition. `AWS_ENDPOINT_URL_SIGNIN` names another server, as the SDKs have it for
 * AWS Sign-In.
 * @throws Failure Refused where the partition's is not known
 */
export function federationEndpoint(partition: string): URL {
  const { signIn } = hostsOf(partition);
  return new URL('/federation', process.env['AWS_ENDPOINT_URL_SIGNIN'] || `https://${signIn}`);
}

/**
 * The console's page of a service in a region; its first page where no service is named.
 * @param service as the console's own addresses spell it: `s3`, `ec2`
 * @throws Failure Refused where the partition's console is not known
 */
export function consolePage(partition: string, region: string, service = 'console'): URL {
  return new URL(`https://${hostsOf(partition).console}/${service}/home?region=${region}`);
}

function hostsOf(partition: string): ConsoleHosts {
  const found = hosts.get(partition);
  if (found) return found;
  throw new Failure(
    'Refused',
    `Latchkey does not know the console of the partition ${partition}; it knows ${[...hosts.keys()].join(', ')}`,
  );
}
