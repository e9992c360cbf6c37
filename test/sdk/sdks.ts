/** The programs of this folder: each asks STS who it is by the default credentials of one AWS SDK, and prints that. */
import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as z from 'zod/mini';
import { personEnvironment, python, run } from '../end-to-end/run-demo.ts';
import { needs } from '../platform/needs.ts';

export type SdkName = 'Go' | 'Terraform' | 'Rust' | 'Java' | 'JavaScript' | 'boto3';

export interface Sdk {
  readonly name: SdkName;
  readonly command: readonly [program: string, ...args: string[]];
}

const built = process.env['LATCHKEY_TEST_SDKS'] ?? '';

/** What the tests of {@link compiledSdks} need. */
export const compiled = needs(
  built !== '',
  'LATCHKEY_TEST_SDKS names no folder with the programs of the Go, Rust and Java SDKs; build them with: export LATCHKEY_TEST_SDKS="$(test/sdk/build.sh)"',
);

/** Those that `build.sh` builds. */
export const compiledSdks: readonly Sdk[] = [
  { name: 'Go', command: [join(built, 'go/sdk')] },
  { name: 'Terraform', command: [join(built, 'go/terraform')] },
  { name: 'Rust', command: [join(built, 'rust/caller-identity')] },
  {
    name: 'Java',
    command: [
      'java',
      // It lives for one call: what starts soonest.
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-cp',
      [join(built, 'java/classes'), join(built, 'java/lib/*')].join(delimiter),
      'CallerIdentity',
    ],
  },
];

export const javascript: Sdk = {
  name: 'JavaScript',
  command: [process.execPath, join(import.meta.dirname, 'javascript/caller-identity.mjs')],
};

export const boto3: Sdk = {
  name: 'boto3',
  command: [python, join(import.meta.dirname, 'python/caller_identity.py')],
};

const answerSchema = z.union([
  z.strictObject({
    arn: z.string(),
    region: z.string(),
    accessKeyId: z.string(),
    expiration: z.pipe(
      z.string(),
      z.transform((text) => Date.parse(text)),
    ),
    accountId: z.optional(z.string()),
  }),
  z.strictObject({ error: z.string() }),
]);

/** Who a program is, its credentials' end in milliseconds since 1970; or the whole text of the SDK's error. */
export type Answer = z.output<typeof answerSchema>;

/** Runs a program as somebody who has set nothing for AWS but these variables. */
export async function ask({ name, command }: Sdk, variables: Record<string, string>): Promise<Answer> {
  const [program, ...args] = command;
  const home = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  try {
    const { stdout, stderr } = await run(program, args, {
      ...personEnvironment(),
      HOME: home,
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      ...variables,
    });
    if (!stdout.startsWith('{')) throw new Error(`${name} printed no answer: ${stdout}${stderr}`);
    return answerSchema.parse(JSON.parse(stdout));
  } finally {
    await rm(home, { recursive: true });
  }
}

/** Runs several at once, each with its variables. */
export async function askAll(
  sdks: readonly Sdk[],
  variablesOf: (sdk: Sdk) => Record<string, string>,
): Promise<Partial<Record<SdkName, Answer>>> {
  const answers = await Promise.all(
    sdks.map(async (sdk) => [sdk.name, await ask(sdk, variablesOf(sdk))] as const),
  );
  return Object.fromEntries(answers);
}
