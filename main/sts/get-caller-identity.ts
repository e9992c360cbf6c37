import { Failure } from '../failure.ts';
import type { StsConnection } from './connection.ts';
import type { SigningCredentials } from './session.ts';

export interface CallerIdentity {
  readonly accountId: string;
  readonly arn: string;
}

/** Whose the credentials are. Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export async function getCallerIdentity(
  sts: StsConnection,
  credentials: SigningCredentials,
  region: string,
): Promise<CallerIdentity> {
  const { output } = await sts.call(credentials, region, (sdk, client) =>
    client.send(new sdk.GetCallerIdentityCommand({})),
  );
  if (!output.Account || !output.Arn) throw new Failure('Internal', 'STS answered without an identity');
  return { accountId: output.Account, arn: output.Arn };
}
