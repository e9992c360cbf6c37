import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { brokerOf } from '../../main/control/client.ts';
import { serveDataFolder } from '../../main/control/local-socket.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { ServiceStandIn } from './service-stand-in.ts';
import { socketOptions } from './socket-options.ts';

let home: Awaited<ReturnType<typeof temporaryHome>>;

beforeEach(async () => {
  home = await temporaryHome();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await home[Symbol.asyncDispose]();
});

function serveStandIn(): Promise<AsyncDisposable> {
  return serveDataFolder({ ...socketOptions(new ServiceStandIn()), home: home.path });
}

/** What a desktop session has, and cron or sudo has not. */
async function inAnotherEnvironment(): Promise<void> {
  const folder = join(home.path, 'elsewhere');
  await mkdir(folder, { mode: 0o700 });
  vi.stubEnv('XDG_RUNTIME_DIR', folder);
  vi.stubEnv('TMPDIR', folder);
}

describe('a data folder', () => {
  test('has one broker, also where another environment would put its socket elsewhere', async () => {
    await using _served = await serveStandIn();
    await inAnotherEnvironment();
    await expect(serveStandIn()).rejects.toMatchObject({
      code: 'AlreadyRunning',
    });
  });

  test('leads to its broker from another environment', async () => {
    await using _served = await serveStandIn();
    await inAnotherEnvironment();
    expect(await brokerOf(home.path).call('sessions.lock', {})).toEqual({ value: {} });
  });

  test('can have another broker once the first has ended, or died without a word', async () => {
    const first = await serveStandIn();
    await first[Symbol.asyncDispose]();
    await expect(stat(join(home.path, 'control-address'))).rejects.toThrow('ENOENT');
    await writeFile(join(home.path, 'control-address'), `${join(home.path, 'of-a-dead-one.sock')}\n`);
    await using _second = await serveStandIn();
    expect(await brokerOf(home.path).call('sessions.lock', {})).toEqual({ value: {} });
  });

  test('with a note that makes no sense is as one without', async () => {
    await writeFile(join(home.path, 'control-address'), 'two\nlines\n');
    await using _served = await serveStandIn();
    expect(await brokerOf(home.path).call('sessions.lock', {})).toEqual({ value: {} });
  });

  test('gets exactly one of many that start at once', async () => {
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => serveStandIn()));
    const started = starts.filter((start) => start.status === 'fulfilled');
    expect(started).toHaveLength(1);
    for (const { value } of started) await value[Symbol.asyncDispose]();
  });
});
