/** How long the `latchkey` command takes from its start to its end, beside `node -e 0` and `true`, in one run in turn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startTestBroker } from '../cli/test-broker.ts';
import { median } from './endpoint.ts';

const rounds = 15;
const latchkey = fileURLToPath(new URL('../command/latchkey.cjs', import.meta.url));

export async function measureCommand(): Promise<void> {
  await using own = await startTestBroker();
  // The session is held: what is measured is the command, not STS.
  await own.call('profiles.use', { name: 'reader' });
  const socket = (await readFile(`${own.broker.home}/control-address`, 'utf8')).trim();
  const node = process.execPath;
  const cases: readonly {
    readonly name: string;
    readonly beside: string;
    readonly line: readonly string[];
  }[] = [
    { name: '`node -e 0`', beside: '', line: [node, '-e', '0'] },
    { name: '`true`', beside: '', line: ['true'] },
    { name: '`latchkey --version`', beside: '`node -e 0`', line: [node, latchkey, '--version'] },
    { name: '`latchkey status`', beside: '`node -e 0`', line: [node, latchkey, 'status'] },
    {
      name: '`latchkey credentials`',
      beside: '`node -e 0`',
      line: [node, latchkey, 'credentials', 'reader'],
    },
    {
      name: '`latchkey exec … -- true`',
      beside: '`node -e 0`',
      line: [node, latchkey, 'exec', 'reader', '--', 'true'],
    },
    {
      name: '`curl --unix-socket`',
      beside: '`true`',
      line: ['curl', '-sf', '--unix-socket', socket, 'http://latchkey/credentials/reader'],
    },
  ];
  // Node reads it at each start: it would flatter the command.
  const env = { ...own.env, NODE_EXTRA_CA_CERTS: undefined };
  const timesMs = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const { name, line } of cases) {
      const timeMs = await timeOf(line, env);
      if (round > 0) timesMs.get(name)?.push(timeMs); // the first one warms up
    }
  const medianOf = (name: string) => median(timesMs.get(name) ?? []);
  console.log(`Medians of ${rounds} runs in turn, Node ${process.version}.\n`);
  console.log('| what is run | median | beside |');
  console.log('| --- | --- | --- |');
  for (const { name, beside } of cases) {
    const timeMs = medianOf(name);
    const told =
      beside === ''
        ? ''
        : beside === '`true`'
          ? `${(timeMs - medianOf(beside)).toFixed(1)} ms over ${beside}`
          : `${(timeMs / medianOf(beside)).toFixed(2)} × ${beside}`;
    console.log(`| ${name} | ${timeMs.toFixed(1)} ms | ${told} |`);
  }
}

async function timeOf([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const startMs = performance.now();
  const child = spawn(program, args, { env, stdio: 'ignore' });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${child.exitCode}`);
  return performance.now() - startMs;
}
