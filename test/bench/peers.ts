/**
 * The endpoint beside another broker's, and a bare server, under `wrk` (https://github.com/wg/wrk): a load generator that
 * is not ours, and takes less of the machine than one in Node. What is not installed is named and left out.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { temporaryHome } from '../fixtures/core.ts';
import { ask, credentialsPath, tokenHeader, tokenOf } from '../fixtures/endpoint.ts';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import { aliceKeys, sampleWorld } from '../sts/sample-world.ts';
import { median, started } from './endpoint.ts';
import type { ServerName } from './servers.ts';

const rounds = 5;
const secondsEach = 2;
const clients = 32;

interface Contestant {
  readonly name: string;
  readonly url: string;
  readonly headers: readonly string[];
}

/** @param fork starts one of our servers in a process of its own */
export async function compareWithPeers(
  fork: (name: ServerName, env: NodeJS.ProcessEnv) => ChildProcess,
): Promise<void> {
  const wrk = programOnPath('wrk');
  if (wrk === undefined) {
    console.log('Beside other brokers: left out, since wrk is not installed.');
    return;
  }
  await using sts = await startEmbeddedSts(sampleWorld);
  const env = { ...process.env, AWS_ENDPOINT_URL_STS: sts.url };
  await using latchkey = await started(fork('latchkey', env));
  await using bare = await started(fork('bare', env));
  const contestants: Contestant[] = [
    await contestant('Latchkey', `http://127.0.0.1:${latchkey.port}/`),
    { name: 'bare `node:http`', url: `http://127.0.0.1:${bare.port}/`, headers: [] },
  ];
  await using peer = await startImdsBroker(sts.url);
  if (peer === undefined) console.log('imds-broker is left out, since it is not on the path.');
  else contestants.push(await contestant('imds-broker (`@jamestelfer/imds-broker`, Go)', peer.url));

  const rates = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const { name, url, headers } of contestants) {
      const rate = await rateUnderWrk(wrk, url, headers);
      if (round > 0) rates.get(name)?.push(rate); // the first one warms up
    }
  console.log(
    `\nGET of credentials by wrk, one thread, ${clients} kept-alive connections, medians of ${rounds} rounds in turn:\n`,
  );
  console.log('| server | requests/s | of bare |');
  console.log('| --- | --- | --- |');
  const bareRate = median(rates.get('bare `node:http`') ?? []);
  for (const [name, measured] of rates)
    console.log(`| ${name} | ${median(measured).toFixed(0)} | ${(median(measured) / bareRate).toFixed(2)} |`);
}

/** Where its credentials are, by the role that it lists, with a token for them. */
async function contestant(name: string, base: string): Promise<Contestant> {
  const headers = { [tokenHeader]: await tokenOf(base) };
  const role = (await ask(base, credentialsPath, headers)).body.trim();
  return {
    name,
    url: `${base.slice(0, -1)}${credentialsPath}${role}`,
    headers: Object.entries(headers).map(([header, value]) => `${header}: ${value}`),
  };
}

async function rateUnderWrk(wrk: string, url: string, headers: readonly string[]): Promise<number> {
  const options = [
    '-t1',
    `-c${clients}`,
    `-d${secondsEach}s`,
    ...headers.flatMap((header) => ['-H', header]),
  ];
  const { stdout } = await promisify(execFile)(wrk, [...options, url]);
  if (/Non-2xx/.test(stdout)) throw new Error(`${url} refused: ${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}

/** imds-broker on the embedded STS, with the same role; undefined where it is not installed. */
async function startImdsBroker(
  stsUrl: string,
): Promise<(AsyncDisposable & { readonly url: string }) | undefined> {
  const program = programOnPath('imds-broker');
  if (program === undefined) return undefined;
  const home = await temporaryHome();
  const file = join(home.path, 'config');
  await writeFile(
    file,
    `[profile alice]
aws_access_key_id = ${aliceKeys.accessKeyId}
aws_secret_access_key = ${aliceKeys.secretAccessKey}
[profile reader]
role_arn = arn:aws:iam::444455556666:role/team/Reader
source_profile = alice
region = eu-central-1
`,
  );
  const child = spawn(program, ['serve', '--profile', 'reader'], {
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      AWS_CONFIG_FILE: file,
      AWS_SHARED_CREDENTIALS_FILE: join(home.path, 'none'),
      AWS_ENDPOINT_URL_STS: stsUrl,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    }
    await home[Symbol.asyncDispose]();
  };
  for await (const line of createInterface({ input: child.stderr })) {
    // It listens on all addresses, and says so: `url=http://[::]:PORT`.
    const port = /url=http:\S+:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    // What it goes on to say must not fill the pipe.
    child.stderr.resume();
    return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error('imds-broker did not start');
}

function programOnPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
