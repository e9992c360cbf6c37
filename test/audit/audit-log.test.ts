import { chmod, mkdir, readFile, rename, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog, type AuditEntry } from '../../main/audit/audit-log.ts';
import { beginning, seal } from '../../main/audit/chain.ts';
import { AuditFiles } from '../../main/audit/files.ts';
import { parseAuditLine, personsEvents, type AuditRecord } from '../../main/audit/record.ts';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import type { Client, SecretStore } from '../../main/platform/ports.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { needs } from '../platform/needs.ts';
import {
  auditScene,
  clientOf,
  processOf,
  recordsOf,
  type AuditScene,
  type KeychainStandIn,
} from './audit-fixture.ts';

const withModes = needs(process.getuid !== undefined, 'Windows has no file modes');

let scene: AuditScene;
let home: string;
let clock: FakeClock;
let keychain: KeychainStandIn;
let log: AuditLog;

const open = (secrets: SecretStore = keychain) => AuditLog.open({ home, clock, secrets });
const end = () => log[Symbol.asyncDispose]();

/** What was recorded since the start, once all that is due is written. */
async function recorded(): Promise<AuditRecord[]> {
  await log.verify();
  return (await recordsOf(home)).filter(({ event }) => event !== 'started');
}

/** As many microtasks as a look-up's end takes. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  scene = await auditScene();
  ({ home, clock, keychain } = scene);
  log = await open();
});

afterEach(async () => {
  await end();
  await scene[Symbol.asyncDispose]();
});

describe('a record', () => {
  it('tells what happened, and for which program', async () => {
    const client = { ...clientOf('terraform', 4711), forwarder: 'Docker' };
    log.note({ event: 'served', profile: 'sandbox', detail: 'credentials, by the active profile', client });
    expect(await recorded()).toEqual([
      {
        sequence: 2,
        time: '2026-11-03T10:00:00.000Z',
        event: 'served',
        profile: 'sandbox',
        detail: 'credentials, by the active profile',
        count: 1,
        client: {
          pid: 4711,
          name: 'terraform',
          executable: '/usr/bin/terraform',
          workingFolder: '/home/alice/project',
          startedAt: '2026-11-03T09:00:00.000Z',
          parents: [
            { pid: 20, name: 'bash' },
            { pid: 10, name: 'alacritty' },
          ],
          forwarder: 'Docker',
        },
        mac: expect.stringMatching(/^[\w-]{43}$/),
      },
    ]);
  });

  it('has nothing of a command line, which may hold a secret', async () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    log.note({ event: 'served', client: clientOf('aws', 1, { commandLine: ['aws', '--key', secret] }) });
    await recorded();
    expect(await readFile(join(home, 'audit.jsonl'), 'utf8')).not.toContain('EXAMPLEKEY');
  });

  it('is cut where a program has a name or a folder without end: its line has 4 KiB at most', async () => {
    const endless = '\u{1F511}ä"'.repeat(10_000);
    const parents = Array.from({ length: 100 }, (_, pid) => processOf(endless, pid));
    const client = clientOf(endless, 1, { workingFolder: endless, executable: endless });
    log.note({ event: 'served', detail: endless, client: { ...client, parents } });
    await recorded();
    const [, line = ''] = (await readFile(join(home, 'audit.jsonl'), 'latin1')).split('\n');
    expect(line).toMatch(/^\{"sequence":2,.*"\}$/);
    expect(line.length).toBeLessThan(4096);
  });

  it('says where a text is cut, and keeps a long folder of plain letters whole', async () => {
    const folder = `/${'a'.repeat(767)}`;
    log.note({ event: 'served', client: clientOf('ä'.repeat(17), 1, { workingFolder: folder }) });
    log.note({ event: 'refused', client: clientOf('ä'.repeat(16), 1, { workingFolder: `${folder}/` }) });
    expect((await recorded()).map(({ client }) => [client?.name, client?.workingFolder])).toEqual([
      [`${'ä'.repeat(16)}…`, folder],
      ['ä'.repeat(16), `${folder}…`],
    ]);
  });

  it('is a line of ASCII characters, which a terminal shows as they are', async () => {
    log.note({ event: 'served', client: clientOf('naïve\u202e\u009b[31m\u001b[0m', 1) });
    expect((await recorded())[0]?.client?.name).toBe('naïve\u202e\u009b[31m\u001b[0m');
    expect(await readFile(join(home, 'audit.jsonl'), 'latin1')).toMatch(/^[ -~\n]+$/);
  });
});

describe('equal ones within a second', () => {
  const untold = 'too many different ones within a second: these are told by their number only';
  const entry: AuditEntry = { event: 'served', profile: 'sandbox', client: clientOf('aws', 1) };

  it('are one record with their number and the time of the last', async () => {
    const noted = log.note(entry);
    clock.advance(300);
    expect(noted.again()).toBe(true);
    clock.advance(300);
    log.note({ ...entry, client: clientOf('aws', 1) });
    expect(await recorded()).toMatchObject([{ count: 3, time: '2026-11-03T10:00:00.600Z' }]);
  });

  it('are told apart by event, profile, detail and program, and by nothing else', async () => {
    log.note(entry);
    log.note({ ...entry, event: 'refused' });
    log.note({ ...entry, profile: 'production' });
    log.note({ ...entry, detail: 'by a folder rule' });
    log.note({ ...entry, client: clientOf('aws', 2) });
    log.note({ ...entry, client: clientOf('aws', 1, { start: 7 }) });
    log.note({ ...entry, client: undefined });
    log.note(entry);
    expect((await recorded()).map(({ count }) => count).toSorted()).toEqual([1, 1, 1, 1, 1, 1, 2]);
  });

  it('are noted anew once their record is closed', async () => {
    const noted = log.note(entry);
    clock.advance(1000);
    expect(noted.again()).toBe(false);
    log.note(entry);
    expect(await recorded()).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  it('are counted without a single allocation', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const noted = log.note(entry);
    const count = (times: number) => {
      for (let time = 0; time < times; time += 1) noted.again();
    };
    // Compiled first: what is measured is the code that a busy endpoint runs.
    count(200_000);
    collect();
    const before = process.memoryUsage().heapUsed;
    count(200_000);
    // One object of the smallest size for each would be 3 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000);
  });

  it('of one event and profile that are too many are told by their number', async () => {
    for (let pid = 1; pid <= 200; pid += 1) log.note({ ...entry, client: clientOf('aws', pid) });
    const noted = log.note({ ...entry, client: clientOf('aws', 201) });
    expect(noted.again()).toBe(true);
    const records = await recorded();
    expect(records).toHaveLength(128 + 1);
    expect(records.filter(({ detail }) => detail === untold)).toMatchObject([
      { event: 'served', profile: 'sandbox', count: 74 },
    ]);
    expect(records.find(({ detail }) => detail === untold)).not.toHaveProperty('client');
  });

  it('have room again a second later', async () => {
    for (let pid = 1; pid <= 200; pid += 1) log.note({ ...entry, client: clientOf('aws', pid) });
    clock.advance(1_000);
    log.note({ ...entry, client: clientOf('thief', 66) });
    expect((await recorded()).at(-1)).toMatchObject({ client: { name: 'thief' } });
  });

  it('cannot be so many that one of another event or profile is told by its number alone', async () => {
    for (let pid = 1; pid <= 600; pid += 1) {
      log.note({ event: 'mfa', detail: 'code refused', client: new Promise(() => undefined) });
      log.note({ ...entry, client: clientOf('aws', pid) });
    }
    log.note({ ...entry, profile: 'production', client: clientOf('thief', 66) });
    log.note({ event: 'unlocked', detail: 'by a person' });
    expect(await recorded()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          event: 'served',
          profile: 'production',
          client: expect.objectContaining({ name: 'thief' }) as object,
        }),
        expect.objectContaining({ event: 'unlocked', detail: 'by a person' }),
      ]),
    );
  });

  it.each([...personsEvents])('are never too many where a person has decided: %s', async (event) => {
    for (let pid = 1; pid <= 200; pid += 1) log.note({ event, client: clientOf('aws', pid) });
    expect(await recorded()).toHaveLength(200);
  });
});

describe('a program that is still being looked up', () => {
  let found: (client: Client | undefined) => void;
  let lookUp: Promise<Client | undefined>;

  beforeEach(() => {
    lookUp = new Promise((resolve) => (found = resolve));
  });

  it('completes the record when it is found', async () => {
    log.note({ event: 'served', client: lookUp });
    expect(await recorded()).toEqual([]);
    clock.advance(950);
    expect(await recorded()).toEqual([]);
    found(clientOf('aws', 1));
    await settled();
    expect(await recorded()).toMatchObject([{ count: 1, client: { name: 'aws' } }]);
  });

  it('is not waited for longer than a second', async () => {
    log.note({ event: 'served', profile: 'sandbox', client: lookUp });
    clock.advance(999);
    expect(await recorded()).toEqual([]);
    clock.advance(1);
    expect(await recorded()).toMatchObject([{ profile: 'sandbox' }]);
    found(clientOf('aws', 1));
    await settled();
    clock.advance(5_000);
    expect((await recorded()).map(({ client }) => client)).toEqual([undefined]);
  });

  it('that cannot be told leaves the record without one', async () => {
    log.note({ event: 'served', client: lookUp });
    log.note({ event: 'refused', client: Promise.reject(new Error('no such process')) });
    found(undefined);
    await settled();
    expect((await recorded()).map(({ client }) => client)).toEqual([undefined, undefined]);
  });

  it('makes one record of all that it had on several connections', async () => {
    const entry = { event: 'served', profile: 'sandbox' } as const;
    log.note({ ...entry, client: clientOf('aws', 1) });
    const noted = log.note({ ...entry, client: lookUp });
    log.note({ ...entry, client: lookUp });
    noted.again();
    found(clientOf('aws', 1));
    await settled();
    expect(noted.again()).toBe(false);
    log.note({ ...entry, client: lookUp });
    expect(await recorded()).toMatchObject([{ count: 5 }]);
  });

  it('takes no more room than one record once it is found, on however many connections', async () => {
    for (let connection = 1; connection <= 300; connection += 1) {
      log.note({ event: 'served', client: Promise.resolve(clientOf('aws', 1)) });
      await settled();
    }
    expect(await recorded()).toMatchObject([{ count: 300, client: { name: 'aws' } }]);
  });
});

describe('the log', () => {
  it('has a record on disk within a second, while nobody asks for it', async () => {
    log.note({ event: 'locked' });
    clock.advance(999);
    await vi.waitFor(async () => {
      expect(await recordsOf(home)).toMatchObject([{ event: 'started' }, { event: 'locked' }]);
    });
  });

  it('touches nothing until it starts, and has then what was noted before', async () => {
    await end();
    const before = await readFile(join(home, 'audit.jsonl'), 'utf8');
    const never = new AuditLog({ home, clock, secrets: keychain });
    never.note({ event: 'locked' });
    clock.advance(5_000);
    await never[Symbol.asyncDispose]();
    expect(await readFile(join(home, 'audit.jsonl'), 'utf8')).toBe(before);

    log = new AuditLog({ home, clock, secrets: keychain });
    log.note({ event: 'unlocked' });
    await log.start();
    expect((await recordsOf(home)).map(({ event }) => event).slice(2)).toEqual(['unlocked', 'started']);
  });

  it('notes its own start and end, and nothing after that', async () => {
    await end();
    log.note({ event: 'served' }).again();
    clock.advance(5_000);
    expect((await recordsOf(home)).map(({ event }) => event)).toEqual(['started', 'ended']);
  });

  it('is private, also where it was not', async () => {
    const file = join(home, 'audit.jsonl');
    expect((await stat(file)).mode & 0o777).toBe(withModes.missing ? 0o666 : 0o600);
    await end();
    await chmod(file, 0o644);
    log = await open();
    expect((await stat(file)).mode & 0o777).toBe(withModes.missing ? 0o666 : 0o600);
  });

  it('of two runs is one chain', async () => {
    log.note({ event: 'locked' });
    await end();
    log = await open();
    log.note({ event: 'unlocked' });
    expect(await log.verify()).toMatchObject({ problems: [], notes: [] });
    await end();
    const records = await recordsOf(home);
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(records[3]).toMatchObject({ event: 'started', previous: records[2]?.mac });
    log = await open();
    const { proven, unproven, problems } = await log.verify();
    expect({ records: proven + unproven, problems }).toEqual({ records: 7, problems: [] });
  });

  it('has its key in the keychain and nowhere else', async () => {
    const item = JSON.parse(keychain.items.get('audit-chain') ?? '') as { key: string };
    expect(item.key).toMatch(/^[\w-]{43}$/);
    expect(await readFile(join(home, 'audit.jsonl'), 'latin1')).not.toContain(item.key);
  });

  it('without a keychain that lasts begins a new chain with each run, and says so', async () => {
    await end();
    log = await open(memorySecretStore());
    log.note({ event: 'locked' });
    expect(await log.verify()).toMatchObject({ problems: [] });
    await end();
    log = await open(memorySecretStore());
    const { problems, notes } = await log.verify();
    expect(problems).toEqual([]);
    expect(notes).toEqual([
      '5 records were before record 6 not judged: the key of their chain is gone, or they are older than what is kept',
      'record 6, 2026-11-03T10:00:00.000Z: a new chain: its key is in memory only, and that of the records before is gone',
    ]);
  });

  it('begins a new chain where the keychain has lost its key, or has something else, and that is a problem', async () => {
    await end();
    keychain.items.clear();
    log = await open();
    const first = await log.verify();
    expect(first.notes.at(-1)).toMatch(/a new chain: the keychain has no key of the records/);
    expect(first.problems).toEqual([
      'the keychain has lost the key of the 2 records before record 3, or somebody has removed it: nothing shows whether they are as Latchkey wrote them',
    ]);
    await end();
    log = await open();
    expect((await log.verify()).problems).toEqual(first.problems);
    await end();
    keychain.items.set('audit-chain', '{"key":"something else"}');
    log = await open();
    const second = await log.verify();
    expect(second.notes.at(-1)).toMatch(/a new chain: the item in the keychain was not one/);
    expect(second.problems).toHaveLength(1);
  });

  it('is read once for all who ask meanwhile whether it is whole', async () => {
    const opened = vi.spyOn(AuditFiles.prototype, 'open');
    try {
      log.note({ event: 'locked' });
      const verdicts = await Promise.all(Array.from({ length: 100 }, () => log.verify()));
      expect(opened).toHaveBeenCalledTimes(1);
      expect(new Set(verdicts).size).toBe(1);
      log.note({ event: 'unlocked' });
      const { proven, unproven } = await log.verify();
      expect(proven + unproven).toBe(3);
    } finally {
      opened.mockRestore();
    }
  });
});

const notEnded =
  'the run before did not end properly: the last of its records, of up to a minute, may be missing';

describe('a run that was killed', () => {
  const file = () => join(home, 'audit.jsonl');

  /** Leaves the log and the keychain as they are now; somebody then makes of the log what he likes. */
  async function killed(change: (text: string) => string = (text) => text): Promise<void> {
    const text = await readFile(file(), 'latin1');
    const items = new Map(keychain.items);
    await end();
    await writeFile(file(), change(text), 'latin1');
    for (const [name, item] of items) keychain.items.set(name, item);
  }

  const started = async () => (await recordsOf(home)).at(-1);

  it('is told of by the next one: what came after the last checkpoint may have been cut off', async () => {
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(1));
    const before = await readFile(file(), 'latin1');
    log.note({ event: 'served', profile: 'production', client: clientOf('thief', 66) });
    await recorded();
    await killed(() => before);
    log = await open();
    expect(await started()).toMatchObject({ sequence: 2, event: 'started', detail: notEnded });
    expect((await log.verify()).notes).toEqual([expect.stringContaining(notEnded)]);
  });

  it('cannot be made one that has ended by whoever has not the key', async () => {
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(1));
    const content = { time: '2026-11-03T10:00:00.000Z', event: 'ended', count: 1 } as const;
    await killed((text) => {
      const { sequence, mac } = parseAuditLine(text.trimEnd())?.record ?? beginning;
      return `${text}${seal(content, { sequence, mac }, undefined, false).line}\n`;
    });
    log = await open();
    expect(await started()).toMatchObject({ sequence: 3, event: 'started', detail: notEnded });
  });

  it('is told of also where the log could not be read at the start', async () => {
    await killed();
    await rename(file(), `${file()}.away`);
    await mkdir(file());
    log = await open();
    expect(log.problem).toContain('EISDIR');
    await rmdir(file());
    await rename(`${file()}.away`, file());
    clock.advance(60_000);
    await vi.waitFor(() => expect(log.problem).toBeUndefined());
    expect((await recorded()).at(-1)).toMatchObject({ event: 'audit', detail: notEnded });
  });

  it('is not suspected where it has ended, nor where there was none', async () => {
    expect(await started()).not.toHaveProperty('detail');
    await end();
    log = await open();
    expect(await started()).not.toHaveProperty('detail');
  });
});

describe('a last line that a crash cut off', () => {
  it('is removed wherever it was cut, and that is said', { timeout: 60_000 }, async () => {
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(1));
    log.note({ event: 'locked' });
    await recorded();
    // What a crash leaves: the file as far as it was written, and the checkpoint of the start.
    const file = join(home, 'audit.jsonl');
    const whole = await readFile(file);
    const items = new Map(keychain.items);
    const lineStart = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let length = lineStart; length <= whole.length; length += 1) {
      await end();
      await writeFile(file, whole.subarray(0, length));
      for (const [name, text] of items) keychain.items.set(name, text);
      log = await open();
      const isWholeLine = length >= whole.length - 1;
      const isCut = length > lineStart && !isWholeLine;
      const { problems, notes } = await log.verify();
      expect({ length, problems }).toEqual({ length, problems: [] });
      const wasCut = 'the last line, which a crash had cut off, was removed';
      const detail = isCut ? `${wasCut}; ${notEnded}` : notEnded;
      expect(notes).toEqual([expect.stringContaining(`: ${detail}`)]);
      const records = await recordsOf(home);
      expect(records.map(({ event }) => event)).toEqual(
        isWholeLine ? ['started', 'locked', 'started'] : ['started', 'started'],
      );
      expect(records.at(-1)?.detail).toBe(detail);
    }
  });
});
