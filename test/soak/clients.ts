/** Programs that read credentials from an endpoint, over and over, and try them now and then. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { credentialsPath, tokenHeader, ttlHeader } from '../fixtures/endpoint.ts';
import { stsClient } from '../sts/sample-world.ts';

/** What all clients together have seen. */
export interface Tally {
  reads: number;
  /** How many sessions were tried at STS. */
  tried: number;
  /** Why reads or trials failed. */
  readonly failures: string[];
}

export interface ClientOptions {
  readonly url: string;
  /** What the endpoint is to list, and STS to have in the session's ARN. */
  readonly profile: string;
  /** Whether it keeps its connection and its token, as a service does, or has new ones for each read, as a command. */
  readonly keepsAlive: boolean;
  readonly stsUrl: string;
  /** By `performance.now()`. */
  readonly untilMs: number;
  readonly tally: Tally;
}

const documentSchema = z.object({
  Code: z.literal('Success'),
  AccessKeyId: z.string().check(z.minLength(1)),
  SecretAccessKey: z.string().check(z.minLength(1)),
  Token: z.string().check(z.minLength(1)),
  Expiration: z.string(),
});
type Document = z.output<typeof documentSchema>;

/** Short, so that tokens end and are fetched again. */
const tokenLifeSeconds = 20;
const readsForEachTrial = 20;

/** Reads about every second until its time is over. Nothing is tried twice: a read that is not answered has failed. */
export async function runClient(options: ClientOptions): Promise<void> {
  const { keepsAlive, profile, untilMs, tally } = options;
  const agent = new Agent({ keepAlive: keepsAlive, maxSockets: 1 });
  let token = '';
  let tokenUntilMs = 0;
  await delay(Math.random() * 1000);
  for (let number = Math.floor(Math.random() * readsForEachTrial); performance.now() < untilMs; number++) {
    try {
      if (!keepsAlive || performance.now() > tokenUntilMs) {
        tokenUntilMs = performance.now() + (tokenLifeSeconds - 2) * 1000;
        const ttl = { [ttlHeader]: String(tokenLifeSeconds) };
        token = await ask(options.url, agent, '/latest/api/token', ttl, 'PUT');
      }
      const document = await read(options, agent, token);
      tally.reads += 1;
      if (number % readsForEachTrial === 0) {
        await tryOut(options, document);
        tally.tried += 1;
      }
    } catch (error) {
      tally.failures.push(`${profile}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await delay(Math.min(500 + Math.random() * 1000, Math.max(0, untilMs - performance.now())));
  }
  agent.destroy();
}

async function read({ url, profile }: ClientOptions, agent: Agent, token: string): Promise<Document> {
  const listed = await ask(url, agent, credentialsPath, { [tokenHeader]: token });
  if (listed !== profile) throw new Error(`the listing was ${listed}`);
  const body = await ask(url, agent, credentialsPath + listed, { [tokenHeader]: token });
  const document = documentSchema.safeParse(JSON.parse(body));
  if (!document.success) throw new Error('the document has no credentials');
  if (Date.parse(document.data.Expiration) <= Date.now()) throw new Error('the credentials have ended');
  return document.data;
}

/** Whether STS takes the credentials, and as whose. */
async function tryOut({ stsUrl, profile }: ClientOptions, document: Document): Promise<void> {
  const client = stsClient(stsUrl, {
    accessKeyId: document.AccessKeyId,
    secretAccessKey: document.SecretAccessKey,
    sessionToken: document.Token,
  });
  const { Arn } = await client.send(new GetCallerIdentityCommand()).finally(() => {
    client.destroy();
  });
  if (!Arn?.endsWith(`/${profile}`)) throw new Error(`the credentials are those of ${String(Arn)}`);
}

/** The body of an answer of 200. */
function ask(
  url: string,
  agent: Agent,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`${method} ${path} was answered with ${String(response.statusCode)}: ${body}`));
      }, reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}
