/** Whatever somebody does to the log before its last checkpoint is found, while Latchkey runs and after a restart. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../main/audit/audit-log.ts';
import { beginning, seal } from '../../main/audit/chain.ts';
import { auditLine } from '../../main/audit/record.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { auditScene, clientOf, recordsOf, type AuditScene, type KeychainStandIn } from './audit-fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

let scene: AuditScene;
let home: string;
let clock: FakeClock;
let keychain: KeychainStandIn;
let log: AuditLog;
let file: string;
/** The log as it was written: two runs, the second of which has ended. */
let whole: string;
let item: string;

const open = () => AuditLog.open({ home, clock, secrets: keychain });

beforeEach(async () => {
  scene = await auditScene();
  ({ home, clock, keychain } = scene);
  file = join(home, 'audit.jsonl');
  for (let run = 1; run <= 2; run += 1) {
    log = await open();
    for (let pid = 1; pid <= 3; pid += 1) {
      log.note({ event: 'served', profile: 'sandbox', client: clientOf('aws', pid) });
      clock.advance(1000);
    }
    await log[Symbol.asyncDispose]();
  }
  whole = await readFile(file, 'latin1');
  item = keychain.items.get('audit-chain') ?? '';
});

afterEach(async () => {
  await log[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

/** What is found when Latchkey is started on a log that somebody has changed. */
async function foundAfter(text: string): Promise<string[]> {
  await log[Symbol.asyncDispose]();
  await writeFile(file, text, 'latin1');
  keychain.items.set('audit-chain', item);
  log = await open();
  return (await log.verify()).problems;
}

/** What is found when it is changed while Latchkey runs. */
async function foundMeanwhile(text: string): Promise<string[]> {
  await writeFile(file, text, 'latin1');
  return (await log.verify()).problems;
}

/** The lines, without their ends. */
const lines = () => whole.split('\n').slice(0, -1);
const joined = (parts: readonly string[]) => parts.map((line) => `${line}\n`).join('');

/** Ways to change the log, each of which leaves another text. */
function changes(): fc.Arbitrary<string> {
  const place = fc.nat(whole.length - 1);
  const byte = fc.nat(255).map((code) => String.fromCharCode(code));
  const line = fc.nat(lines().length - 1);
  const at = (parts: readonly string[], index: number) => parts[index] ?? '';
  return fc
    .oneof(
      fc.tuple(place, byte).map(([at, put]) => whole.slice(0, at) + put + whole.slice(at + 1)),
      fc.tuple(place, byte).map(([at, put]) => whole.slice(0, at) + put + whole.slice(at)),
      fc.tuple(place, fc.integer({ min: 1, max: 400 })).map(([at, length]) => {
        return whole.slice(0, at) + whole.slice(at + length);
      }),
      place.map((length) => whole.slice(0, length)),
      fc.tuple(line, fc.integer({ min: 1, max: 4 })).map(([from, count]) => {
        return joined(lines().toSpliced(from, count));
      }),
      fc.tuple(line, line).map(([one, other]) => {
        const all = lines();
        return joined(all.with(one, at(all, other)).with(other, at(all, one)));
      }),
      fc.tuple(line, line).map(([from, to]) => joined(lines().toSpliced(to, 0, at(lines(), from)))),
      fc.tuple(line, line).map(([from, to]) => joined(lines().with(to, at(lines(), from)))),
    )
    .filter((text) => text !== whole);
}

describe('a log that nobody has changed', () => {
  it('is proven up to its checkpoint', async () => {
    log = await open();
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(11));
    expect(await log.verify()).toEqual({ proven: 11, unproven: 0, problems: [], notes: [] });
    log.note({ event: 'locked' });
    expect(await log.verify()).toEqual({ proven: 11, unproven: 1, problems: [], notes: [] });
  });

  it('goes on while it is read', async () => {
    log = await open();
    const verdict = log.verify();
    log.note({ event: 'locked' });
    clock.advance(1000);
    expect((await verdict).problems).toEqual([]);
    expect((await log.verify()).problems).toEqual([]);
  });
});

describe('any change before the checkpoint', () => {
  it('is found after a restart', async () => {
    await fc.assert(
      // Without its very last character it is whole, as far as records go: that a crash may leave, and it is mended.
      fc.asyncProperty(
        changes().filter((text) => `${text}\n` !== whole),
        async (text) => {
          expect(await foundAfter(text)).not.toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is found while Latchkey runs', async () => {
    log = await open();
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(11));
    whole = await readFile(file, 'latin1');
    await fc.assert(
      fc.asyncProperty(changes(), async (text) => {
        expect(await foundMeanwhile(text)).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(await foundMeanwhile(whole)).toEqual([]);
  });

  it('of any bit of a record is found', async () => {
    log = await open();
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(11));
    const text = await readFile(file, 'latin1');
    const lineEnd = text.indexOf('\n');
    for (let place = 0; place <= lineEnd; place += 1) {
      const bit = 1 << (place % 8);
      const changed = String.fromCharCode(text.charCodeAt(place) ^ bit);
      const problems = await foundMeanwhile(text.slice(0, place) + changed + text.slice(place + 1));
      expect({ place, isFound: problems.length > 0 }).toEqual({ place, isFound: true });
    }
  });
});

describe('what is found is told by file, line and record', () => {
  it.each<[string, (all: string[]) => string[], string]>([
    [
      'a changed record',
      (all) => all.map((line) => line.replace('"pid":2,', '"pid":7,')),
      'audit.jsonl, line 3: record 3 is not as Latchkey wrote it',
    ],
    ['a missing record', (all) => all.toSpliced(2, 1), 'audit.jsonl, line 3: record 3 is missing before it'],
    [
      'several missing',
      (all) => all.toSpliced(2, 3),
      'audit.jsonl, line 3: records 3 to 5 are missing before it',
    ],
    ['a cut end', (all) => all.slice(0, 8), 'audit.jsonl, line 9: records 9 to 10 are missing before it'],
    [
      'a record that was put in again',
      (all) => all.toSpliced(4, 0, all[1] ?? ''),
      'audit.jsonl, line 5: record 2 does not follow what is before',
    ],
    ['a line of something else', (all) => all.toSpliced(4, 0, '{}'), 'audit.jsonl, line 5: it is no record'],
    ['an empty line', (all) => all.toSpliced(4, 0, ''), 'audit.jsonl, line 5: it is no record'],
  ])('%s', async (_name, change, problem) => {
    expect((await foundAfter(joined(change(lines()))))[0]).toBe(problem);
  });

  it('one change makes one problem', async () => {
    const text = whole.replace('"pid":2,', '"pid":7,');
    expect(await foundAfter(text)).toHaveLength(1);
  });

  it('and no more than a person can read', async () => {
    const text = joined(lines().flatMap((line) => Array.from({ length: 10 }, () => ['x', line]).flat()));
    const problems = await foundAfter(text);
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toMatch(/^and \d+ more$/);
  });
});

describe('the checkpoint', () => {
  it('shows that the log is an older copy, which is whole in itself', async () => {
    const older = joined(lines().slice(0, 5));
    expect(await foundAfter(older)).toEqual(['audit.jsonl, line 6: records 6 to 10 are missing before it']);
  });

  it('shows that the log was removed', async () => {
    expect(await foundAfter('')).toEqual(['audit.jsonl, line 1: records 1 to 10 are missing before it']);
    await log[Symbol.asyncDispose]();
    await rm(file);
    log = await open();
    expect(await log.verify()).toMatchObject({ problems: [expect.stringContaining('missing')] });
  });

  it('shows it to the next run, too, and to those after that', async () => {
    const problems = await foundAfter(joined(lines().slice(0, 5)));
    const [, , , , , started] = await recordsOf(home);
    expect(started).toMatchObject({
      event: 'started',
      sequence: 11,
      detail: 'the log does not go on as it was at the last checkpoint: records are missing or were changed',
    });
    for (let run = 1; run <= 2; run += 1) {
      await log[Symbol.asyncDispose]();
      log = await open();
      expect((await log.verify()).problems).toEqual(problems);
    }
  });

  it('tells what was cut off after it from what came before: that much is not proven', async () => {
    log = await open();
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(11));
    item = keychain.items.get('audit-chain') ?? '';
    log.note({ event: 'locked' });
    expect(await log.verify()).toMatchObject({ proven: 11, unproven: 1 });
    const text = await readFile(file, 'latin1');
    // This run knows what it wrote; the next one does not.
    expect(await foundMeanwhile(joined(text.split('\n').slice(0, -2)))).toEqual([
      'at the end: record 12 is missing',
    ]);
    expect(await foundAfter(joined(text.split('\n').slice(0, -2)))).toEqual([]);
  });
});

describe('somebody without the key', () => {
  it('cannot write records of his own after the last one', async () => {
    const last = (await recordsOf(home)).at(-1) ?? beginning;
    const content = { time: '2026-11-03T10:00:00.000Z', event: 'served', count: 1 } as const;
    const body = JSON.stringify({ sequence: last.sequence + 1, ...content });
    const forged = auditLine(
      body,
      createHash('sha256')
        .update(last.mac + body)
        .digest('base64url'),
    );
    expect(await foundAfter(`${whole}${forged}\n`)).toEqual([
      'audit.jsonl, line 11: record 11 is not as Latchkey wrote it',
      'audit.jsonl, line 12: record 11 does not follow what is before',
    ]);
  });

  it("cannot put one of Latchkey's own in another's place, though both have followed the same record", async () => {
    log = await open();
    await vi.waitFor(() => expect(keychain.checkpoint).toBe(11));
    item = keychain.items.get('audit-chain') ?? '';
    log.note({ event: 'refused', detail: 'Origin' });
    await log.verify();
    const all = (await readFile(file, 'latin1')).split('\n');
    const saved = all[11] ?? '';
    // What came after the checkpoint is cut off, and the next run goes on from there.
    expect(await foundAfter(joined(all.slice(0, 11)))).toEqual([]);
    await log[Symbol.asyncDispose]();
    item = keychain.items.get('audit-chain') ?? '';
    const rewritten = (await readFile(file, 'latin1')).split('\n').slice(0, -1);
    expect(rewritten[11]).toContain('"sequence":12,');
    expect(await foundAfter(joined(rewritten.with(11, saved)))).not.toEqual([]);
  });

  it('can write such as the keychain did not protect, but not in the place of others, nor unseen', async () => {
    const last = (await recordsOf(home)).at(-1) ?? beginning;
    const content = { time: '2026-11-03T10:00:00.000Z', event: 'served', count: 1 } as const;
    const forged = seal(content, last, undefined, false).line;
    expect(await foundAfter(`${whole}${forged}\n`)).toEqual([]);
    expect((await log.verify()).notes).toContainEqual(
      expect.stringContaining('1 record was written while the keychain could not be used'),
    );
    // All from the sixth on anew, without the key.
    const records = await recordsOf(home);
    let after = records[4] ?? beginning;
    const text: string[] = lines().slice(0, 5);
    for (const { time, event, count } of records.slice(5, 10)) {
      const sealed = seal({ time, event, count }, after, undefined, false);
      text.push(sealed.line);
      after = sealed.link;
    }
    expect(await foundAfter(joined(text))).not.toEqual([]);
  });
});

describe('while Latchkey runs', () => {
  beforeEach(async () => {
    log = await open();
  });

  it('what others write to its file is found, and its own records stay whole', async () => {
    await appendFile(file, 'a line without an end');
    log.note({ event: 'locked' });
    expect((await log.verify()).problems).toEqual(['audit.jsonl, line 12: it is no record']);
    const [last] = (await readFile(file, 'latin1')).split('\n').slice(-2);
    expect(last).toContain('"event":"locked"');
  });

  it('a record that somebody else puts after the last one is found', async () => {
    const last = (await recordsOf(home)).at(-1) ?? beginning;
    const content = { time: '2026-11-03T10:00:00.000Z', event: 'served', count: 1 } as const;
    await appendFile(file, `${seal(content, last, undefined, false).line}\n`);
    expect((await log.verify()).problems).toEqual([
      'at the end: record 12 is not the one that Latchkey wrote last',
    ]);
  });

  it('the file is missed when somebody has removed it, and the next records are written', async () => {
    await rm(file);
    log.note({ event: 'locked' });
    expect((await log.verify()).problems).toEqual([
      'audit.jsonl, line 1: records 1 to 11 are missing before it',
    ]);
  });

  it('a file that cannot be read is a problem, not an error', async () => {
    await mkdir(join(home, 'audit.1.jsonl'));
    expect((await log.verify()).problems).toEqual([expect.stringMatching(/^the log cannot be read: EISDIR/)]);
  });
});
