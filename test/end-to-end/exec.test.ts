/** `latchkey exec` under real SDKs, on a machine whose person has static keys: they win over every endpoint, but not there. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCommand, latchkeyArguments } from '../cli/latchkey.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { needPython } from '../sts/python.ts';
import { aliceKeys } from '../sts/sample-world.ts';
import { personEnvironment, python, run } from './run-demo.ts';

const alice = 'arn:aws:iam::111122223333:user/alice';
const reader = 'arn:aws:sts::444455556666:assumed-role/Reader/alice';

/** Who each is by its default credentials. */
const programs = {
  boto3: [python, join(import.meta.dirname, 'caller_identity.py')],
  'the AWS CLI': [python, '-m', 'awscli', 'sts', 'get-caller-identity', '--output', 'json'],
  'the AWS CLI, with a profile of its files,': [
    ...[python, '-m', 'awscli', '--profile', 'other', 'sts', 'get-caller-identity', '--output', 'json'],
  ],
  JavaScript: [
    process.execPath,
    '--input-type=module',
    '-e',
    `import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
     const { Arn } = await new STSClient().send(new GetCallerIdentityCommand({}));
     console.log(JSON.stringify({ arn: Arn }));`,
  ],
} as const;

let broker: TestBroker;
let person: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  await buildCommand();
  broker = await startTestBroker();
  person = await temporaryHome();
  const keys = `aws_access_key_id = ${aliceKeys.accessKeyId}\naws_secret_access_key = ${aliceKeys.secretAccessKey}\n`;
  await mkdir(join(person.path, '.aws'));
  await writeFile(join(person.path, '.aws/credentials'), `[default]\n${keys}[other]\n${keys}`);
  await writeFile(
    join(person.path, '.aws/config'),
    '[default]\nregion = us-west-2\ncli_pager =\n[profile other]\nregion = us-west-2\n',
  );
  env = {
    ...personEnvironment(),
    HOME: person.path,
    LATCHKEY_HOME: broker.env['LATCHKEY_HOME'],
    XDG_RUNTIME_DIR: broker.env['XDG_RUNTIME_DIR'],
    AWS_ENDPOINT_URL_STS: broker.sts.url,
  };
}, 240_000);
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await person[Symbol.asyncDispose]();
});

async function arnBy(command: readonly string[]): Promise<unknown> {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = await run(program, args, env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return /"arn": ?"([^"]*)"/i.exec(stdout)?.[1];
}

// Python starts slowly on a busy machine.
describe('under latchkey exec', { timeout: 60_000 }, () => {
  needPython(['boto3', 'awscli']);

  test.each(Object.entries(programs))(
    '%s has the role, though its files have keys',
    async (_name, command) => {
      expect(await arnBy(command)).toBe(alice);
      const launched = [process.execPath, ...latchkeyArguments(['exec', 'reader', '--', ...command])];
      expect(await arnBy(launched)).toBe(reader);
      const plain = [process.execPath, ...latchkeyArguments(['exec', 'reader', '--env', '--', ...command])];
      if (!command.includes('--profile')) expect(await arnBy(plain)).toBe(reader);
    },
  );
});
