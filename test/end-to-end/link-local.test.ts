import { once } from 'node:events';
import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { Resources } from '../../main/resources.ts';
import { buildStale, root } from '../../scripts/build.mjs';
import { temporaryHome } from '../fixtures/core.ts';
import {
  networkNamespace,
  ownNetwork,
  type Finished,
  type NetworkNamespace,
} from '../platform/network-namespace.ts';
import { needPython } from '../sts/python.ts';
import { personEnvironment, python } from './run-demo.ts';

const uid = 54321;
const anotherUid = 54322;
const port = 9254;
const arn = 'arn:aws:sts::777788889999:assumed-role/Auditor/alice';

/** `npm run demo` without its build, which only who owns the project's folder can do. */
const demoProgram = `
import { passSignals, startApp } from ${JSON.stringify(join(root, 'scripts/launch.mjs'))};
import { runDemo } from ${JSON.stringify(join(root, 'dist/demo/demo.js'))};
const onStarted = (app) => passSignals(app.end);
await runDemo({ headless: true, port: '${port}', readyFile: process.argv[1], startApp, onStarted });
`;

/** The demo's broker and STS, run by a user who is not root, in a network of their own. */
describe.skipIf(ownNetwork.missing)(`the address of the real metadata service${ownNetwork.note}`, () => {
  const opened = new Resources();
  let machine: NetworkNamespace;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    await buildStale();
    const { path: folder } = opened.use(await temporaryHome());
    await chmod(folder, 0o711);
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    await chown(temporary, uid, uid);
    machine = opened.use(await networkNamespace());
    const readyFile = join(temporary, 'ready.json');
    env = { ...personEnvironment(), HOME: temporary, TMPDIR: temporary, XDG_RUNTIME_DIR: undefined };
    const demo = machine.start([process.execPath, '--input-type=module', '-e', demoProgram, readyFile], {
      uid,
      env,
    });
    let output = '';
    for (const stream of [demo.stdout, demo.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (output += part));
    // Not by the end of nsenter, which starts it: the demo removes its folder when it is told to end.
    opened.use({
      [Symbol.asyncDispose]: async () => {
        if (demo.exitCode !== null) return;
        demo.kill('SIGINT');
        await once(demo, 'close');
      },
    });
    const ready = await untilThere(readyFile, () => {
      if (demo.exitCode !== null) throw new Error(`The demo ended before it was ready:\n${output}`);
    });
    const { sts, home } = z.parse(z.object({ sts: z.string(), home: z.string() }), JSON.parse(ready));
    env = {
      ...env,
      LATCHKEY_HOME: home,
      AWS_ENDPOINT_URL_STS: sts,
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
    };
    await machine.sh((await latchkey('endpoint', 'link-local')).stdout);
  }, 120_000);
  afterAll(() => opened[Symbol.asyncDispose](), 30_000);

  function latchkey(...args: string[]): Promise<Finished> {
    return machine.run([process.execPath, join(root, 'dist/command/latchkey.cjs'), ...args], { uid, env });
  }

  /** Asks for a token as somebody. The status is HTTP's; curl's is 7 where the connection is refused. */
  async function askForToken(asker: number, url: string, ...more: string[]): Promise<Finished> {
    const header = 'X-aws-ec2-metadata-token-ttl-seconds: 60';
    const output = ['--silent', '--output', devNull, '--write-out', '%{http_code}'];
    return machine.run(
      ['curl', '--max-time', '3', ...output, '--request', 'PUT', '--header', header, ...more, url],
      { uid: asker, env },
    );
  }

  test('gives credentials to the JavaScript SDK, which knows of no endpoint', async () => {
    const { stdout, stderr } = await machine.run([process.execPath, join(root, 'dist/demo/whoami.js')], {
      uid,
      env,
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(arn);
  });

  test('is not there for another user, who hears so at once', async () => {
    expect(await askForToken(uid, 'http://169.254.169.254/latest/api/token')).toMatchObject({
      status: 0,
      stdout: '200',
    });
    expect(await askForToken(anotherUid, 'http://169.254.169.254/latest/api/token')).toMatchObject({
      status: 7,
      stdout: '000',
    });
    expect(await askForToken(0, 'http://169.254.169.254/latest/api/token')).toMatchObject({
      status: 7,
      stdout: '000',
    });
  });

  test('is a Host that is answered only until it is removed', async () => {
    const ask = async () =>
      (
        await askForToken(
          uid,
          `http://127.0.0.1:${port}/latest/api/token`,
          '--header',
          'Host: 169.254.169.254',
        )
      ).stdout;
    expect(await ask()).toBe('200');
    await machine.sh((await latchkey('endpoint', 'link-local', '--remove')).stdout);
    await vi.waitFor(async () => expect(await ask()).toBe('400'), 10_000);
    await machine.sh((await latchkey('endpoint', 'link-local')).stdout);
    await vi.waitFor(async () => expect(await ask()).toBe('200'), 10_000);
  });

  describe('for a Python program', () => {
    needPython(['boto3']);

    test('gives credentials to boto3, which knows of no endpoint', async () => {
      const script = join(import.meta.dirname, 'caller_identity.py');
      const { stdout, stderr } = await machine.run([python, script], { uid, env, readsAllFiles: true });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ arn });
    });
  });

  // The last one: it locks.
  test('does not hide which program asked', async () => {
    expect((await latchkey('lock')).stdout).toContain('whoami.js');
  });
});

async function untilThere(file: string, check: () => void): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
    check();
    await delay(50);
  }
}
