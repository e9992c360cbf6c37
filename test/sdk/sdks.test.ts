/**
 * Real SDKs, unmodified, against the endpoint: what they get, and what they say where there is nothing to get:
 * docs/endpoint.md tells of both.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { serveCore, type ServedCore } from '../fixtures/endpoint.ts';
import { needPython } from '../sts/python.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { ask, askAll, boto3, compiled, compiledSdks, javascript, type Sdk, type SdkName } from './sdks.ts';

const roles = 'arn:aws:iam::444455556666:role';
const reader = 'arn:aws:sts::444455556666:assumed-role/Reader/alice';
const longReader = 'arn:aws:sts::444455556666:assumed-role/LongReader/alice';

let core: Core;
let endpoint: ServedCore;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'long', roleArn: `${roles}/LongReader` });
  await core.addProfile({ name: 'guarded', roleArn: `${roles}/Guarded`, mfaSerial: aliceSerial });
  await core.addProfile({ name: 'refused', roleArn: `${roles}/NamesBobAbroad` });
  endpoint = await serveCore(core, systemClock);
  core.sts.resetCalls();
});
afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** The variable that leads an SDK to the endpoint, and the one that leads it to the embedded STS. */
function imdsVariables(): Record<string, string> {
  return { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint.url, AWS_ENDPOINT_URL_STS: core.sts.url };
}

/** For SDKs that would complain that there is no region before they complain that there are no credentials. */
const aRegion = { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-east-1' };

/** What each SDK says, at least. */
type Shown = Readonly<Record<SdkName, string>>;

/** Makes a profile the active one, once its session is held or has failed: no program then waits for STS. */
async function use(profile: string): Promise<void> {
  await core.active.use(profile);
  await core.sessions.acquire({ cause: 'program', profile }).catch(() => undefined);
  core.sts.resetCalls();
}

/** What is expected of these SDKs: an error that says this, and nothing else. */
function errorsOf(shown: Partial<Shown>): object {
  return Object.fromEntries(
    Object.entries(shown).map(([name, text]) => [name, { error: expect.stringContaining(text) }]),
  );
}

function expectNoCallToSts(): void {
  expect(core.sts.calls()).not.toHaveProperty('GetCallerIdentity');
}

const unreasoned = {
  Java: 'InstanceProfileCredentialsProvider(): Failed to load credentials from IMDS.',
  JavaScript: 'Could not load credentials from any providers',
  boto3: 'Unable to locate credentials',
};
const nothingListed: Shown = {
  ...unreasoned,
  Go: 'no EC2 IMDS role found',
  Terraform: 'no EC2 IMDS role found',
  Rust: 'received 404 from IMDS',
};
/** Three of six show the endpoint's own reason. */
function reasoned(code: string, message: string): Shown {
  return {
    ...unreasoned,
    Go: `api error ${code}: ${message}`,
    Terraform: `api error ${code}: ${message}`,
    Rust: `Error retrieving credentials from IMDS: ${code} ${message}`,
  };
}

const mfaWanted = 'An MFA code for guarded is wanted';
const accessDenied =
  'STS refused (AccessDenied): User: arn:aws:iam::111122223333:user/alice is not authorized';

const withNothingToServe: { when: string; arrange: () => Promise<void>; shown: Shown }[] = [
  { when: 'no profile is active', arrange: () => Promise.resolve(), shown: nothingListed },
  {
    when: 'Latchkey is locked',
    arrange: async () => {
      await use('reader');
      core.sessions.lock();
    },
    shown: nothingListed,
  },
  {
    when: 'an MFA code is needed',
    arrange: () => core.active.use('guarded'),
    shown: reasoned('MfaRequired', mfaWanted),
  },
  {
    when: 'STS refuses the role',
    arrange: () => use('refused'),
    shown: reasoned('Refused', accessDenied),
  },
  {
    when: 'STS cannot be reached',
    arrange: async () => {
      core.sts.faults.drop = { action: 'AssumeRole' };
      await use('reader');
    },
    shown: {
      ...unreasoned,
      Go: 'StatusCode: 503, request to EC2 IMDS failed',
      Terraform: 'StatusCode: 503, request to EC2 IMDS failed',
      Rust: 'STS cannot be reached',
    },
  },
];

function testNothingToServe(sdks: readonly Sdk[]): void {
  for (const { when, arrange, shown } of withNothingToServe)
    test(`say that there are none where ${when}`, async () => {
      await arrange();
      const answers = await askAll(sdks, () => ({ ...imdsVariables(), ...aRegion }));
      expect(answers).toEqual(errorsOf(Object.fromEntries(sdks.map(({ name }) => [name, shown[name]]))));
      expectNoCallToSts();
    });
}

/** Who the holder of the session of the profile `reader` is. */
function readerIdentity() {
  const session = core.sessions.take('reader');
  return {
    arn: reader,
    region: 'eu-central-1',
    accessKeyId: session?.accessKeyId,
    expiration: session?.expiresAtMs,
  };
}

// Java, Python and Go's tries after a 503 take seconds each, more on a busy machine.
describe('over IMDS', { timeout: 90_000 }, () => {
  describe.skipIf(compiled.missing)(`Go, Terraform, Rust and Java${compiled.note}`, () => {
    test('have the active profile’s credentials and region', async () => {
      await use('reader');
      const answers = await askAll(compiledSdks, imdsVariables);
      const identity = readerIdentity();
      expect(answers).toEqual({
        Go: identity,
        Terraform: { ...identity, accountId: '444455556666' },
        Rust: identity,
        Java: identity,
      });
    });

    test('Terraform reads the account out of iam/info, without asking STS', async () => {
      await use('reader');
      await askAll(
        compiledSdks.filter(({ name }) => name === 'Terraform'),
        imdsVariables,
      );
      // It checks the credentials once, and the program asks once who it is.
      expect(core.sts.calls()).toEqual({ GetCallerIdentity: 2 });
    });

    testNothingToServe(compiledSdks);
  });

  describe('JavaScript', () => {
    test('has the active profile’s credentials and region', async () => {
      await use('reader');
      const answer = await ask(javascript, imdsVariables());
      expect(answer).toEqual(readerIdentity());
    });

    testNothingToServe([javascript]);
  });

  describe('boto3', () => {
    needPython(['boto3']);

    test('has the active profile’s credentials, and no region', async () => {
      await use('reader');
      expect(await ask(boto3, imdsVariables())).toEqual({ error: 'You must specify a region.' });
      const answer = await ask(boto3, { ...imdsVariables(), ...aRegion });
      expect(answer).toEqual({ ...readerIdentity(), region: 'us-east-1' });
    });

    testNothingToServe([boto3]);
  });
});

// JavaScript's, boto3's and the AWS CLI's are in end-to-end/container.test.ts.
describe.skipIf(compiled.missing)(
  `over the container protocol Go, Terraform, Rust and Java${compiled.note}`,
  { timeout: 90_000 },
  () => {
    /** The profile `reader` is active over IMDS, and its session held: what a fallback would lead to. */
    beforeEach(() => use('reader'));

    async function containerVariables(
      profile: string,
      tokenOf = profile,
    ): Promise<Record<string, string> & { AWS_CONTAINER_AUTHORIZATION_TOKEN: string }> {
      const token = await endpoint.clients.containerTokens.create(`for-${tokenOf}`, tokenOf);
      return {
        ...imdsVariables(),
        ...aRegion,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint.url}container/${profile}`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: token.reveal(),
      };
    }

    /** Java goes on to IMDS where the container fails; the others do not. */
    function withoutFallback(sdk: Sdk): Record<string, string> {
      return sdk.name === 'Java' ? { AWS_EC2_METADATA_DISABLED: 'true' } : {};
    }

    test('have the credentials of the profile in the path, whichever is active', async () => {
      const variables = await containerVariables('long');
      const answers = await askAll(compiledSdks, () => variables);
      const session = core.sessions.take('long');
      const expiresAtMs = session?.expiresAtMs ?? 0;
      const identity = {
        arn: longReader,
        region: 'us-east-1',
        accessKeyId: session?.accessKeyId,
        expiration: expiresAtMs,
      };
      // Here Go renews five minutes ahead, and takes that for the end.
      const inGo = { ...identity, expiration: expiresAtMs - 5 * 60_000 };
      expect(answers).toEqual({ Go: inGo, Terraform: inGo, Rust: identity, Java: identity });
    });

    const refusals: {
      when: string;
      profile: string;
      tokenOf?: string;
      arrange?: () => Promise<void>;
      status: number;
      reason: string;
    }[] = [
      {
        when: 'the token is for another profile',
        profile: 'long',
        tokenOf: 'reader',
        status: 403,
        reason: 'Refused: The token is for the profile "reader", not for this one',
      },
      {
        when: 'the token is revoked',
        profile: 'long',
        arrange: () => endpoint.clients.containerTokens.revoke('for-long'),
        status: 401,
        reason: 'Refused: A valid token is needed in Authorization',
      },
      { when: 'an MFA code is needed', profile: 'guarded', status: 503, reason: `MfaRequired: ${mfaWanted}` },
      { when: 'STS refuses the role', profile: 'refused', status: 403, reason: `Refused: ${accessDenied}` },
      {
        when: 'STS cannot be reached',
        profile: 'long',
        arrange: async () => {
          core.sts.faults.drop = { action: 'AssumeRole' };
        },
        status: 503,
        reason: 'Unreachable: STS cannot be reached',
      },
      {
        when: 'Latchkey is locked',
        profile: 'long',
        arrange: async () => {
          core.sessions.lock();
        },
        status: 403,
        reason: 'Locked: Latchkey is locked',
      },
    ];
    for (const { when, profile, tokenOf, arrange, status, reason } of refusals)
      test(`have none where ${when}, and do not take the active profile’s instead`, async () => {
        const variables = await containerVariables(profile, tokenOf);
        await arrange?.();
        const answers = await askAll(compiledSdks, (sdk) => ({ ...variables, ...withoutFallback(sdk) }));
        expect(answers).toEqual(
          errorsOf({
            Go: reason,
            Terraform: reason,
            Rust: `Non-success status from HTTP credential provider: StatusCode(${status})`,
            Java: 'ContainerCredentialsProvider(): Failed to load credentials from metadata service.',
          }),
        );
        expectNoCallToSts();
        expect(JSON.stringify(answers)).not.toContain(variables.AWS_CONTAINER_AUTHORIZATION_TOKEN);
      });

    test('Java takes the active profile’s over IMDS where the container fails, unless that is disabled', async () => {
      const variables = await containerVariables('long', 'reader');
      const java = compiledSdks.filter(({ name }) => name === 'Java');
      expect(await askAll(java, () => variables)).toMatchObject({ Java: { arn: reader } });
      const disabled = { ...variables, AWS_EC2_METADATA_DISABLED: 'true' };
      expect(await askAll(java, () => disabled)).toMatchObject({ Java: { error: expect.any(String) } });
    });
  },
);
