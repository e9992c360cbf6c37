/** Prints who the AWS SDK for JavaScript v3 is by its default credentials, as one line of JSON without a secret. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

try {
  const sts = new STSClient();
  const { Arn: arn } = await sts.send(new GetCallerIdentityCommand());
  const { accessKeyId, expiration } = await sts.config.credentials();
  console.log(JSON.stringify({ arn, region: await sts.config.region(), accessKeyId, expiration }));
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
  process.exitCode = 1;
}
