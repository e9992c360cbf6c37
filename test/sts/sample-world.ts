/** The accounts that the embedded STS's own tests speak to, and clients for them. Keys are AWS's documented examples. */
import { STSClient, STSServiceException } from '@aws-sdk/client-sts';
import type { StsWorld } from './embedded-sts.ts';

/** A key as STS hands it out and clients take it. */
export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export const aliceKeys: Keys = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
export const bobKeys: Keys = {
  accessKeyId: 'AKIAI44QH8DHBEXAMPLE',
  secretAccessKey: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
};
export const carolKeys: Keys = {
  accessKeyId: 'AKIACNCAROLEXAMPLE00',
  secretAccessKey: 'carol/secret/EXAMPLEKEY/carol/EXAMPLEKEY',
};

/** The secret of RFC 6238's test vectors, `12345678901234567890`, in Base32. */
export const aliceSeed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
export const aliceSerial = 'arn:aws:iam::111122223333:mfa/alice';
export const aliceArn = 'arn:aws:iam::111122223333:user/alice';
export const bobArn = 'arn:aws:iam::111122223333:user/bob';

/** Alice has an MFA device; Bob may not call sts:AssumeRole by his own policies; Carol lives in China. */
export const sampleWorld: StsWorld = {
  users: [
    {
      accountId: '111122223333',
      userName: 'alice',
      accessKeys: [{ id: aliceKeys.accessKeyId, secret: aliceKeys.secretAccessKey }],
      mfa: { serial: aliceSerial, seed: aliceSeed },
    },
    {
      accountId: '111122223333',
      userName: 'bob',
      accessKeys: [{ id: bobKeys.accessKeyId, secret: bobKeys.secretAccessKey }],
      mayAssumeRole: false,
    },
    {
      accountId: '777788889999',
      userName: 'carol',
      partition: 'aws-cn',
      accessKeys: [{ id: carolKeys.accessKeyId, secret: carolKeys.secretAccessKey }],
    },
  ],
  roles: [
    {
      arn: 'arn:aws:iam::444455556666:role/team/Reader',
      trusts: [{ principal: 'arn:aws:iam::111122223333:root' }],
      maxSessionSeconds: 7200,
    },
    {
      arn: 'arn:aws:iam::444455556666:role/LongReader',
      trusts: [{ principal: 'arn:aws:iam::111122223333:root' }],
      maxSessionSeconds: 43200,
    },
    {
      arn: 'arn:aws:iam::444455556666:role/Chained',
      trusts: [{ principal: 'arn:aws:iam::444455556666:role/LongReader' }],
      maxSessionSeconds: 43200,
    },
    {
      arn: 'arn:aws:iam::444455556666:role/Vendor',
      trusts: [{ principal: aliceArn, externalId: 'Unique:Assigned/By-Example.Corp' }],
    },
    {
      arn: 'arn:aws:iam::444455556666:role/Guarded',
      trusts: [
        { principal: aliceArn, mfa: true },
        { principal: 'arn:aws:iam::444455556666:root', mfa: true },
      ],
    },
    {
      arn: 'arn:aws:iam::444455556666:role/RecentlyConfirmed',
      trusts: [{ principal: aliceArn, maxMfaAgeSeconds: 600 }],
    },
    {
      arn: 'arn:aws:iam::444455556666:role/NamesBobAbroad',
      trusts: [{ principal: bobArn }],
    },
    {
      arn: 'arn:aws:iam::111122223333:role/NamesBob',
      trusts: [{ principal: bobArn }],
    },
    {
      arn: 'arn:aws:iam::111122223333:role/TrustsTheAccount',
      trusts: [{ principal: 'arn:aws:iam::111122223333:root' }],
    },
    {
      arn: 'arn:aws-cn:iam::777788889999:role/Beijing',
      trusts: [{ principal: 'arn:aws-cn:iam::777788889999:user/carol' }],
    },
  ],
};

/** The real SDK's client, which makes one attempt unless told otherwise. */
export function stsClient(
  endpoint: string,
  credentials: Keys,
  options: { region?: string; maxAttempts?: number } = {},
): STSClient {
  return new STSClient({ endpoint, credentials, region: 'us-east-1', maxAttempts: 1, ...options });
}

/** The keys in an answer of the SDK. */
export function keysOf(answer: {
  Credentials?:
    | {
        AccessKeyId: string | undefined;
        SecretAccessKey: string | undefined;
        SessionToken: string | undefined;
      }
    | undefined;
}): Keys & { sessionToken: string } {
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials ?? {};
  if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
    throw new Error('the answer holds no credentials');
  }
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

/** Code, status and words of the refusal that the SDK reports for a call. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<{ code: string; status: number | undefined; message: string }> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof STSServiceException)) {
    throw new Error(`expected a refusal of STS, not ${String(error)}`, { cause: error });
  }
  return { code: error.name, status: error.$metadata.httpStatusCode, message: error.message };
}
