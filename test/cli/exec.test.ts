import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { approvalRequestSchema } from '../../preload/contract.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { ask } from '../fixtures/endpoint.ts';
import { TypedShell, withShells } from '../fixtures/typed-shell.ts';
import { aliceKeys, aliceSerial } from '../sts/sample-world.ts';
import { buildCommand, hasTerminal, latchkeyLine, run, start, Terminal } from './latchkey.ts';
import { currentCode, startTestBroker, untilPrompted, type TestBroker } from './test-broker.ts';
import { needs } from '../platform/needs.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

const withTerminal = needs(hasTerminal(), 'no Python here, which makes the terminals: install python3');

beforeAll(buildCommand, 240_000);

let own: TestBroker;
let person: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  own = await startTestBroker();
  person = await temporaryHome();
  env = { ...own.env, HOME: person.path };
});
afterEach(async () => {
  await own[Symbol.asyncDispose]();
  await person[Symbol.asyncDispose]();
});

const node = process.execPath;

/** A program that prints its environment's variables of these names. */
function printing(...names: string[]): string[] {
  const program = `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => process.env[name] ?? null)))`;
  return [node, '-e', program];
}

/** A program that asks for credentials as SDKs do, and prints the role, or the status and the reason. */
const roleOf = [
  node,
  '-e',
  `require('node:http').get(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI,
     { headers: { Authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } },
     async (response) => {
       const { RoleArn, message } = JSON.parse((await response.toArray()).join(''));
       console.log(RoleArn ?? response.statusCode + ' ' + message);
     })`,
];

const readerRole = 'arn:aws:iam::444455556666:role/team/Reader';

/** Starts a program that ends with its standard input, by 5; once it runs, with all that is said on standard error. */
async function startLasting(...options: string[]) {
  const program = 'console.log(1); process.stdin.on("end", () => process.exit(5)).resume()';
  const child = start(env, ['exec', 'reader', ...options, '--', node, '-e', program]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
  await once(child.stdout, 'data');
  return { child, said: () => said };
}

describe('latchkey exec', () => {
  test('gives a program the credentials and the region of a profile', async () => {
    expect(await run(env, ['exec', 'reader', '--', ...roleOf])).toEqual({
      status: 0,
      stdout: `${readerRole}\n`,
      stderr: '',
    });
    const variables = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_EC2_METADATA_DISABLED', 'LATCHKEY_PROFILE'];
    const { stdout } = await run(env, ['exec', 'reader', '--', ...printing(...variables)]);
    expect(JSON.parse(stdout)).toEqual(['eu-central-1', 'eu-central-1', 'true', 'reader']);
  });

  test('takes a profile’s whole name only where nobody is told which it is', async () => {
    const { status, stderr } = await run(env, ['exec', 'LONG', '--', ...printing('LATCHKEY_PROFILE')]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        'latchkey: there is no profile "LONG"; is it long-reader? Without a terminal it takes the whole name\n',
    });
  });

  test('serves the profile whichever is active', async () => {
    await own.call('profiles.use', { name: 'long-reader' });
    expect((await run(env, ['exec', 'reader', '--', ...roleOf])).stdout).toBe(`${readerRole}\n`);
  });

  test('ends the token with the program', async () => {
    const names = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'];
    const { stdout } = await run(env, ['exec', 'reader', '--', ...printing(...names)]);
    const [url = '', token = ''] = JSON.parse(stdout) as string[];
    await vi.waitFor(async () => {
      expect((await ask(url, new URL(url).pathname, { Authorization: token })).status).toBe(401);
    });
  });

  test('takes out what would lead the program to other credentials', async () => {
    const others = [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'AWS_PROFILE',
      'AWS_DEFAULT_PROFILE',
      'AWS_ROLE_ARN',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
      'AWS_EC2_METADATA_SERVICE_ENDPOINT',
      'AWS_BEARER_TOKEN_BEDROCK',
    ];
    const set = Object.fromEntries(others.map((name) => [name, 'of the person']));
    const { stdout } = await run({ ...env, ...set }, ['exec', 'reader', '--', ...printing(...others)]);
    expect(JSON.parse(stdout)).toEqual(others.map(() => null));
  });

  test('keeps requests to the endpoint off a proxy, where there is one', async () => {
    const names = ['NO_PROXY', 'no_proxy'];
    const exceptions = async (set: NodeJS.ProcessEnv): Promise<unknown> =>
      JSON.parse((await run({ ...env, ...set }, ['exec', 'reader', '--', ...printing(...names)])).stdout);
    const none = {
      NO_PROXY: undefined,
      no_proxy: undefined,
      HTTP_PROXY: undefined,
      http_proxy: undefined,
      ALL_PROXY: undefined,
      all_proxy: undefined,
    };
    expect(await exceptions(none)).toEqual([null, null]);
    const proxy = { ...none, HTTP_PROXY: 'http://proxy.example:3128' };
    expect(await exceptions(proxy)).toEqual(['127.0.0.1', '127.0.0.1']);
    const some = { ...proxy, no_proxy: '.example' };
    expect(await exceptions(some)).toEqual(['.example,127.0.0.1', '.example,127.0.0.1']);
    expect(await exceptions({ ...proxy, NO_PROXY: '*' })).toEqual(['*', '*']);
  });

  test('leaves standard input and the command line to the program', async () => {
    const program = 'process.stdin.pipe(process.stdout); console.log(JSON.stringify(process.argv.slice(1)))';
    const args = ['exec', 'reader', '--', node, '-e', program, '--', '--help', '', '--env', "it's"];
    expect(await run(env, args, 'input\n')).toEqual({
      status: 0,
      stdout: `["--help","","--env","it's"]\ninput\n`,
      stderr: '',
    });
  });

  test('ends as the program ends', async () => {
    expect((await run(env, ['exec', 'reader', '--', node, '-e', 'process.exit(7)'])).status).toBe(7);
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const child = start(env, [
        'exec',
        'reader',
        '--',
        node,
        '-e',
        `process.kill(process.pid, '${signal}')`,
      ]);
      expect(await once(child, 'exit')).toEqual([null, signal]);
    }
  });

  test('tells by its status of a signal that would leave its own memory in a core file', async () => {
    const child = start(env, ['exec', 'reader', '--', 'sh', '-c', 'ulimit -c 0; kill -ABRT $$']);
    expect(await once(child, 'exit')).toEqual([128 + 6, null]);
  });

  test('ends as a shell does where there is no such program, or it cannot be run', async () => {
    expect(await run(env, ['exec', 'reader', '--', 'no-such-program'])).toEqual({
      status: 127,
      stdout: '',
      stderr: 'latchkey: there is no program "no-such-program"\n',
    });
    const file = join(person.path, 'notes.txt');
    await writeFile(file, '', { mode: 0o644 });
    expect(await run(env, ['exec', 'reader', '--', file])).toEqual({
      status: 126,
      stdout: '',
      stderr: `latchkey: "${file}" cannot be run: it is not executable\n`,
    });
  });

  test('starts nothing where there is no session', async () => {
    const started = join(person.path, 'started');
    const refused = await run(env, ['exec', 'refused', '--', 'touch', started]);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: [^\n]*not authorized[^\n]*\n$/);
    const unknown = await run(env, ['exec', 'nobody', '--', 'touch', started]);
    expect(unknown).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^latchkey: there is no profile "nobody"; there is/) as string,
    });
    await own.call('sessions.lock', {});
    expect((await run(env, ['exec', 'reader', '--', 'touch', started])).stderr).toMatch(/is locked/);
    expect(await readdir(person.path)).not.toContain('started');
  });

  test('says that Latchkey is not running', async () => {
    const elsewhere = { ...env, LATCHKEY_HOME: join(person.path, 'nothing') };
    expect(await run(elsewhere, ['exec', 'reader', '--', 'true'])).toMatchObject({ status: 3, stdout: '' });
  });

  test.each([
    [['exec', 'reader', 'true'], /COMMAND is missing; it goes after --/],
    [['exec', 'reader', '--'], /COMMAND is missing after --/],
    [['exec', '--', 'true'], /PROFILE is missing/],
    [['exec', 'reader', '--duration', '1h', '--', 'true'], /--duration goes with --env/],
    [
      ['exec', 'reader', '--env', '--duration', 'long', '--', 'true'],
      /--duration must be a time such as 90m/,
    ],
  ])('is used wrongly by %j', async (args, reason) => {
    const { status, stderr } = await run(env, args);
    expect(status).toBe(2);
    expect(stderr).toMatch(reason);
  });

  test('waits without a terminal until a code is given elsewhere, and leaves standard input alone', async () => {
    const child = start(env, ['exec', 'guarded', '--', 'cat']);
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (shown += part));
    child.stdin.end('123456\n');
    await untilPrompted(own);
    await own.call('mfa.answer', { serial: aliceSerial, code: currentCode() });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(shown).toBe('123456\n');
  });

  test('leaves the program running where Latchkey ends, and says so once', async () => {
    const { child, said } = await startLasting();
    await own.broker[Symbol.asyncDispose]();
    await vi.waitFor(() => {
      expect(said()).toBe(
        'latchkey: Latchkey has ended; what was started goes on, and gets no new credentials\n',
      );
    });
    child.stdin.end();
    expect(await once(child, 'close')).toEqual([5, null]);
    expect(said().trimEnd()).not.toContain('\n');
  });
});

describe.skipIf(withTerminal.missing)(`latchkey exec on a terminal${withTerminal.note}`, () => {
  test('takes a part of a profile’s name that fits no other, and says which it is', async () => {
    using terminal = new Terminal(env, ['exec', 'LONG', '--', ...printing('LATCHKEY_PROFILE')]);
    await terminal.shows(/^The profile is long-reader\r\n\["long-reader"\]/);
    expect(await terminal.ends()).toBe(0);
  });

  test('asks for the MFA code, and starts the program then', async () => {
    using terminal = new Terminal(env, ['exec', 'guarded', '--', ...roleOf]);
    await terminal.shows(new RegExp(`MFA code for ${aliceSerial}: `));
    terminal.type(`${currentCode()}\n`);
    await terminal.shows(/role\/Guarded/);
    expect(await terminal.ends()).toBe(0);
  });

  test.skipIf(withShells.missing)(
    `asks there also where its streams are a file’s and a pipe’s${withShells.note}`,
    async () => {
      using shell = new TypedShell(env);
      await shell.shows(/[$#] /);
      const file = join(person.path, 'errors');
      shell.type(`echo of the pipe | ${latchkeyLine} exec guarded -- cat 2>${file} | tr a-z A-Z\n`);
      await shell.shows(/MFA code for [^ ]*: /);
      shell.type(`${currentCode()}\n`);
      await shell.shows(/OF THE PIPE/);
    },
  );

  test('starts nothing after Ctrl-C at the question', async () => {
    using terminal = new Terminal(env, ['exec', 'guarded', '--', 'echo', 'started']);
    await terminal.shows(/MFA code for [^ ]*: /);
    terminal.type('\u0003');
    expect(await terminal.ends()).toBe(130);
  });
});

describe('latchkey exec with a protected profile', () => {
  beforeEach(async () => {
    await own.call('profiles.save', {
      profile: {
        name: 'production',
        roleArn: readerRole,
        base: { key: 'work' },
        region: 'eu-central-1',
        protected: true,
      },
    });
  });

  async function requests() {
    const state = (await own.call('state.read', {})) as { status: { approvalRequests: unknown[] } };
    return state.status.approvalRequests.map((request) => approvalRequestSchema.parse(request));
  }

  /** The request that waits, once there is one. */
  async function requestId() {
    return vi.waitFor(async () => {
      const [request] = await requests();
      if (request === undefined) throw new Error('nobody asks yet');
      return request.id;
    }, 10_000);
  }

  async function allowOnce() {
    await own.call('approvals.allow', { id: await requestId(), allowance: 'once' });
  }

  test('starts the program once a person has allowed it, and asks for it once', async () => {
    const finished = run(env, [
      'exec',
      'production',
      '--',
      'sh',
      '-c',
      `for i in 1 2 3; do "$@"; done`,
      'sh',
      ...roleOf,
    ]);
    await allowOnce();
    expect((await finished).stdout).toBe(`${readerRole}\n`.repeat(3));
    expect(await requests()).toEqual([]);
  });

  test('gives a token that does nothing for a program that was not started by it', async () => {
    const names = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'];
    const child = start(env, [
      'exec',
      'production',
      '--',
      'sh',
      '-c',
      '"$@"; cat',
      'sh',
      ...printing(...names),
    ]);
    await allowOnce();
    // While the launch is still open.
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [url = '', token = ''] = JSON.parse(line.toString()) as string[];
    expect((await ask(url, new URL(url).pathname, { Authorization: token })).status).toBe(503);
    expect(await requests()).toHaveLength(1);
    child.stdin.end();
    await once(child, 'exit');
  });

  test('asks anew for the next launch', async () => {
    const first = run(env, ['exec', 'production', '--', ...roleOf]);
    await allowOnce();
    await first;
    const second = start(env, ['exec', 'production', '--', ...roleOf]);
    await vi.waitFor(async () => expect(await requests()).toHaveLength(1), 10_000);
    second.kill();
    await once(second, 'exit');
  });

  test('starts nothing where a person denies it', async () => {
    const finished = run(env, ['exec', 'production', '--', 'echo', 'started']);
    await own.call('approvals.deny', { id: await requestId() });
    const { status, stdout, stderr } = await finished;
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/was denied .* by a person at the window/);
  });
});

describe('latchkey exec --env', () => {
  const plain = [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_CREDENTIAL_EXPIRATION',
  ];

  test('gives the credentials in plain variables, and no way to others', async () => {
    const names = [...plain, 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_PROFILE'];
    const { stdout, stderr } = await run({ ...env, AWS_PROFILE: 'x' }, [
      'exec',
      'reader',
      '--env',
      '--',
      ...printing(...names),
    ]);
    expect(stderr).toBe('');
    const [id, secret, token, expiration, uri, profile] = JSON.parse(stdout) as (string | null)[];
    expect([id, secret, token, uri, profile]).toEqual([
      expect.stringMatching(/^ASIA/),
      expect.stringMatching(/./),
      expect.stringMatching(/./),
      null,
      null,
    ]);
    expect(Date.parse(expiration ?? '')).toBeGreaterThan(Date.now());
  });

  test('is refused for longer than the session has left', async () => {
    const { status, stdout, stderr } = await run(env, [
      'exec',
      'reader',
      '--env',
      '--duration',
      '2h',
      '--',
      'echo',
      'started',
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^latchkey: the session of reader ends at \d\d:\d\d, in 59 min: that is less than --duration 2 h; [^\n]*\n$/,
    );
    expect(await run(env, ['exec', 'reader', '--env', '--duration', '30m', '--', 'true'])).toMatchObject({
      status: 0,
    });
  });

  test('says nothing where Latchkey ends', async () => {
    const { child, said } = await startLasting('--env');
    await own.broker[Symbol.asyncDispose]();
    child.stdin.end();
    expect(await once(child, 'close')).toEqual([5, null]);
    expect(said()).toBe('');
  });
});

describe('the private copies of a person’s files', () => {
  const files = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'BOTO_CONFIG'];
  const showFiles = [
    node,
    '-e',
    `const { readFileSync, statSync } = require('node:fs');
     const show = (file) => file === undefined ? null : { file, text: readFileSync(file, 'utf8'), mode: statSync(file).mode & 0o777, folder: statSync(require('node:path').dirname(file)).mode & 0o777 };
     console.log(JSON.stringify(${JSON.stringify(files)}.map((name) => show(process.env[name]) ?? null)));`,
  ];

  interface Shown {
    file: string;
    text: string;
    mode: number;
    folder: number;
  }

  async function write(name: string, text: string): Promise<void> {
    await mkdir(join(person.path, '.aws'), { recursive: true });
    await writeFile(join(person.path, '.aws', name), text);
  }

  async function shown(set: NodeJS.ProcessEnv = {}): Promise<(Shown | null)[]> {
    const { stdout, stderr } = await run({ ...env, ...set }, ['exec', 'reader', '--', ...showFiles]);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as (Shown | null)[];
  }

  const keys = `aws_access_key_id = ${aliceKeys.accessKeyId}\naws_secret_access_key = ${aliceKeys.secretAccessKey}\n`;

  test('are made of those that hold credentials, readable to their owner only, and removed afterwards', async () => {
    await write('config', '[default]\nregion = eu-west-1\noutput = table\n');
    await write('credentials', `[default]\n${keys}retry_mode = adaptive\n`);
    const [config, credentials] = await shown();
    expect(config).toBeNull();
    expect(credentials).toMatchObject({
      text: '[default]\nretry_mode = adaptive\n',
      mode: 0o600,
      folder: 0o700,
    });
    expect(await leftovers()).toEqual([]);
  });

  test('are made of the files that the person’s variables name', async () => {
    const config = join(person.path, 'other-config');
    await writeFile(
      config,
      '[default]\nrole_arn = arn:aws:iam::111122223333:role/Other\nregion = eu-west-1\n',
    );
    expect(await shown({ AWS_CONFIG_FILE: config })).toMatchObject([
      { text: '[default]\nregion = eu-west-1\n' },
      null,
      null,
    ]);
  });

  test.each(['$HOME/other', '${HOME}/other', '~/other'])(
    'are made also of a file that botocore finds behind %s',
    async (path) => {
      await writeFile(join(person.path, 'other'), `[default]\n${keys}region = eu-west-1\n`);
      expect((await shown({ AWS_SHARED_CREDENTIALS_FILE: path }))[1]).toMatchObject({
        text: '[default]\nregion = eu-west-1\n',
      });
    },
  );

  test('are made of boto 2’s, which botocore asks before the endpoint', async () => {
    await writeFile(join(person.path, '.boto'), `[Credentials]\n${keys}[Boto]\nproxy = localhost\n`);
    expect((await shown())[2]).toMatchObject({ text: '[Credentials]\n[Boto]\nproxy = localhost\n' });
    const other = join(person.path, 'other-boto');
    await writeFile(other, `[Credentials]\n${keys}gs_host = x\n`);
    expect((await shown({ BOTO_CONFIG: other }))[2]).toMatchObject({ text: '[Credentials]\ngs_host = x\n' });
  });

  test('are removed also where the program is ended by a signal', async () => {
    await write('credentials', `[default]\n${keys}`);
    const child = start(env, [
      'exec',
      'reader',
      '--',
      node,
      '-e',
      'console.log(1); setInterval(() => {}, 1000)',
    ]);
    await once(child.stdout, 'data');
    expect(await leftovers()).toHaveLength(1);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
    expect(await leftovers()).toEqual([]);
  });

  test('of a launch that was killed are removed by the next, and those of one that runs are not', async () => {
    await write('credentials', `[default]\n${keys}`);
    const waiting = ['exec', 'reader', '--', node, '-e', 'console.log(process.pid); process.stdin.resume()'];
    const [killed, running] = [start(env, waiting), start(env, waiting)];
    await Promise.all([once(killed.stdout, 'data'), once(running.stdout, 'data')]);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(await leftovers()).toHaveLength(2);
    const [name = ''] = (await leftovers()).filter((folder) => folder.includes(`-${killed.pid ?? 0}-`));
    // Of a container that shares the folder: which of its processes run cannot be told from here.
    const elsewhere = name.replace(/^launch-\d+/, 'launch-1');
    await mkdir(join(own.broker.home, 'run/latchkey', elsewhere));
    await shown();
    expect((await leftovers()).toSorted()).toEqual([
      elsewhere,
      expect.stringMatching(new RegExp(`^launch-\\d+-${running.pid ?? 0}-`)),
    ]);
    killed.stdin.end();
    running.stdin.end();
    await once(running, 'exit');
  });

  async function leftovers(): Promise<string[]> {
    const names = await readdir(join(own.broker.home, 'run/latchkey'));
    return names.filter((name) => name.startsWith('launch-'));
  }
});
