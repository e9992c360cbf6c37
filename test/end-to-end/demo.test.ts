import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromInstanceMetadata } from '@aws-sdk/credential-providers';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import * as z from 'zod/mini';
import { needPython } from '../sts/python.ts';
import { search } from './search.ts';
import {
  latchkey,
  linesToPaste,
  mfaCode,
  personEnvironment,
  python,
  run,
  startDemo,
  startLatchkey,
  stsCalls,
  type Demo,
} from './run-demo.ts';

const region = 'eu-central-1';
const arns = {
  audit: 'arn:aws:sts::777788889999:assumed-role/Auditor/alice',
  'audit-logs': 'arn:aws:sts::444455556666:assumed-role/LogReader/alice',
  development: 'arn:aws:sts::444455556666:assumed-role/Developer/alice',
  production: 'arn:aws:sts::777788889999:assumed-role/Operator/alice',
};

/** Every secret that any test of this file has seen served. */
const seenSecrets = new Set<string>(['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY']);
/** What every command of this file printed. */
let printed = '';
let demo: Demo;

beforeAll(async () => {
  demo = await startDemo();
}, 120_000);
afterAll(() => demo[Symbol.asyncDispose](), 30_000);

beforeEach(() => {
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', demo.ready.imds);
  vi.stubEnv('AWS_CONFIG_FILE', devNull);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', devNull);
});
afterEach(() => vi.unstubAllEnvs());

/** Runs `latchkey use`, and says what it printed where it failed. */
async function use(profile: string, code = ''): Promise<void> {
  const { status, stdout, stderr } = await latchkey(demo, ['use', profile], code);
  printed += stdout + stderr;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

/** Who the JavaScript SDK is at STS by what the endpoint serves, version 1 of IMDS being off. */
async function arnOfJavaScript(): Promise<string | undefined> {
  const credentials = await fromInstanceMetadata({ ec2MetadataV1Disabled: true })();
  for (const secret of [credentials.secretAccessKey, credentials.sessionToken]) {
    if (secret !== undefined) seenSecrets.add(secret);
  }
  const client = new STSClient({ endpoint: demo.ready.sts, region, credentials, maxAttempts: 1 });
  const { Arn } = await client.send(new GetCallerIdentityCommand());
  client.destroy();
  return Arn;
}

/** What `command` prints in a shell into which the demo's lines were pasted. */
async function inPastedShell(command: string, env = personEnvironment()): Promise<string> {
  const { status, stdout, stderr } = await run('sh', ['-c', `${linesToPaste(demo)}\n${command}`], env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

describe('The demo serves the active role, before and after a switch,', () => {
  test('to the AWS SDK for JavaScript', async () => {
    await use('audit');
    expect(await arnOfJavaScript()).toBe(arns.audit);
    await use('audit-logs');
    expect(await arnOfJavaScript()).toBe(arns['audit-logs']);
  });

  test('to the script that comes with it', async () => {
    await use('audit');
    expect(await inPastedShell('node dist/demo/whoami.js')).toBe(arns.audit);
    await use('audit-logs');
    expect(await inPastedShell('node dist/demo/whoami.js')).toBe(arns['audit-logs']);
  });

  describe('in Python', () => {
    needPython(['boto3', 'awscli']);

    async function arnOfBoto3(): Promise<string> {
      const document = await inPastedShell(`'${python}' test/end-to-end/caller_identity.py`);
      const { arn, secrets } = z
        .object({ arn: z.string(), secrets: z.array(z.string()) })
        .parse(JSON.parse(document));
      for (const secret of secrets) seenSecrets.add(secret);
      return arn;
    }
    const cli = `'${python}' -m awscli sts get-caller-identity --query Arn --output text`;

    test('to boto3', async () => {
      await use('audit');
      expect(await arnOfBoto3()).toBe(arns.audit);
      await use('audit-logs');
      expect(await arnOfBoto3()).toBe(arns['audit-logs']);
    }, 30_000);

    test('to the AWS CLI', async () => {
      await use('audit');
      expect(await inPastedShell(cli)).toBe(arns.audit);
      await use('audit-logs');
      expect(await inPastedShell(cli)).toBe(arns['audit-logs']);
    }, 30_000);

    test('to the AWS CLI of somebody with static keys, a profile and a proxy, which would win otherwise', async () => {
      const home = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
      onTestFinished(() => rm(home, { recursive: true }));
      await mkdir(join(home, '.aws'));
      const keys =
        'aws_access_key_id = AKIAI44QH8DHBEXAMPLE\naws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY\n';
      await writeFile(join(home, '.aws/credentials'), `[default]\n${keys}[work]\n${keys}`);
      const env = {
        ...personEnvironment(),
        HOME: home,
        AWS_PROFILE: 'work',
        AWS_ACCESS_KEY_ID: 'AKIAI44QH8DHBEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY',
        AWS_EC2_METADATA_DISABLED: 'true',
        // Nobody listens there.
        HTTP_PROXY: 'http://127.0.0.1:9',
      };
      await use('audit');
      expect(await inPastedShell(cli, env)).toBe(arns.audit);
      expect(await inPastedShell('node dist/demo/whoami.js', env)).toBe(arns.audit);

      const unpasted = {
        ...env,
        HTTP_PROXY: '',
        AWS_ENDPOINT_URL_STS: demo.ready.sts,
        AWS_DEFAULT_REGION: region,
      };
      const { stderr } = await run('sh', ['-c', cli], unpasted);
      expect(stderr).toContain('InvalidClientTokenId');
    }, 30_000);
  });

  test('and every role whose session is held without another call to STS', async () => {
    await use('audit');
    await use('production');
    const before = await stsCalls(demo);
    await use('audit');
    await use('production');
    expect(await stsCalls(demo)).toEqual(before);
  });
});

test('A role that STS refuses is not used, with the reason, and its endpoint serves nothing', async () => {
  const { status, stdout, stderr } = await latchkey(demo, ['use', 'billing']);
  printed += stdout + stderr;
  expect(status).toBe(1);
  expect(stderr).toContain(
    'not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/Billing',
  );
  await expect(arnOfJavaScript()).rejects.toThrow();
});

describe('A role that needs MFA', () => {
  test('is refused without a code, and served with the one on standard input', async () => {
    const without = await latchkey(demo, ['use', 'development']);
    printed += without.stdout + without.stderr;
    expect(without.status).toBe(1);
    expect(without.stderr).toContain(demo.ready.mfa.serial);
    await expect(arnOfJavaScript()).rejects.toThrow();

    await use('development', `${await mfaCode(demo)}\n`);
    expect(await arnOfJavaScript()).toBe(arns.development);
  }, 30_000);

  test('is served once `latchkey mfa` gives the code that `latchkey use` waits for', async () => {
    await using other = await startDemo();
    const { finished } = startLatchkey(other, ['use', 'development']);
    await vi.waitFor(async () => {
      const { stdout } = await latchkey(other, ['status', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ prompts: [{ serial: other.ready.mfa.serial }] });
    }, 20_000);
    const letters = await latchkey(other, ['mfa', '12345a']);
    expect(letters.status).not.toBe(0);
    expect(letters.stderr).toContain('six digits');
    expect(await latchkey(other, ['mfa', await mfaCode(other)])).toMatchObject({ status: 0 });
    expect(await finished).toMatchObject({ status: 0 });
    expect(await stsCalls(other)).toMatchObject({ GetSessionToken: 1 });
  }, 60_000);
});

describe('The ready file', () => {
  test('is for its user only', async () => {
    expect((await stat(demo.readyFile)).mode & 0o777).toBe(0o600);
  });

  test('names the five roles', () => {
    expect(demo.ready.profiles).toEqual(['audit', 'audit-logs', 'development', 'production', 'billing']);
  });

  test('leads to an interface that answers', async () => {
    const response = await fetch(demo.ready.interface);
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('<!doctype html>'),
    ]);
  });
});

test('No secret is in the data folder or in what was printed, by a search that finds planted ones', async () => {
  // A full run: every role was used by the tests above, or is now.
  await use('audit-logs');
  await arnOfJavaScript();
  expect(seenSecrets.size).toBeGreaterThan(2);
  const secrets = [...seenSecrets];
  const outputs = () => ({ output: demo.output(), printed });

  expect(demo.output()).toContain('MFA code now');
  expect(await search({ folder: demo.ready.home, texts: outputs(), secrets })).toEqual([]);

  const planted = join(demo.ready.home, 'planted');
  await mkdir(planted);
  onTestFinished(() => rm(planted, { recursive: true, force: true }));
  const [first = '', second = ''] = secrets;
  await writeFile(join(planted, 'plain'), `x${first}y`);
  await writeFile(join(planted, 'base64'), Buffer.from(`ab${second}`).toString('base64'));
  await writeFile(join(planted, 'wide'), Buffer.from(first, 'utf16le'));
  printed += `token=${encodeURIComponent(first)}&`;
  const found = await search({ folder: demo.ready.home, texts: outputs(), secrets });
  expect(found.sort()).toEqual(['planted/base64', 'planted/plain', 'planted/wide', 'printed']);
});

describe('The demo ends cleanly, with its app, its folders and its ready file,', () => {
  /** What the demo has in the temporary folder; npm keeps a cache there, too. */
  async function ownFolders({ temporary }: Demo): Promise<string[]> {
    return (await readdir(temporary)).filter((name) => name.startsWith('latchkey'));
  }

  test.each([
    ['on Ctrl-C, which a terminal sends to all of its processes', 'SIGINT', 'all'],
    ['on SIGTERM to npm', 'SIGTERM', 'npm'],
    ['when the app ends by itself', 'SIGTERM', 'app'],
  ] as const)(
    '%s',
    async (_when, signal, to) => {
      await using ending = await startDemo();
      const { pid, imds } = ending.ready;
      expect(await ownFolders(ending)).not.toEqual([]);

      process.kill({ all: -ending.npmPid, npm: ending.npmPid, app: pid }[to], signal);
      await ending.ended;

      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(await ownFolders(ending)).toEqual([]);
      await expect(stat(ending.readyFile)).rejects.toThrow('ENOENT');
      await expect(fetch(imds)).rejects.toThrow();
    },
    30_000,
  );
});
