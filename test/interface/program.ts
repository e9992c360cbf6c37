/** Programs that ask the endpoint for credentials. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Asks as SDKs do, and prints what was answered. The connection stays open until then: who asks is looked up meanwhile. */
const script = `
const { Agent, request } = require('node:http');
const [, , endpoint, profile] = process.argv;
const agent = new Agent({ keepAlive: true });
const ask = (method, path, headers) =>
  new Promise((resolve, reject) => {
    const sent = request(new URL(path, endpoint), { method, headers, agent }, async (response) => {
      let body = '';
      for await (const part of response) body += part;
      resolve(body);
    });
    sent.on('error', reject);
    sent.end();
  });
(async () => {
  const token = await ask('PUT', '/latest/api/token', { 'X-aws-ec2-metadata-token-ttl-seconds': '60' });
  const path = '/latest/meta-data/iam/security-credentials/' + profile;
  const { Code } = JSON.parse(await ask('GET', path, { 'X-aws-ec2-metadata-token': token }));
  console.log(Code);
  setTimeout(() => agent.destroy(), 1000);
})();
`;

/** A program of this name, in a folder of its own. */
export interface Program extends AsyncDisposable {
  /** Runs it: it asks for a profile's credentials, and gives the `Code` that it was answered. */
  ask(endpoint: string, profile: string): Promise<string>;
}

export async function writeProgram(name: string): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-program-'));
  const file = join(folder, name);
  await writeFile(file, script);
  // One that was written less than a second before its start may have been changed after it: it is not known again.
  await delay(1_100);
  return {
    async ask(endpoint, profile) {
      const { stdout } = await promisify(execFile)(process.execPath, [file, endpoint, profile]);
      return stdout.trim();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** Has a program of this name ask once. */
export async function askAs(name: string, endpoint: string, profile: string): Promise<string> {
  await using program = await writeProgram(name);
  return await program.ask(endpoint, profile);
}
