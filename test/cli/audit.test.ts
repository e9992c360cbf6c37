import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseSince } from '../../main/cli/audit-export.ts';
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

let home: string;
let removeHome: () => PromiseLike<void>;
beforeEach(async () => {
  const temporary = await temporaryHome();
  home = temporary.path;
  removeHome = () => temporary[Symbol.asyncDispose]();
});
afterEach(() => removeHome());

/** Writes a log that began at ten o'clock and has ended. */
async function write(note: (log: AuditLog, clock: FakeClock) => void): Promise<void> {
  using clock = new FakeClock(Date.UTC(2026, 10, 3, 10));
  await using log = await AuditLog.open({ home, clock, secrets: memorySecretStore() });
  note(log, clock);
}

const audit = (...args: string[]): Promise<CommandRun> =>
  run({ ...process.env, LATCHKEY_HOME: home, TZ: 'UTC' }, ['audit', ...args]);

describe('latchkey audit tail', () => {
  beforeEach(() =>
    write((log, clock) => {
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
    }),
  );

  const tail = (...options: string[]) => audit('tail', ...options);

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

describe('latchkey audit export', () => {
  beforeEach(() =>
    write((log, clock) => {
      log.note({
        event: 'served',
        profile: 'sandbox',
        detail: 'one, "two"',
        client: clientOf('terraform', 4711),
      });
      clock.advance(3_600_000);
      log.note({
        event: 'refused',
        detail: '=HYPERLINK("http://example.com"); +1 |-2',
        client: clientOf('@SUM(1)', 7),
      });
      clock.advance(1_000);
    }),
  );

  const exported = (...options: string[]) => audit('export', ...options);

  test('gives every record as it stands in the log, the oldest first, from all of its files', async () => {
    const file = join(home, 'audit.jsonl');
    const log = await readFile(file, 'utf8');
    const [first = '', ...rest] = log.split('\n');
    await writeFile(join(home, 'audit.1.jsonl'), `${first}\n`);
    await writeFile(file, rest.join('\n'));
    expect(await exported()).toEqual({ status: 0, stdout: log, stderr: '' });
  });

  test('gives those alone that are not older than a time, a date or so long ago', async () => {
    const events = async (since: string) =>
      (await exported('--since', since)).stdout.match(/(?<="event":")\w+/g);
    expect(await events('2026-11-03T10:30:00Z')).toEqual(['refused', 'ended']);
    expect(await events('2026-11-03')).toEqual(['started', 'served', 'refused', 'ended']);
    expect(await events('2026-11-04')).toBeNull();
    expect(parseSince('90m', 10_000_000)).toBe(10_000_000 - 90 * 60_000);
    expect(parseSince('7d', 1e12)).toBe(1e12 - 7 * 86_400_000);
  });

  test.each(['yesterday', '7', '1w', '2026-13-01', ''])('takes %j for no time', (since) => {
    expect(() => parseSince(since, 0)).toThrow('--since must be a date, a time in ISO 8601, or how long ago');
  });

  test('makes a table of them, in which no program can put a formula', async () => {
    const { stdout } = await exported('--csv');
    const [head, , served, refused] = stdout.split('\r\n');
    expect(head).toBe(
      'sequence,time,event,profile,count,detail,program,pid,executable,folder,parents,forwarder,startedAt,expiresAt',
    );
    expect(served).toMatch(/^2,2026-11-03T10:00:00\.000Z,served,sandbox,1,"one, ""two""",terraform,4711,/);
    expect(served).toContain(',bash < alacritty,');
    expect(refused).toContain(`,"'=HYPERLINK(""http://example.com""); '+1 |'-2",'@SUM(1),7,`);
  });

  test('leaves out what is no record, and says that it did', async () => {
    await appendFile(join(home, 'audit.jsonl'), 'something else\n');
    const { status, stdout, stderr } = await exported();
    expect(status).toBe(0);
    expect(stdout).not.toContain('something else');
    expect(stderr).toBe(
      'latchkey: 1 of the log’s lines are no records, and left out; see: latchkey audit verify\n',
    );
  });
});

describe('latchkey audit verify', () => {
  test('tells programs the verdict as one document', async () => {
    await using own = await startTestBroker();
    const { status, stdout } = await run(own.env, ['audit', 'verify', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      proven: expect.any(Number) as number,
      unproven: expect.any(Number) as number,
      problems: [],
      notes: expect.any(Array) as string[],
    });
  });

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
      'latchkey: the audit log cannot be proven to be as Latchkey wrote it: somebody changed it or removed its key, or a disk failed\n',
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
  expect(alone.stderr).toContain('it needs to be told what to do: tail, export, verify');
  expect((await run(env, ['audit', 'mend'])).stderr).toContain('there is tail, export, verify');
  expect((await run(env, ['audit', 'verify', '-n', '3'])).stderr).toContain('there is no option -n');
});
