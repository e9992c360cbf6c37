/**
 * `npm run bench`: the figures of BENCHMARKS.md, measured again; `-- endpoint` or `-- week [SEED …]` one part of them,
 * `-- attribution` how long it takes to find the program that asks (Linux), `-- command` how long `latchkey` takes,
 * `-- interface` how the window's interface fares in Chromium, and `-- soak [MINUTES [SECONDS]]` the soak, which takes its time.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serveSoaked } from '../soak/served.ts';
import { soak } from '../soak/soak.ts';
import { measureAttribution } from './attribution.ts';
import { measureCommand } from './command.ts';
import { compareEndpoint } from './endpoint.ts';
import { measureInterface } from './interface.ts';
import { compareWithPeers } from './peers.ts';
import { serve, type ServerName } from './servers.ts';
import { tellWeeks } from './weeks.ts';

const [, , part, ...rest] = process.argv;
const self = fileURLToPath(import.meta.url);

switch (part) {
  case 'latchkey':
  case 'bare':
    process.send?.(await serve(part));
    break;
  case 'soaked':
    await serveSoaked();
    break;
  case 'soak': {
    const [minutes = '10', sessionSeconds = '60'] = rest;
    const isWell = await soak({
      minutes: Number(minutes),
      sessionSeconds: Number(sessionSeconds),
      start: (env) => fork(self, ['soaked'], { env }),
    });
    process.exitCode = isWell ? 0 : 1;
    break;
  }
  case 'attribution':
    await measureAttribution();
    break;
  case 'command':
    await measureCommand();
    break;
  case 'interface':
    await measureInterface();
    break;
  case 'endpoint':
    await endpoint();
    break;
  case 'week':
    await weeks(rest.map(Number));
    break;
  default:
    await endpoint();
    console.log();
    await weeks([]);
}

async function endpoint(): Promise<void> {
  const start = (name: ServerName, env: NodeJS.ProcessEnv) => fork(self, [name], { env });
  await compareEndpoint(start);
  await compareWithPeers(start);
}

async function weeks(seeds: readonly number[]): Promise<void> {
  for (const kind of ['busy', 'mixed'] as const) {
    console.log(`\nWeeks of ${kind} programs:\n`);
    await tellWeeks(kind, seeds.length > 0 ? seeds : [1, 2, 3, 4, 5, 6]);
  }
}
