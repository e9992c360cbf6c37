/** Prints who the AWS SDK for JavaScript is, by its default credentials: with the demo's environment, the active role. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

try {
  const { Arn } = await new STSClient().send(new GetCallerIdentityCommand());
  console.log(Arn);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
