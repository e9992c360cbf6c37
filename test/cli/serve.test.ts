import { execFileSync, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { brokerOf } from '../../main/control/client.ts';
import { emptyConfiguration } from '../../main/configuration/configuration.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import { Resources } from '../../main/resources.ts';
import { root } from '../../scripts/build.mjs';
import { rawRequest } from '../control/raw-request.ts';
import { buildCommand, run, start } from './latchkey.ts';

interface ReadyDocument {
  readonly imds: string;
  readonly interface: string;
  readonly home: string;
  readonly pid: number;
}

let opened: Resources;
let home: string;
let env: NodeJS.ProcessEnv;
let readyFile: string;

beforeAll(buildCommand, 120_000);
beforeEach(async () => {
  opened = new Resources();
  home = await mkdtemp(join(tmpdir(), 'latchkey-serve-'));
  opened.use({ [Symbol.asyncDispose]: () => rm(home, { recursive: true }) });
  env = { ...process.env, LATCHKEY_HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
  readyFile = join(home, 'ready.json');
});
afterEach(() => opened[Symbol.asyncDispose]());

function serve(args: readonly string[] = []): ChildProcessWithoutNullStreams {
  const child = start(env, ['serve', '--port', '0', '--secrets', 'memory', ...args]);
  opened.use({
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  });
  return child;
}

/** Starts a broker and waits for what it prints last. */
async function served(
  args: readonly string[] = [],
): Promise<{ child: ChildProcessWithoutNullStreams; printed: string }> {
  const child = serve(args);
  const stderr = text(child.stderr);
  const failed = once(child, 'close').then(async () => {
    throw new Error(`latchkey serve ended: ${await stderr}`);
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (printed += part));
  while (!printed.includes('gone when this ends')) await Promise.race([once(child.stdout, 'data'), failed]);
  failed.catch(() => undefined);
  return { child, printed };
}

async function readReady(): Promise<ReadyDocument> {
  return JSON.parse(await readFile(readyFile, 'utf8')) as ReadyDocument;
}

describe('latchkey serve', { timeout: 30_000 }, () => {
  test('says what it serves, with the line for the shell, and serves it', async () => {
    const { printed } = await served();
    const [, url = ''] =
      /export AWS_EC2_METADATA_SERVICE_ENDPOINT=(http:\/\/127\.0\.0\.1:\d+\/)\n/.exec(printed) ?? [];
    const token = await rawRequest({
      ...hostOf(url),
      method: 'PUT',
      path: '/latest/api/token',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    expect(token.status).toBe(200);
    const [, link = ''] = /^ {2}(http:\/\/127\.0\.0\.1:\d+\/#key=[\w-]{43})$/m.exec(printed) ?? [];
    const page = await rawRequest({ ...hostOf(link), path: '/' });
    expect(page).toMatchObject({ status: 200 });
    expect(page.body).toMatch(/<title>/i);
    expect(await exchange(link)).toBe(200);
    expect((await run(env, ['status'])).stdout).toContain(url);
  });

  test('writes the ready file for scripts, private, with a link of its own', async () => {
    const { child, printed } = await served(['--ready-file', readyFile]);
    expect((await stat(readyFile)).mode & 0o777).toBe(0o600);
    const ready = await readReady();
    expect(ready).toEqual({
      imds: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) as string,
      interface: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#key=[\w-]{43}$/) as string,
      home,
      pid: child.pid,
    });
    expect(printed).not.toContain(ready.interface);
    expect(await exchange(ready.interface)).toBe(200);
  });

  test('gives whoever started it a new link each time', async () => {
    await served();
    const [one, other] = [await newLink(), await newLink()];
    expect(one).not.toBe(other);
    expect(await exchange(one)).toBe(200);
    expect(await exchange(other)).toBe(200);
    expect(await exchange(other)).toBe(401);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends cleanly on %s', async (signal) => {
    const { child } = await served(['--ready-file', readyFile]);
    const { imds } = await readReady();
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(existsSync(readyFile)).toBe(false);
    expect(await run(env, ['status'])).toMatchObject({ status: 3 });
    await expect(rawRequest({ ...hostOf(imds), path: '/' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('goes on when nobody reads what it prints', async () => {
    const child = serve();
    const stderr = text(child.stderr);
    child.stdout.destroy();
    // All but the last lines is printed when there is a link.
    while ((await newLink().catch(() => '')) === '') expect(child.exitCode).toBe(null);
    expect(await run(env, ['status'])).toMatchObject({ status: 0 });
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await stderr).toBe('');
  });

  test('is had again after a broker that was killed', async () => {
    const { child } = await served();
    child.kill('SIGKILL');
    await once(child, 'close');
    await served();
    expect(await run(env, ['status'])).toMatchObject({ status: 0 });
  });

  test('starts once, however many start at once beside a dead one', async () => {
    const { child } = await served();
    child.kill('SIGKILL');
    await once(child, 'close');
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => outcomeOf(serve())));
    const refusal = {
      status: 1,
      stderr: expect.stringMatching(
        /^latchkey: Latchkey [^\n]*is already running with this data folder[^\n]*\n$/,
      ) as string,
    };
    expect(outcomes.filter((outcome) => outcome === 'serves')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome !== 'serves')).toEqual([refusal, refusal, refusal]);
    expect(await run(env, ['status'])).toMatchObject({ status: 0 });
  });

  test('says in one line why it cannot start', async () => {
    await writeFile(join(home, 'config.json'), '{ "version": 1, ');
    const unreadable = await run(env, ['serve', '--port', '0', '--secrets', 'memory']);
    expect(unreadable).toMatchObject({ status: 1, stdout: '' });
    expect(unreadable.stderr).toMatch(/^latchkey: [^\n]*config\.json[^\n]*\n$/);
    await rm(join(home, 'config.json'));

    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bound = other.address();
    const port = typeof bound === 'object' && bound ? String(bound.port) : '';
    const taken = await run(env, ['serve', '--port', port, '--secrets', 'memory']);
    expect(taken).toMatchObject({ status: 1, stdout: '' });
    expect(taken.stderr).toMatch(new RegExp(`^latchkey: Port ${port}[^\\n]*--port[^\\n]*\\n$`));
    other.close();

    expect(await run(env, ['status'])).toMatchObject({ status: 3 });
  });

  /** A start that goes on once the configuration is written into the handle: it is a named pipe. */
  async function heldStart(): Promise<{ child: ChildProcessWithoutNullStreams; configuration: FileHandle }> {
    const pipe = join(home, 'config.json');
    execFileSync('mkfifo', [pipe]);
    const child = serve();
    const configuration = await open(pipe, 'w');
    opened.use({ [Symbol.asyncDispose]: () => configuration.close() });
    return { child, configuration };
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends on %s while it is still starting',
    async (signal) => {
      const { child } = await heldStart();
      child.kill(signal);
      expect(await once(child, 'close')).toEqual([null, signal]);
    },
  );

  test('leaves nothing behind where a signal comes when a part is served', async () => {
    const { child, configuration } = await heldStart();
    const ended = once(child, 'close');
    await configuration.writeFile(JSON.stringify(emptyConfiguration));
    await configuration.close();
    const socket = controlAddress(home, env);
    while (!existsSync(socket)) {
      expect(child.exitCode).toBe(null);
      await setImmediate();
    }
    child.kill('SIGTERM');
    await ended;
    expect(existsSync(socket)).toBe(false);
  });
});

describe('dist/main/headless.js', () => {
  const headless = join(root, 'dist/main/headless.js');

  test.each([
    [['--help'], 'Latchkey cannot start: there is no option --help; there is --port'],
    [['--port', '-1'], 'Latchkey cannot start: --port must be a number from 0'],
  ])('refuses a wrong command line in one line, with status 2: %j', (args, reason) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [headless, ...args], {
      env,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });

  test('ends with status 1 where it cannot start for another reason', async () => {
    await writeFile(join(home, 'config.json'), '{ "version": 1, ');
    const { status, stderr } = spawnSync(process.execPath, [headless, '--port', '0', '--secrets', 'memory'], {
      env,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('config.json');
  });
});

/** Whether a broker serves, or how it ended. */
async function outcomeOf(
  child: ChildProcessWithoutNullStreams,
): Promise<'serves' | { status: unknown; stderr: string }> {
  const stderr = text(child.stderr);
  const closed = once(child, 'close');
  const hasPrinted = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    closed.then(() => false),
  ]);
  if (hasPrinted) return 'serves';
  const [status] = (await closed) as [unknown];
  return { status, stderr: await stderr };
}

function hostOf(url: string): { hostname: string; port: string } {
  const { hostname, port } = new URL(url);
  return { hostname, port };
}

/** As this process asks for it, which started the broker: no command has to confirm that it is a person. */
async function newLink(): Promise<string> {
  const answer = await brokerOf(home).call('interface.open', {});
  if ('problem' in answer) throw new Error(answer.problem.message);
  return answer.value.link ?? '';
}

/** The status that a link's exchange is answered with. */
async function exchange(link: string): Promise<number | undefined> {
  const { origin, hash } = new URL(link);
  const { status } = await rawRequest(
    {
      ...hostOf(link),
      method: 'POST',
      path: '/exchange',
      headers: { origin, 'content-type': 'application/json' },
    },
    JSON.stringify({ secret: hash.replace('#key=', '') }),
  );
  return status;
}
