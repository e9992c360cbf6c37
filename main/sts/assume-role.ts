import type { StsConnection } from './connection.ts';
import { toSession, type Session, type SigningCredentials } from './session.ts';

export interface AssumeRoleInput {
  readonly region: string;
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly externalId: string | undefined;
  /** Managed policies as session policies: the session can do what the role and any one of them allow. */
  readonly sessionPolicyArns: readonly string[] | undefined;
  /** For a role assumed straight from an access key with a code. */
  readonly mfa: { readonly serial: string; readonly code: string } | undefined;
}

/** A session of a role: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export async function assumeRole(
  sts: StsConnection,
  credentials: SigningCredentials,
  input: AssumeRoleInput,
): Promise<Session> {
  const { output, receivedAtMs, stsDateMs } = await sts.call(credentials, input.region, (sdk, client) =>
    client.send(
      new sdk.AssumeRoleCommand({
        RoleArn: input.roleArn,
        RoleSessionName: input.sessionName,
        DurationSeconds: input.durationSeconds,
        ExternalId: input.externalId,
        PolicyArns: input.sessionPolicyArns?.map((arn) => ({ arn })),
        SerialNumber: input.mfa?.serial,
        TokenCode: input.mfa?.code,
      }),
    ),
  );
  return toSession(output.Credentials, receivedAtMs, stsDateMs);
}
