/**
 * What a request for credentials costs beside a bare `node:http` server with one fixed answer. Machines differ and
 * drift, so only the ratio of two measurements made in turn is told, the median of all rounds.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startEmbeddedSts } from '../sts/embedded-sts.ts';
import { sampleWorld } from '../sts/sample-world.ts';
import { credentialsPath, tokenOf, tokenHeader } from '../fixtures/endpoint.ts';
import { measure, type Load, type Measured } from './load.ts';
import type { ServerName } from './servers.ts';

const rounds = 7;
const durationMs = 1_500;
const loads = [32, 500].flatMap((clients) =>
  [false, true].map((connectEachTime) => ({ clients, connectEachTime })),
);

/** @param fork starts one of the servers in a process of its own */
export async function compareEndpoint(
  fork: (name: ServerName, env: NodeJS.ProcessEnv) => ChildProcess,
): Promise<void> {
  await using sts = await startEmbeddedSts(sampleWorld);
  const env = { ...process.env, AWS_ENDPOINT_URL_STS: sts.url };
  await using latchkey = await started(fork('latchkey', env));
  await using bare = await started(fork('bare', env));
  const token = await tokenOf(`http://127.0.0.1:${latchkey.port}/`);
  console.log(`Medians of ${rounds} rounds in turn, 10,000 profiles, Node ${process.version}.\n`);
  console.log('| GET of credentials | rate, of bare | p99, of bare | requests/s here | bare here |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const { clients, connectEachTime } of loads) {
    const load = (port: number): Load => ({
      port,
      request: `GET ${credentialsPath}reader HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\n${tokenHeader}: ${token}\r\n\r\n`,
      clients,
      durationMs,
      connectEachTime,
    });
    const pairs: { ours: Measured; bare: Measured }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const pair = { ours: await measure(load(latchkey.port)), bare: await measure(load(bare.port)) };
      if (round > 0) pairs.push(pair); // the first one warms up
    }
    console.log(
      `| ${[
        `${clients} clients, ${connectEachTime ? 'a new connection for each' : 'kept-alive connections'}`,
        median(pairs.map((pair) => pair.ours.requestsPerSecond / pair.bare.requestsPerSecond)).toFixed(2),
        median(pairs.map((pair) => pair.ours.p99Ms / pair.bare.p99Ms)).toFixed(2),
        median(pairs.map((pair) => pair.ours.requestsPerSecond)).toFixed(0),
        median(pairs.map((pair) => pair.bare.requestsPerSecond)).toFixed(0),
      ].join(' | ')} |`,
    );
  }
}

/** A server's process, once it has told its port. */
export async function started(server: ChildProcess): Promise<AsyncDisposable & { readonly port: number }> {
  const [port]: unknown[] = await Promise.race([
    once(server, 'message'),
    once(server, 'exit').then(() => []),
  ]);
  if (typeof port !== 'number') throw new Error('a server did not start');
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
