import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildStale } from '../../scripts/build.mjs';

const bench = fileURLToPath(new URL('../../dist/bench/bench.js', import.meta.url));

beforeAll(() => buildStale(['bench']), 120_000);

describe('under 50 clients, with sessions that end after a few seconds,', () => {
  it('no read fails, and neither memory nor handles grow', async () => {
    const run = spawn(process.execPath, [bench, 'soak', '0.4', '4']);
    const ended = once(run, 'close');
    const [stdout, stderr] = await Promise.all([text(run.stdout), text(run.stderr)]);
    await ended;
    expect({ status: run.exitCode, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Reads: \d{3,}, of which failed: 0\./m);
  }, 90_000);
});
