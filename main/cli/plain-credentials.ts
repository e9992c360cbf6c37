/** Credentials in plain variables, for programs that know no other way. */
import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import type { LaunchAccess } from '../control/client.ts';
import { Refusal } from './command.ts';

const documentSchema = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.string(),
});
const refusalSchema = z.object({ message: z.string() });

/**
 * Asks the container endpoint, as the program would.
 * @throws Refusal why there are none
 */
export async function plainCredentials({ token, url }: LaunchAccess) {
  const document: unknown = JSON.parse(await bodyOf(url, token));
  const parsed = z.safeParse(documentSchema, document);
  if (!parsed.success) {
    const refusal = z.safeParse(refusalSchema, document);
    throw new Refusal(refusal.success ? refusal.data.message : 'the endpoint gave no credentials');
  }
  const { AccessKeyId, SecretAccessKey, Token, Expiration } = parsed.data;
  return {
    variables: {
      AWS_ACCESS_KEY_ID: AccessKeyId,
      AWS_SECRET_ACCESS_KEY: SecretAccessKey,
      AWS_SESSION_TOKEN: Token,
      // Not an SDK's, but what the AWS CLI's `export-credentials` calls it.
      AWS_CREDENTIAL_EXPIRATION: Expiration,
    },
    expiresAtMs: Date.parse(Expiration),
  };
}

async function bodyOf(url: string, token: string): Promise<string> {
  // Only here: it makes a command start later by a fifth.
  const { get } = await import('node:http');
  try {
    return await new Promise((resolve, reject) => {
      const request = get(url, { headers: { Authorization: token }, agent: false }, (response) => {
        text(response).then(resolve, reject);
      });
      request.on('error', reject);
    });
  } catch (error) {
    throw new Refusal('Latchkey ended before it gave the credentials; start it again', { cause: error });
  }
}
