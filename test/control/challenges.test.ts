import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chownSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { challengeLifeMs, Challenges } from '../../main/control/challenges.ts';
import { composeClient } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { openTerminal, withTerminals, type PseudoTerminal } from '../fixtures/pseudo-terminal.ts';
import { needs } from '../platform/needs.ts';

const asRoot = needs(process.getuid?.() === 0, 'a terminal can be given to another user by root only');

let clock: FakeClock;
let challenges: Challenges;
let terminal: PseudoTerminal;

beforeEach(async ({ skip }) => {
  if (withTerminals.missing) skip(withTerminals.note);
  clock = new FakeClock();
  challenges = new Challenges(clock);
  terminal = await openTerminal();
});
afterEach(() => {
  terminal[Symbol.dispose]();
  clock[Symbol.dispose]();
});

const removal = { call: 'keys.remove', input: { label: 'work' }, inWords: 'remove the access key "work"' };

function confirm(answer?: string, askedFor = removal, on = terminal.path): Promise<void> {
  return challenges.confirm(composeClient({ terminal: on }), askedFor, answer);
}

const needed = { code: 'ChallengeNeeded' };
const refused = { code: 'Refused' };

/** Asks for a number, and reads the latest that the terminal shows. */
async function numberFor(askedFor = removal, on = terminal): Promise<string> {
  const before = on.shown().length;
  await expect(confirm(undefined, askedFor, on.path)).rejects.toMatchObject(needed);
  return await vi.waitFor(() => {
    const [, number] = /type this number: (\d{4})\r+\n/.exec(on.shown().slice(before)) ?? [];
    if (number === undefined) throw new Error('no number is shown');
    return number;
  });
}

/** Another number of four digits. */
function wrong(number: string): string {
  return number === '0000' ? '0001' : '0000';
}

describe('a person', () => {
  test('is told on the terminal who asks and what for, and confirms it with the number shown there', async () => {
    const number = await numberFor();
    expect(terminal.shown()).toContain('asked by aws (pid 4711) to remove the access key "work"');
    await confirm(number);
  });

  test('may mistype it twice', async () => {
    const number = await numberFor();
    await expect(confirm(wrong(number))).rejects.toMatchObject(needed);
    await expect(confirm(wrong(number))).rejects.toMatchObject(needed);
    await confirm(number);
  });
});

describe('the number', () => {
  test('is in no answer to the program', async () => {
    const failure = await confirm().catch((error: unknown) => error);
    expect(failure).toMatchObject(needed);
    expect(String(failure).replace(terminal.path, '')).not.toMatch(/\d{4}/);
  });

  test('is good once', async () => {
    const number = await numberFor();
    await confirm(number);
    await expect(confirm(number)).rejects.toMatchObject(needed);
  });

  test('is good for a minute', async () => {
    const number = await numberFor();
    clock.advance(challengeLifeMs);
    await expect(confirm(number)).rejects.toMatchObject(needed);
  });

  test('is good for nothing else than it was shown for', async () => {
    const number = await numberFor();
    await expect(confirm(number, { ...removal, input: { label: 'other' } })).rejects.toMatchObject(needed);
    const next = await numberFor();
    await expect(confirm(next, { ...removal, call: 'profiles.remove' })).rejects.toMatchObject(needed);
  });

  test('is not good once the same input would do something else than what was shown', async () => {
    const number = await numberFor();
    const changed = { ...removal, inWords: 'remove the access key "work", the only one' };
    await expect(confirm(number, changed)).rejects.toMatchObject(needed);
  });

  test('is good on no other terminal', async () => {
    using other = await openTerminal();
    const number = await numberFor();
    await expect(confirm(number, removal, other.path)).rejects.toMatchObject(needed);
  });

  test('cannot be guessed: after three wrong ones the right one is refused, too, for the rest of the minute', async () => {
    const number = await numberFor();
    for (const outcome of [needed, needed, refused])
      await expect(confirm(wrong(number))).rejects.toMatchObject(outcome);
    await expect(confirm(number)).rejects.toMatchObject(refused);
    await expect(confirm()).rejects.toMatchObject(refused);
    clock.advance(challengeLifeMs);
    await confirm(await numberFor());
  });

  test('gives no new tries when it is asked for anew', async () => {
    await expect(confirm(wrong(await numberFor()))).rejects.toMatchObject(needed);
    await expect(confirm(wrong(await numberFor()))).rejects.toMatchObject(needed);
    await expect(confirm(wrong(await numberFor()))).rejects.toMatchObject(refused);
  });
});

describe('nothing is shown, and it is refused', () => {
  test('where the program cannot be told', async () => {
    await expect(challenges.confirm(undefined, removal, undefined)).rejects.toMatchObject(refused);
  });

  test('where it has no terminal, with what there is instead', async () => {
    await expect(challenges.confirm(composeClient(), removal, undefined)).rejects.toMatchObject({
      ...refused,
      message: expect.stringMatching(/interface.*terminal/) as string,
    });
  });

  test('on a file or a device that is no terminal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-terminal-'));
    try {
      const file = join(folder, 'pts');
      await writeFile(file, '');
      await expect(confirm(undefined, removal, file)).rejects.toMatchObject(refused);
      await expect(confirm(undefined, removal, '/dev/null')).rejects.toMatchObject(refused);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.skipIf(asRoot.missing)(`on another user’s terminal${asRoot.note}`, async () => {
    chownSync(terminal.path, 65534, 65534);
    await expect(confirm()).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('another user') as string,
    });
    expect(terminal.shown().trim()).toBe('');
  });
});
