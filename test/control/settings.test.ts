/** Settings as they are changed in a running broker: what takes effect at once, who may, and what is recorded and told. */
import { createServer } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { personsEvents } from '../../main/audit/record.ts';
import { startBroker, type Broker } from '../../main/broker.ts';
import { emptyConfiguration } from '../../main/configuration/configuration.ts';
import { brokerAddress } from '../../main/control/address.ts';
import { brokerAt } from '../../main/control/client.ts';
import { closeServer, listenOnLoopback } from '../../main/platform/loopback.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { noPower } from '../../main/platform/no-power.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import type { StartAtLogin } from '../../main/platform/ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';
import { xdgAutostart } from '../../main/platform/xdg-autostart.ts';
import { Resources } from '../../main/resources.ts';
import type { Answer, Status } from '../../preload/contract.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { ask, askWithToken } from '../fixtures/endpoint.ts';
import { keyView, profileView } from '../renderer/views.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let opened: Resources;
let home: string;
let broker: Broker;
/** A profile with a port of its own. */
let { profile } = profileView('billing');

beforeEach(async () => {
  opened = new Resources();
  ({ path: home } = opened.use(await temporaryHome()));
  vi.stubEnv('XDG_RUNTIME_DIR', join(home, 'run'));
});
afterEach(async () => {
  await opened[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

/** A broker whose port is of the settings, as it is unless `--port` is given. */
async function start(startAtLogin?: StartAtLogin): Promise<void> {
  const settings = { ...emptyConfiguration.settings, port: await freePort() };
  profile = { ...profile, port: await freePort() };
  const configuration = { ...emptyConfiguration, settings, keys: [keyView], profiles: [profile] };
  await writeFile(join(home, 'config.json'), JSON.stringify(configuration));
  broker = opened.use(
    await startBroker({
      home,
      version: '0.0.0',
      clock: systemClock,
      secrets: memorySecretStore(),
      peer: opened.use(peerIdentity()),
      power: noPower,
      startAtLogin,
      openInterface: () => Promise.resolve(null),
    }),
  );
}

/** A port that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await closeServer(server);
  return port;
}

/** A port that somebody has, until the test ends. */
async function takenPort(): Promise<number> {
  const server = createServer();
  opened.use({ [Symbol.asyncDispose]: () => closeServer(server) });
  return listenOnLoopback(server, 0);
}

const save = (change: object): Promise<Answer<unknown>> => broker.service.call('settings.save', change);
/** What the endpoint itself answers, once a request is let in: no profile is active. */
const [path, servedStatus] = ['/latest/meta-data/', 404];
const urlOf = (port: number) => `http://127.0.0.1:${port}/`;

async function written(): Promise<unknown> {
  const text = await readFile(join(home, 'config.json'), 'utf8');
  return z.parse(z.object({ settings: z.unknown() }), JSON.parse(text)).settings;
}

/** The latest status that a subscriber was told. */
function told(): { status?: Status } {
  const latest: { status?: Status } = {};
  opened.use(
    broker.service.subscribe((event) => {
      if (event.type === 'state') latest.status = event.state.status;
      if (event.type === 'status') latest.status = event.status;
    }),
  );
  return latest;
}

describe('a change of the port', () => {
  beforeEach(() => start());

  it('moves the endpoint at once, is written down, and told', async () => {
    const [before, port] = [broker.endpoint.url, await freePort()];
    const latest = told();
    expect(await save({ port })).toEqual({ value: {} });
    expect(broker.endpoint.url).toBe(urlOf(port));
    expect((await askWithToken(urlOf(port), path)).status).toBe(servedStatus);
    await expect(ask(before, path)).rejects.toThrow('ECONNREFUSED');
    expect(await written()).toMatchObject({ port });
    await vi.waitFor(() => {
      expect(latest.status).toMatchObject({ endpoint: urlOf(port), settings: { port } });
    });
  });

  it('to one that is taken is refused with its reason at the field, and nothing has changed', async () => {
    const [before, settings, port] = [broker.endpoint.url, await written(), await takenPort()];
    expect(await save({ port, imdsV1: true })).toMatchObject({
      problem: {
        code: 'PortTaken',
        field: 'port',
        message: `Port ${port} on 127.0.0.1 is taken by another program`,
      },
    });
    expect(broker.endpoint.url).toBe(before);
    expect((await askWithToken(before, path)).status).toBe(servedStatus);
    expect(await written()).toEqual(settings);
  });

  it('to a profile’s own is refused with the profile’s name', async () => {
    const { port = 0 } = profile;
    expect(await save({ port })).toMatchObject({
      problem: {
        code: 'InvalidInput',
        field: 'port',
        message: `Profile billing: the port ${port} is that of the active profile already`,
      },
    });
  });

  it.each([0, 65_536, 80.5, '9300', null])('to %j is refused at the field', async (port) => {
    expect(await save({ port })).toMatchObject({ problem: { code: 'InvalidInput', field: 'port' } });
  });
});

describe('a change of the settings', () => {
  beforeEach(() => start());

  it('takes effect at once: IMDS is answered without a token, and not any more', async () => {
    const asked = () => ask(broker.endpoint.url, path);
    expect((await asked()).status).toBe(401);
    await save({ imdsV1: true });
    expect((await asked()).status).toBe(servedStatus);
    await save({ imdsV1: false });
    expect((await asked()).status).toBe(401);
  });

  it('is recorded as what a person decides, with what it weakens; what changes nothing is not', async () => {
    expect(personsEvents).toContain('settingsChanged');
    await save({ imdsV1: true, protectedMinutes: 15 });
    await save({ imdsV1: true });
    await vi.waitFor(async () => {
      const records = await recordsOf(home);
      expect(records.filter(({ event }) => event === 'settingsChanged')).toMatchObject([
        {
          detail:
            'IMDS without a token (version 1) on (weakens a defence), protected profiles active for 15 min',
          count: 1,
        },
      ]);
    }, 10_000);
  });

  it.each([
    ['settings.save', { imdsV1: true }],
    ['installation.startAtLogin', { on: true }],
  ] as const)('is not made by a program: %s', async (name, input) => {
    const settings = await written();
    // This test has no terminal of its own where it runs without one; where it has, it is asked for a number.
    const answer = await brokerAt(brokerAddress(home)).call(name, input);
    expect(answer).toMatchObject({
      problem: { code: expect.stringMatching(/Refused|ChallengeNeeded/) as string },
    });
    expect(await written()).toEqual(settings);
  });

  it('that names no setting is refused', async () => {
    expect(await save({ keys: [] })).toMatchObject({ problem: { code: 'InvalidInput' } });
  });
});

describe('the installation', () => {
  it('is told: where the data is, what it runs on, and that nothing starts at login here', async () => {
    await start();
    expect(await broker.service.call('installation.read', {})).toEqual({
      value: { dataFolder: home, runsOn: `Node ${process.versions.node}`, startsAtLogin: null },
    });
    expect(await broker.service.call('installation.startAtLogin', { on: true })).toMatchObject({
      problem: { code: 'Refused', message: expect.stringContaining('Only the desktop app') as string },
    });
  });

  it('starts at login once a person has turned that on, which is recorded', async () => {
    await start(xdgAutostart(['/opt/latchkey'], { XDG_CONFIG_HOME: join(home, 'configuration') }));
    const startsAtLogin = async () => await broker.service.call('installation.read', {});
    expect(await startsAtLogin()).toMatchObject({ value: { startsAtLogin: false } });
    await broker.service.call('installation.startAtLogin', { on: true });
    expect(await startsAtLogin()).toMatchObject({ value: { startsAtLogin: true } });
    await vi.waitFor(async () => {
      expect(await recordsOf(home)).toContainEqual(
        expect.objectContaining({ event: 'settingsChanged', detail: 'start at login on' }),
      );
    }, 10_000);
  });
});
