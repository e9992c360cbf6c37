import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContainerTokens } from '../../main/clients/container-tokens.ts';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const hourMs = 3_600_000;

let clock: FakeClock;
let core: Core;
let tokens: ContainerTokens;

beforeEach(async () => {
  clock = new FakeClock();
  core = await startCore(clock);
  await core.addKey('work');
  await core.addProfile({ name: 'reader' });
  await core.addProfile({ name: 'writer' });
  tokens = new ContainerTokens({ clock, configuration: core.configuration });
});

afterEach(async () => {
  await tokens[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
});

async function create(name: string, profile: string): Promise<string> {
  return (await tokens.create(name, profile)).reveal();
}

function writtenFile(): Promise<string> {
  return readFile(join(core.home, 'config.json'), 'utf8');
}

/** What a restart of Latchkey does. */
async function restart(): Promise<void> {
  await tokens[Symbol.asyncDispose]();
  tokens = new ContainerTokens({ clock, configuration: await ConfigurationStore.open(core.home) });
}

describe('a named token', () => {
  it('is for the profile that it was made for, and nothing else is a token', async () => {
    const token = await create('deploy', 'reader');
    await create('backup', 'writer');
    expect(tokens.profileOf(token)).toBe('reader');
    for (const other of ['', `${token}=`, token.slice(1), createHash('sha256').update(token).digest('hex')])
      expect(tokens.profileOf(other)).toBeUndefined();
  });

  it('has 256 random bits, in characters that a header and a file can have', async () => {
    expect(await create('deploy', 'reader')).toMatch(/^[\w-]{43}$/);
    expect(await create('backup', 'reader')).not.toBe(await create('copy', 'reader'));
  });

  it('outlives a restart, though config.json does not hold it', async () => {
    const token = await create('deploy', 'reader');
    expect(await writtenFile()).not.toContain(token);
    await restart();
    expect(tokens.profileOf(token)).toBe('reader');
  });

  it('is listed, and what is listed does not hold it', async () => {
    const token = await create('deploy', 'reader');
    expect(tokens.list()).toEqual([
      { name: 'deploy', profile: 'reader', createdAtMs: clock.now(), lastUsedAtMs: null },
    ]);
    expect(JSON.stringify(tokens.list())).not.toContain(token);
  });

  it('ends when it is revoked, and the others do not', async () => {
    const token = await create('deploy', 'reader');
    const other = await create('backup', 'reader');
    await tokens.revoke('deploy');
    expect(tokens.profileOf(token)).toBeUndefined();
    expect(tokens.profileOf(other)).toBe('reader');
    await expect(tokens.revoke('deploy')).rejects.toMatchObject({ code: 'NotFound', field: 'name' });
  });

  it('ends with its profile, also where another one is given the same name', async () => {
    const token = await create('deploy', 'reader');
    await core.profiles.remove('reader');
    expect(tokens.profileOf(token)).toBeUndefined();
    await core.addProfile({ name: 'reader' });
    expect(tokens.profileOf(token)).toBeUndefined();
    expect(tokens.list()).toEqual([]);
  });

  it('follows its profile to a new name', async () => {
    const token = await create('deploy', 'reader');
    const [profile] = core.configuration.current.profiles;
    await core.profiles.save(profileSchema.parse({ ...profile, name: 'auditor' }), 'reader');
    expect(tokens.profileOf(token)).toBe('auditor');
  });

  it('is not made twice under one name, nor for a profile that does not exist', async () => {
    await create('deploy', 'reader');
    await expect(create('deploy', 'writer')).rejects.toMatchObject({ code: 'AlreadyExists', field: 'name' });
    await expect(create('backup', 'nobody')).rejects.toMatchObject({ code: 'NotFound', field: 'profile' });
  });

  it('is not made where there are 256 already', async () => {
    const sha256 = '0'.repeat(64);
    await core.configuration.update((configuration) => ({
      ...configuration,
      tokens: Array.from({ length: 256 }, (_, index) => ({
        name: `token-${index}`,
        profile: 'reader',
        sha256,
        createdAtMs: 0,
        lastUsedAtMs: null,
      })),
    }));
    await expect(create('deploy', 'reader')).rejects.toMatchObject({ code: 'InvalidInput' });
    await tokens.revoke('token-7');
    await expect(create('deploy', 'reader')).resolves.toBeDefined();
  });
});

describe('when a named token was last used', () => {
  it('is known at once, and its use told of within a minute, not each time', async () => {
    const token = await create('deploy', 'reader');
    let told = 0;
    using _listener = tokens.onChange(() => (told += 1));
    clock.advance(5_000);
    for (let use = 0; use < 100; use++) tokens.profileOf(token);
    expect(tokens.list()).toMatchObject([{ name: 'deploy', lastUsedAtMs: clock.now() }]);
    expect(told).toBe(0);
    clock.advance(60_000);
    expect(told).toBe(1);
  });

  it('is written down after an hour', async () => {
    const token = await create('deploy', 'reader');
    tokens.profileOf(token);
    const usedAtMs = clock.now();
    expect(await writtenFile()).toContain('"lastUsedAtMs": null');
    clock.advance(hourMs);
    // Waits for what is being written.
    await core.configuration.update((configuration) => configuration);
    expect(await writtenFile()).toContain(`"lastUsedAtMs": ${usedAtMs}`);
  });

  it('is written down at the end, and is there after a restart', async () => {
    const token = await create('deploy', 'reader');
    tokens.profileOf(token);
    await restart();
    expect(tokens.list()).toMatchObject([{ name: 'deploy', lastUsedAtMs: clock.now() }]);
  });

  it('leaves no timer behind', async () => {
    const before = clock.waiting;
    tokens.profileOf(await create('deploy', 'reader'));
    expect(clock.waiting).toBeGreaterThan(before);
    await tokens[Symbol.asyncDispose]();
    expect(clock.waiting).toBe(before);
  });
});

describe("a launched program's token", () => {
  it('is for one profile until it is disposed of; that of another launch goes on', () => {
    using other = tokens.launch('reader');
    const launched = tokens.launch('reader');
    const token = launched.token.reveal();
    expect(tokens.profileOf(token)).toBe('reader');
    launched[Symbol.dispose]();
    expect(tokens.profileOf(token)).toBeUndefined();
    expect(tokens.profileOf(other.token.reveal())).toBe('reader');
  });

  it('is never written down nor listed, and ends with Latchkey', async () => {
    const token = tokens.launch('reader').token.reveal();
    expect(tokens.list()).toEqual([]);
    await restart();
    expect(tokens.profileOf(token)).toBeUndefined();
  });

  it('ends with its profile, also where another one is given the same name', async () => {
    const token = tokens.launch('reader').token.reveal();
    await core.profiles.remove('reader');
    await core.addProfile({ name: 'reader' });
    expect(tokens.profileOf(token)).toBeUndefined();
  });

  it('is not made for a profile that does not exist, nor where 1024 programs have one', () => {
    expect(() => tokens.launch('nobody')).toThrow(expect.objectContaining({ code: 'NotFound' }));
    const launched = Array.from({ length: 1024 }, () => tokens.launch('reader'));
    expect(() => tokens.launch('reader')).toThrow(expect.objectContaining({ code: 'InvalidInput' }));
    launched[0]?.[Symbol.dispose]();
    expect(() => tokens.launch('reader')).not.toThrow();
  });
});
