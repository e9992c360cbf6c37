import { execFileSync, spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../main/platform/system-clock.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { askWithToken, credentialsPath, serveCore, type ServedCore } from '../fixtures/endpoint.ts';
import { needs } from '../platform/needs.ts';

const canMount = needs(
  process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0,
  'a file system of its own for a full disk can be mounted by root on Linux only',
);

let core: Core;
let endpoint: ServedCore;

beforeEach(async () => {
  core = await startCore(systemClock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.active.use('reader');
  if (!canMount.missing) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', core.home]);
  endpoint = await serveCore(core, systemClock);
});

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]();
  if (!canMount.missing) execFileSync('umount', [core.home]);
  await core[Symbol.asyncDispose]();
});

it.skipIf(canMount.missing)(
  `a full disk is a problem that is told, and credentials are served all the same${canMount.note}`,
  async () => {
    const filler = join(core.home, 'filler');
    await writeFile(filler, Buffer.alloc(2 * 1024 * 1024)).catch(() => undefined);
    const { audit } = endpoint.clients;
    const get = async () => (await askWithToken(endpoint.url, `${credentialsPath}reader`)).body;
    // The file's last page has room for some records still.
    for (let pid = 1; pid <= 100; pid += 1) audit.note({ event: 'locked', detail: `${pid}`.repeat(200) });
    expect(JSON.parse(await get())).toHaveProperty('Code', 'Success');
    await vi.waitFor(() => expect(audit.problem).toMatch(/^The audit log cannot be written: ENOSPC/), 5_000);
    expect(JSON.parse(await get())).toHaveProperty('Code', 'Success');
    await rm(filler);
  },
);
