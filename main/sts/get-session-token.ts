import type { StsConnection } from './connection.ts';
import { toSession, type Session, type SigningCredentials } from './session.ts';

export interface GetSessionTokenInput {
  readonly region: string;
  readonly durationSeconds: number;
  readonly mfaSerial: string;
  readonly code: string;
}

/** A session of the user that carries the MFA code: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
export async function getSessionToken(
  sts: StsConnection,
  credentials: SigningCredentials,
  input: GetSessionTokenInput,
): Promise<Session> {
  const { output, receivedAtMs, stsDateMs } = await sts.call(credentials, input.region, (sdk, client) =>
    client.send(
      new sdk.GetSessionTokenCommand({
        DurationSeconds: input.durationSeconds,
        SerialNumber: input.mfaSerial,
        TokenCode: input.code,
      }),
    ),
  );
  return toSession(output.Credentials, receivedAtMs, stsDateMs);
}
