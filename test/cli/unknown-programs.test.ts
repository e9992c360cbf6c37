import { beforeAll, expect, test, vi } from 'vitest';
import { linuxPeerIdentity } from '../../main/platform/linux-peer-identity.ts';
import { LinuxProcesses } from '../../main/platform/linux-processes.ts';
import { askWithToken, credentialsPath } from '../fixtures/endpoint.ts';
import { needs } from '../platform/needs.ts';
import { buildCommand, run } from './latchkey.ts';
import { startTestBroker, untilTold } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

const onLinux = needs(process.platform === 'linux', 'programs are looked for in a thread on Linux only');

beforeAll(buildCommand, 120_000);

test.skipIf(onLinux.missing)(
  `where no program can be told, status says why and what comes of it, and the active profile is served${onLinux.note}`,
  async () => {
    const thread = '/there/is/no/such/thread.js';
    using peer = linuxPeerIdentity({ processes: new LinuxProcesses(new URL(`file://${thread}`)) });
    await using own = await startTestBroker({ peer });
    await own.call('profiles.use', { name: 'reader' });
    const told = untilTold(own, ({ clients }) => clients.problem !== null);
    const served = await askWithToken(own.broker.endpoint.url, `${credentialsPath}reader`);
    expect(JSON.parse(served.body)).toHaveProperty('Code', 'Success');
    await told;
    const { stdout } = await run(own.env, ['status']);
    const why = `It cannot be looked up which programs ask: .*${thread}`;
    expect(stdout).toMatch(new RegExp(`^Programs {2}${why}.*; protected profiles are served to none`, 'm'));
    const document: unknown = JSON.parse((await run(own.env, ['status', '--json'])).stdout);
    expect(document).toHaveProperty('clients.problem', expect.stringContaining(thread));
  },
);
