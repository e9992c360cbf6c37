import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AuditLog } from '../../main/audit/audit-log.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { clientOf } from '../audit/audit-fixture.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { buildCommand, run, type CommandRun } from './latchkey.ts';
import { startTestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

beforeAll(buildCommand, 120_000);

describe('latchkey audit tail', () => {
  let home: string;
  let removeHome: () => PromiseLike<void>;

  beforeEach(async () => {
    const temporary = await temporaryHome();
    home = temporary.path;
    removeHome = () => temporary[Symbol.asyncDispose]();
    using clock = new FakeClock(Date.UTC(2026, 10, 3, 10));
    await using log = await AuditLog.open({ home, clock, secrets: memorySecretStore() });
    const noted = log.note({
      event: 'served',
      profile: 'sandbox',
      detail: 'by the active profile',
      client: { ...clientOf('terraform', 4711), forwarder: 'Docker' },
    });
    noted.again();
    clock.advance(1_000);
    log.note({ event: 'refused', detail: 'Origin', client: clientOf('chrome\u001b[31m\u202e', 7) });
    clock.advance(1_000);
  });
  afterEach(() => removeHome());

  const tail = (...options: string[]): Promise<CommandRun> =>
    run({ ...process.env, LATCHKEY_HOME: home, TZ: 'UTC' }, ['audit', 'tail', ...options]);

  test('shows the latest records, with no broker running', async () => {
    expect(await tail()).toEqual({
      status: 0,
      stderr: '',
      stdout: [
        '2026-11-03 10:00:00  started',
        '2026-11-03 10:00:00  served  sandbox  2 times  by terraform (4711) from bash < alacritty in /home/alice/project through Docker: by the active profile',
        '2026-11-03 10:00:01  refused  by chrome [31m (7) from bash < alacritty in /home/alice/project: Origin',
        '2026-11-03 10:00:02  ended',
        '',
      ].join('\n'),
    });
  });

  test('shows as many as are asked for, from several files', async () => {
    const text = await readFile(join(home, 'audit.jsonl'), 'utf8');
    const [first, ...rest] = text.split('\n');
    await writeFile(join(home, 'audit.1.jsonl'), `${first ?? ''}\n`);
    await writeFile(join(home, 'audit.jsonl'), rest.join('\n'));
    expect((await tail('-n', '2')).stdout.split('\n')).toHaveLength(3);
    expect((await tail('--lines', '4')).stdout).toContain('started');
    expect((await tail('-n', '1')).stdout).toBe('2026-11-03 10:00:02  ended\n');
  });

  test('gives programs each record as it stands in the log', async () => {
    const { stdout } = await tail('--json');
    expect(stdout).toBe(await readFile(join(home, 'audit.jsonl'), 'utf8'));
  });

  test('says where a line is no record, and shows the others', async () => {
    await appendFile(join(home, 'audit.jsonl'), 'something else\n');
    const { status, stdout, stderr } = await tail('-n', '2');
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '2026-11-03 10:00:02  ended\n',
      stderr: 'latchkey: a line of the audit log is no record; see: latchkey audit verify\n',
    });
  });

  test('shows nothing where nothing was recorded', async () => {
    await using empty = await temporaryHome();
    const env = { ...process.env, LATCHKEY_HOME: empty.path };
    expect(await run(env, ['audit', 'tail'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test.each([
    [['-n', '0'], '-n must be a number from 1 on, not "0"'],
    [['-n', 'many'], '-n must be a number from 1 on, not "many"'],
    [['more'], '"more" is one word too many'],
  ])('refuses %j and says what would be right', async (options, message) => {
    const { status, stderr } = await tail(...options);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('latchkey audit verify', () => {
  test('proves the log of a running Latchkey, and ends with 1 where somebody has changed it', async () => {
    await using own = await startTestBroker();
    await own.call('profiles.use', { name: 'reader' });
    await own.call('sessions.lock', {});
    const proven = await run(own.env, ['audit', 'verify']);
    expect(proven).toMatchObject({ status: 0, stderr: '' });
    expect(proven.stdout).toMatch(/^\d+ records? (is|are) proven to be complete and unchanged\n/);
    expect(proven.stdout).not.toContain('Problem');

    const file = join(own.broker.home, 'audit.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"event":"locked"', '"event":"unlocked"'));
    const changed = await run(own.env, ['audit', 'verify']);
    expect(changed.status).toBe(1);
    expect(changed.stdout).toMatch(
      /^Problem {2}audit\.jsonl, line \d+: record \d+ is not as Latchkey wrote it$/m,
    );
    expect(changed.stderr).toBe(
      'latchkey: the audit log is not as Latchkey wrote it: somebody else changed it, or a disk failed\n',
    );
  });

  test('proves the log of the first of two copies that were started: the second one leaves it alone', async () => {
    await using own = await startTestBroker();
    const second = await run(own.env, ['serve', '--port', '0', '--secrets', 'memory']);
    expect(second.stderr).toContain('already running');
    expect(await run(own.env, ['audit', 'verify'])).toMatchObject({ status: 0 });
    expect((await run(own.env, ['audit', 'tail'])).stdout.match(/ started$/gm)).toHaveLength(1);
  });

  test('says that it needs a running Latchkey', async () => {
    await using empty = await temporaryHome();
    const env = { ...process.env, LATCHKEY_HOME: empty.path, XDG_RUNTIME_DIR: empty.path };
    expect(await run(env, ['audit', 'verify'])).toMatchObject({ status: 3, stdout: '' });
  });
});

test('latchkey audit by itself, or with something else, says what there is', async () => {
  await using empty = await temporaryHome();
  const env = { ...process.env, LATCHKEY_HOME: empty.path };
  const alone = await run(env, ['audit']);
  expect(alone).toMatchObject({ status: 2, stdout: '' });
  expect(alone.stderr).toContain('verify or tail is missing');
  expect((await run(env, ['audit', 'mend'])).stderr).toContain('there is verify, tail');
  expect((await run(env, ['audit', 'verify', '--json'])).stderr).toContain('-n and --json are for tail');
});
