import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memorySecretStore } from '../../main/platform/memory-secret-store.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import { Secret } from '../../main/secret.ts';
import { KeptSessions } from '../../main/sessions/kept-sessions.ts';
import { startCore, type Core } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { aliceSeed, aliceSerial } from '../sts/sample-world.ts';
import { totp } from '../sts/totp.ts';

const hour = 3_600_000;
const guarded = {
  name: 'guarded',
  roleArn: 'arn:aws:iam::444455556666:role/Guarded',
  base: { key: 'work' },
  region: 'eu-central-1',
  mfaSerial: aliceSerial,
};

let clock: FakeClock;
let core: Core;
/** The keychain items that were written, by name, until they are removed. */
let items: Map<string, string>;

beforeEach(async () => {
  clock = new FakeClock();
  core = await startCore(clock);
  items = watchItems();
  await core.addKey('work');
  await core.addProfile(guarded);
  core.sts.resetCalls();
});

afterEach(async () => {
  await core[Symbol.asyncDispose]();
  clock[Symbol.dispose]();
});

function watchItems(): Map<string, string> {
  const written = new Map<string, string>();
  const { secrets } = core;
  const write = secrets.write.bind(secrets);
  const remove = secrets.remove.bind(secrets);
  vi.spyOn(secrets, 'write').mockImplementation(async (name, secret) => {
    await write(name, secret);
    written.set(name, secret.reveal());
  });
  vi.spyOn(secrets, 'remove').mockImplementation(async (name) => {
    const removed = await remove(name);
    written.delete(name);
    return removed;
  });
  return written;
}

function keptNames(): string[] {
  return [...items.keys()].filter((name) => name.startsWith('session/'));
}

function use() {
  return core.sessions.acquire({ cause: 'person', profile: 'guarded' });
}

/** Uses the profile, giving the code that is asked for. */
async function useWithCode(): Promise<void> {
  const session = use();
  await vi.waitFor(() => {
    expect(core.sessions.desk.isAsking(aliceSerial)).toBe(true);
  });
  await core.sessions.desk.answer(aliceSerial, totp(aliceSeed, clock.now()));
  await session;
}

async function oneKeptName(): Promise<string> {
  await vi.waitFor(() => {
    expect(keptNames()).toHaveLength(1);
  });
  return keptNames()[0] ?? '';
}

describe('a session that took an MFA code', () => {
  it('outlives a restart in the keychain: no code is asked for, and the role is assumed anew', async () => {
    await useWithCode();
    core.restart();
    await use();
    expect(core.sts.calls()).toEqual({ GetSessionToken: 1, AssumeRole: 2 });
  });

  it('is the only thing kept: a role’s session is not', async () => {
    await useWithCode();
    const kept = items.get(await oneKeptName()) ?? '';
    expect(kept).not.toContain(core.sessions.take('guarded')?.accessKeyId);
  });

  it('is not kept where the person does not want it', async () => {
    await core.configuration.update((before) => ({
      ...before,
      settings: { ...before.settings, keepMfaSessions: false },
    }));
    await useWithCode();
    core.restart();
    await useAgainAsksForCode();
    expect(keptNames()).toEqual([]);
  });

  it('is taken out of the keychain as soon as the person does not want it any more', async () => {
    await useWithCode();
    await oneKeptName();
    await core.configuration.update((before) => ({
      ...before,
      settings: { ...before.settings, keepMfaSessions: false },
    }));
    await vi.waitFor(() => {
      expect(keptNames()).toEqual([]);
    });
  });

  it('is forgotten by a lock, also one that was kept by an earlier run', async () => {
    await useWithCode();
    await oneKeptName();
    core.restart();
    core.sessions.lock();
    await vi.waitFor(() => {
      expect(keptNames()).toEqual([]);
    });
    core.sessions.unlock();
    await useAgainAsksForCode();
  });

  it('that has ended is not used', async () => {
    await useWithCode();
    await oneKeptName();
    core.restart();
    clock.sleep(12 * hour);
    await useAgainAsksForCode();
  });

  it('that was revoked is forgotten, and one code is asked for', async () => {
    await useWithCode();
    const kept: unknown = JSON.parse(items.get(await oneKeptName()) ?? '');
    core.sts.revoke((kept as { accessKeyId: string }).accessKeyId);
    core.restart();
    clock.advance(30_000);
    await useWithCode();
    expect(core.sts.calls()['GetSessionToken']).toBe(2);
  });

  it('is forgotten when its profile is changed or removed, and no other is', async () => {
    await core.addProfile({ ...guarded, name: 'other', baseDurationSeconds: 7200 });
    await useWithCode();
    const name = await oneKeptName();
    await core.profiles.remove('other');
    await core.active.use('guarded');
    expect(keptNames()).toEqual([name]);
    await core.profiles.save(profileSchema.parse({ ...guarded, baseDurationSeconds: 3600 }), 'guarded');
    await vi.waitFor(() => {
      expect(keptNames()).toEqual([]);
    });
  });
});

describe('a keychain that does not let go of a session', () => {
  it('does not bring it back after a lock', async () => {
    await useWithCode();
    await oneKeptName();
    vi.spyOn(core.secrets, 'remove').mockRejectedValue(new Error('locked'));
    core.sessions.lock();
    core.sessions.unlock();
    await useAgainAsksForCode();
    expect(core.warnings).toEqual(['An MFA session could not be forgotten: an unexpected fault']);
  });
});

describe('the end of Latchkey', () => {
  it('waits until the keychain has let go of what a lock just before forgets', async () => {
    const secrets = memorySecretStore();
    const kept = new KeptSessions({ secrets, isOn: () => true, warn: () => undefined });
    let letGo: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const removed = vi.spyOn(secrets, 'remove').mockImplementation(() => slow.then(() => true));
    void kept.forget('step');
    let hasEnded = false;
    const end = kept[Symbol.asyncDispose]().then(() => {
      hasEnded = true;
    });
    await vi.waitFor(() => {
      expect(removed).toHaveBeenCalled();
    });
    expect(hasEnded).toBe(false);
    letGo();
    await end;
  });
});

describe('a setting that is turned off', () => {
  it('has what was kept before removed when it would be read', async () => {
    await useWithCode();
    await oneKeptName();
    await core.configuration.update((before) => ({
      ...before,
      settings: { ...before.settings, keepMfaSessions: false },
    }));
    core.restart();
    await useAgainAsksForCode();
    expect(keptNames()).toEqual([]);
  });
});

describe('a keychain item that is not as Latchkey wrote it', () => {
  it.each([
    ['cut off', (text: string) => text.slice(0, 40)],
    ['of another step', (text: string) => text.replace(/"step":"./, '"step":"z')],
    ['of another form', () => '{"step": 1}'],
  ])('%s is ignored with a warning that does not repeat it', async (_what, spoil) => {
    await useWithCode();
    const name = await oneKeptName();
    const text = items.get(name) ?? '';
    await core.secrets.write(name, new Secret(spoil(text)));
    core.restart();
    await useAgainAsksForCode();
    expect(core.warnings).toEqual([
      'An MFA session could not be read: its keychain item is not one that Latchkey wrote for it',
    ]);
  });

  it('does not keep anything from working where the keychain fails', async () => {
    vi.spyOn(core.secrets, 'write').mockRejectedValue(new Error('no keychain today'));
    await useWithCode();
    expect(core.sessions.take('guarded')).toBeDefined();
    await vi.waitFor(() => {
      expect(core.warnings).toEqual(['An MFA session could not be kept: an unexpected fault']);
    });
  });
});

async function useAgainAsksForCode(): Promise<void> {
  clock.advance(30_000);
  const session = use();
  session.catch(() => undefined);
  await vi.waitFor(() => {
    expect(core.sessions.desk.isAsking(aliceSerial)).toBe(true);
  });
}
