/** Prints who the AWS SDK for JavaScript is, by its default credentials: with the demo's environment, the active role. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

// This shows one line; that the SDK will want a newer Node next year is for the project to know.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

try {
  const { Arn } = await new STSClient().send(new GetCallerIdentityCommand());
  console.log(Arn);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
