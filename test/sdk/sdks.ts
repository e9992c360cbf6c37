/** The programs of this folder: each asks STS who it is by the default credentials of one AWS SDK. */
import { devNull } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { personEnvironment, python, run } from '../end-to-end/run-demo.ts';
import { needs, type Need } from '../platform/needs.ts';

const built = process.env['LATCHKEY_TEST_SDKS'];
const compiled = needs(
  built !== undefined,
  'LATCHKEY_TEST_SDKS names no folder with the programs of the SDKs; get it with: export LATCHKEY_TEST_SDKS="$(test/sdk/build.sh)"',
);
const folder = built ?? '';

export interface Sdk {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** Built by `build.sh`. */
export const compiledSdks: { readonly need: Need; readonly sdks: readonly Sdk[] } = {
  need: compiled,
  sdks: [
    { name: 'Go', command: [join(folder, 'go/sdk')] },
    { name: 'Terraform', command: [join(folder, 'go/terraform')] },
    { name: 'Rust', command: [join(folder, 'rust/caller-identity')] },
    {
      name: 'Java',
      command: [
        'java',
        '-XX:TieredStopAtLevel=1',
        '-cp',
        `${join(folder, 'java/classes')}:${join(folder, 'java/lib/*')}`,
        'CallerIdentity',
      ],
    },
  ],
};

export const javascript: Sdk = {
  name: 'JavaScript',
  command: [process.execPath, join(import.meta.dirname, 'javascript/caller-identity.mjs')],
};
export const boto3: Sdk = {
  name: 'boto3',
  command: [python, join(import.meta.dirname, 'python/caller_identity.py')],
};
export const awsCli: Sdk = {
  name: 'AWS CLI',
  command: [python, '-m', 'awscli', 'sts', 'get-caller-identity', '--output', 'json'],
};

/** What a program prints. */
const answerSchema = z.union([
  z.strictObject({
    arn: z.string(),
    region: z.string(),
    accessKeyId: z.string(),
    expiration: z.string(),
    accountId: z.optional(z.string()),
  }),
  z.strictObject({ error: z.string() }),
]);
export type Answer = z.output<typeof answerSchema>;

/** Runs a program as somebody who has set nothing for AWS but these variables. */
export async function ask({ command }: Sdk, variables: Record<string, string>): Promise<Answer> {
  const [program, ...args] = command;
  const { stdout, stderr } = await run(program, args, {
    ...personEnvironment(),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    ...variables,
  });
  try {
    return answerSchema.parse(JSON.parse(stdout));
  } catch (cause) {
    throw new Error(`${program} printed no answer: ${stdout}${stderr}`, { cause });
  }
}
