/** What the thread that talks to STS does to the process that has it, and what comes out of it where something goes wrong. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../main/failure.ts';
import { Resources } from '../../main/resources.ts';
import { Secret } from '../../main/secret.ts';
import { bareFailure, failureOf, type Answer } from '../../main/sts/sts-messages.ts';
import { StsThread } from '../../main/sts/sts-thread.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { aliceKeys } from './sample-world.ts';

const alice = {
  accessKeyId: aliceKeys.accessKeyId,
  secretAccessKey: new Secret(aliceKeys.secretAccessKey),
};
const ask = (sts: StsThread) => sts.getCallerIdentity(alice, 'us-east-1');

let opened: Resources;
/** The code of the thread: in the place of ours, which does at a test's word nothing but talk to STS. */
let file: string;

beforeEach(async () => {
  opened = new Resources();
  file = join(opened.use(await temporaryHome()).path, 'worker.mjs');
});
afterEach(() => opened[Symbol.asyncDispose]());

/** Has the next thread do this with each question. */
function nextThread(answer: string): void {
  const imports = `import { parentPort } from 'node:worker_threads'; import { createServer } from 'node:net';`;
  writeFileSync(file, `${imports}\nparentPort.on('message', ({ id }) => { ${answer} });`);
}

const program = new URL('./sts-thread-child.ts', import.meta.url);
/** What Node is given to run it from its sources, and its threads. */
const withTypeScript = [
  '--import',
  `data:text/javascript,import { register } from 'node:module'; register('${new URL('../typescript-loader.mjs', import.meta.url).href}');`,
];

const threadOf = () => opened.use(new StsThread(pathToFileURL(file)));

describe('the thread that talks to STS', () => {
  it('keeps its process from ending while somebody waits, and not longer', async () => {
    nextThread(`setTimeout(() => parentPort.postMessage({ id, outcome: { identity: 'there' } }), 200);`);
    const child = spawn(
      process.execPath,
      [...withTypeScript, fileURLToPath(program), pathToFileURL(file).href],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 15_000,
      },
    );
    const ended = once(child, 'close');
    expect(await text(child.stdout)).toBe('there\nthere\n');
    expect(await ended).toEqual([0, null]);
  });

  it('tells those who wait when its code throws, and its end is not taken for that of the next one', async () => {
    const sts = threadOf();
    nextThread(`throw new Error('a fault');`);
    await expect(ask(sts)).rejects.toMatchObject({ code: 'Unreachable', message: /has ended/ });
    nextThread(`parentPort.postMessage({ id, outcome: { identity: 'there' } });`);
    expect(await ask(sts)).toBe('there');
  });

  it('ends with its owner', async () => {
    const sts = threadOf();
    nextThread(`const server = createServer().listen(0, '127.0.0.1', () =>
      parentPort.postMessage({ id, outcome: { identity: server.address().port } }));`);
    const port = Number(await ask(sts));
    expect(await isListening(port)).toBe(true);
    sts[Symbol.dispose]();
    await vi.waitFor(async () => expect(await isListening(port)).toBe(false));
  });

  it('says where it answers something else than was asked for', async () => {
    const sts = threadOf();
    nextThread(`parentPort.postMessage({ id, outcome: { session: {} } });`);
    await expect(ask(sts)).rejects.toMatchObject({ code: 'Internal' });
  });
});

describe('what comes out of the thread', () => {
  it('tells of an unforeseen fault no more than that there was one', async () => {
    const worker = new Worker(new URL('../../main/sts/sts-worker.js', import.meta.url));
    opened.use({ [Symbol.asyncDispose]: () => worker.terminate().then(() => undefined) });
    // A question as no broker asks it.
    const credentials = { accessKeyId: alice.accessKeyId, secretAccessKey: aliceKeys.secretAccessKey };
    worker.postMessage({ id: 1, credentials, call: { operation: 'assumeRole', input: null } });
    const [answer] = (await once(worker, 'message')) as [Answer];
    expect(answer).toEqual({
      id: 1,
      outcome: {
        failure: {
          code: 'Internal',
          message: 'An unexpected fault',
          awsCode: undefined,
          requestId: undefined,
        },
      },
    });
  });

  it('has AWS’s words and request ID of a failure, and not what it came from', () => {
    const details = { awsCode: 'AccessDenied', requestId: 'request-1' };
    const cause = new Error(`sent with ${aliceKeys.secretAccessKey}`);
    const bare = bareFailure(new Failure('Refused', 'STS refused', { ...details, cause }));
    expect(JSON.stringify(bare)).not.toContain(aliceKeys.secretAccessKey);
    expect(bare).toEqual({ code: 'Refused', message: 'STS refused', ...details });
    expect(failureOf(bare)).toMatchObject({ code: 'Refused', message: 'STS refused', ...details });
    expect(failureOf(bare).cause).toBeUndefined();
  });
});

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
