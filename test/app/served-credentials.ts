import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import * as z from 'zod/mini';
import { askWithToken, credentialsPath } from '../fixtures/endpoint.ts';
import { stsClient, type Keys } from '../sts/sample-world.ts';

const servedSchema = z.object({
  Code: z.literal('Success'),
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
});

/** What the metadata endpoint serves now, got with IMDSv2's three requests. */
export async function servedCredentials(imds: string): Promise<Required<Keys> & { role: string }> {
  const role = (await askWithToken(imds, credentialsPath)).body.trim();
  const { body } = await askWithToken(imds, credentialsPath + role);
  const { AccessKeyId, SecretAccessKey, Token } = servedSchema.parse(JSON.parse(body));
  return { role, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}

/** Whose credentials these are, by STS's own word. */
export async function callerArn(sts: string, keys: Keys): Promise<string | undefined> {
  using client = disposable(stsClient(sts, keys));
  return (await client.send(new GetCallerIdentityCommand({}))).Arn;
}

function disposable<Client extends { destroy(): void }>(client: Client): Client & Disposable {
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
