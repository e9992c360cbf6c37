/** Programs that ask the endpoint for credentials. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Has a program of this name ask for a profile's credentials; gives the `Code` that it was answered. */
export async function askAs(program: string, endpoint: string, profile: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-program-'));
  try {
    const file = join(folder, program);
    await writeFile(file, script);
    const { stdout } = await promisify(execFile)(process.execPath, [file, endpoint, profile]);
    return stdout.trim();
  } finally {
    await rm(folder, { recursive: true });
  }
}
