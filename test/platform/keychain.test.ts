import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { openKeychain } from '../../main/platform/keychain.ts';
import { Secret } from '../../main/secret.ts';
import { needs } from './needs.ts';
import { runModule, type ModuleRun } from './run-module.ts';
import { ownKeyring, secretTool, startSession, unlockedSecretService } from './secret-service.ts';

const execute = promisify(execFile);
const fakeSecret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

/** A service name of this run's own, since the keychain may be a person's real one. */
const service = `latchkey-test-${randomBytes(6).toString('hex')}`;

describe.skipIf(unlockedSecretService.missing)(
  `the keychain of this session${unlockedSecretService.note}`,
  () => {
    const keychain = openKeychain(service);
    const names = ['AKIAIOSFODNN7EXAMPLE', 'AKIAI44QH8DHBEXAMPLE'] as const;
    const [name, otherName] = names;
    afterEach(async () => {
      for (const used of names) await keychain.remove(used);
    });

    test('gives back the secret that was stored', async () => {
      await keychain.write(name, new Secret(fakeSecret));
      expect((await keychain.read(name))?.reveal()).toBe(fakeSecret);
    });

    test('has nothing where nothing was stored', async () => {
      expect(await keychain.read(name)).toBeUndefined();
    });

    test('keeps the latest of several secrets under one name', async () => {
      await keychain.write(name, new Secret('first'));
      await keychain.write(name, new Secret('second'));
      expect((await keychain.read(name))?.reveal()).toBe('second');
    });

    test('removes a secret, and says whether there was one', async () => {
      await keychain.write(name, new Secret(fakeSecret));
      expect(await keychain.remove(name)).toBe(true);
      expect(await keychain.read(name)).toBeUndefined();
      expect(await keychain.remove(name)).toBe(false);
    });

    test('keeps the secrets of different names apart', async () => {
      await keychain.write(name, new Secret('one'));
      await keychain.write(otherName, new Secret('two'));
      await keychain.remove(otherName);
      expect((await keychain.read(name))?.reveal()).toBe('one');
    });

    test('keeps the secrets of different services apart', async () => {
      await keychain.write(name, new Secret(fakeSecret));
      expect(await openKeychain(`${service}-other`).read(name)).toBeUndefined();
    });

    test.each([
      ['letters of many scripts', 'ключ 鍵 🔑 é e\u0301 "quoted" \\ \n\t end '],
      ['4 KB, which take several items on Windows', randomBytes(2048).toString('hex')],
      ['characters that such an item could end in the middle of', `a${'🔑'.repeat(1500)}`],
      ['a single space', ' '],
    ])('gives back %s unchanged', async (_what, text) => {
      await keychain.write(name, new Secret(text));
      expect((await keychain.read(name))?.reveal()).toBe(text);
    });

    test('answers many callers at once, each with its own', async () => {
      await Promise.all(names.map((each) => keychain.write(each, new Secret(`secret of ${each}`))));
      const reads = await Promise.all([...names, ...names, ...names].map((each) => keychain.read(each)));
      expect(reads.map((read) => read?.reveal())).toEqual(
        [...names, ...names, ...names].map((each) => `secret of ${each}`),
      );
    });

    test.skipIf(secretTool.missing)(
      `has nothing once the item was deleted behind our back${secretTool.note}`,
      async () => {
        await keychain.write(name, new Secret(fakeSecret));
        await execute('secret-tool', ['clear', 'service', service, 'username', name]);
        expect(await keychain.read(name)).toBeUndefined();
        expect(await keychain.remove(name)).toBe(false);
        await keychain.write(name, new Secret('again'));
        expect((await keychain.read(name))?.reveal()).toBe('again');
      },
    );

    test.skipIf(secretTool.missing)(
      `shows in the person's own keychain program${secretTool.note}`,
      async () => {
        await keychain.write(name, new Secret(fakeSecret));
        const { stdout } = await execute('secret-tool', ['lookup', 'service', service, 'username', name]);
        expect(stdout).toBe(fakeSecret);
      },
    );

    test.skipIf(secretTool.missing)(
      `keeps a long secret in one item, where items may be long${secretTool.note}`,
      async () => {
        const text = randomBytes(2048).toString('hex');
        await keychain.write(name, new Secret(text));
        const { stdout } = await execute('secret-tool', ['lookup', 'service', service, 'username', name]);
        expect(stdout).toBe(text);
      },
    );
  },
);

describe('the Credential Manager', () => {
  const items = new Map<string, string>();

  /** The library's entry, with the limit that it has on Windows. */
  class WindowsEntry {
    readonly #item: string;

    constructor(service: string, user: string) {
      this.#item = `${user}.${service}`;
    }

    async getPassword(): Promise<string | null> {
      return items.get(this.#item) ?? null;
    }

    async setPassword(password: string): Promise<void> {
      if (Buffer.byteLength(password, 'utf16le') > 2560) {
        throw new Error(
          "Attribute 'password encoded as UTF-16' is longer than the platform limit of 2560 chars",
        );
      }
      items.set(this.#item, password);
    }

    async deleteCredential(): Promise<boolean> {
      return items.delete(this.#item);
    }
  }

  afterEach(() => {
    vi.doUnmock('@napi-rs/keyring');
    items.clear();
  });

  test('keeps a secret that is longer than its items in several of them', async () => {
    vi.doMock('@napi-rs/keyring', () => ({ AsyncEntry: WindowsEntry }));
    const keychain = openKeychain(service, 'win32');
    const text = randomBytes(2048).toString('hex');
    await keychain.write('session', new Secret(text));
    expect(items.size).toBe(5);
    expect((await keychain.read('session'))?.reveal()).toBe(text);

    await keychain.write('session', new Secret('a'.repeat(1280)));
    expect([...items]).toEqual([[`session.${service}`, 'a'.repeat(1280)]]);
  });
});

const kernelKeyring = needs(process.platform === 'linux', 'the kernel keyring exists on Linux only');

describe.skipIf(kernelKeyring.missing)(`where there is no Secret Service${kernelKeyring.note}`, () => {
  const everything = [`write:name:${fakeSecret}`, 'read:name', 'remove:name'];
  const unavailable = {
    code: 'KeychainUnavailable',
    message: expect.stringMatching(
      /^No Secret Service answered on D-Bus\. Start gnome-keyring.*KeePassXC.*KWallet/,
    ),
  };

  test.skipIf(ownKeyring.missing)(
    `every operation fails, says what to do, and stores the secret nowhere else${ownKeyring.note}`,
    async () => {
      await using session = await startSession();
      await expectNothingStored(session.home, async () => {
        const run = await runModule('keychain-child.ts', everything, session.env);
        expect(outcomesOf(run)).toEqual([unavailable, unavailable, unavailable]);
        return run;
      });
    },
  );

  test.skipIf(ownKeyring.missing)(
    `so does one where the bus's address leads nowhere, and one with no address${ownKeyring.note}`,
    async () => {
      await using session = await startSession();
      for (const address of ['unix:path=/nonexistent/bus', undefined]) {
        await expectNothingStored(session.home, async () => {
          const env = { ...session.env, DBUS_SESSION_BUS_ADDRESS: address };
          const run = await runModule('keychain-child.ts', everything, env);
          expect(outcomesOf(run)).toEqual([unavailable, unavailable, unavailable]);
          return run;
        });
      }
    },
  );
});

describe.skipIf(ownKeyring.missing)(`a locked keychain${ownKeyring.note}`, () => {
  const locked = {
    code: 'KeychainLocked',
    message: expect.stringMatching(/^The keychain is locked.*Unlock it/),
  };

  /** What the bus starts as gnome-keyring's dialog: it notes that it was asked for, and then does what is said. */
  async function startLocked(dialog: string) {
    const session = await startSession({
      'org.gnome.keyring.SystemPrompter': `echo asked >> "$(dirname "$0")/dialogs"; ${dialog}`,
    });
    const keyring = await session.startKeyring();
    await runModule('keychain-child.ts', [`write:name:${fakeSecret}`], session.env);
    await keyring.lock();
    const dialogs = async () =>
      (await readFile(join(session.home, '../dialogs'), 'utf8')).match(/asked/g)?.length;
    return { session, keyring, dialogs };
  }

  test.each([['read:name'], ['write:name:other'], ['remove:name']])(
    'asks the person, and when its dialog is dismissed refuses %s',
    async (operation) => {
      const { session, dialogs } = await startLocked('exit 1');
      await using _ = session;
      const run = await runModule('keychain-child.ts', [operation], session.env);
      expect(outcomesOf(run)).toEqual([locked]);
      expect(run.stdout + run.stderr).not.toContain(fakeSecret);
      expect(await dialogs()).toBe(1);
    },
  );

  test('shows one dialog for all who wait, not one for each', async () => {
    const { session, dialogs } = await startLocked('exit 1');
    await using _ = session;
    const run = await runModule(
      'keychain-child.ts',
      ['read:name', 'read:name', 'read:other', 'remove:name'],
      session.env,
    );
    expect(outcomesOf(run)).toEqual([locked, locked, locked, locked]);
    expect(await dialogs()).toBe(1);
  });

  test('gives the secret again once the next login has unlocked it', async () => {
    const { session, keyring } = await startLocked('exit 1');
    await using _ = session;
    await keyring.end();
    await session.startKeyring();
    const run = await runModule('keychain-child.ts', ['read:name'], session.env);
    expect(outcomesOf(run)).toEqual([fakeSecret]);
  });

  test('leaves the process working while its dialog is open, and lets it end', async ({ signal }) => {
    const { session } = await startLocked('while [ -d "$HOME" ]; do sleep 0.2; done');
    await using _ = session;
    const operations = ['read:name', 'read:name', 'read:name', 'read:name', 'read:name', 'exit:7'];
    const run = await runModule('keychain-child.ts', operations, session.env, signal);
    expect(run).toMatchObject({ exitCode: 7, signal: null, stderr: '' });
  });
});

describe.skipIf(ownKeyring.missing)(`a keychain whose daemon ends${ownKeyring.note}`, () => {
  test('is unavailable from then on, with the reason', async () => {
    await using session = await startSession();
    const keyring = await session.startKeyring();
    const first = await runModule(
      'keychain-child.ts',
      [`write:name:${fakeSecret}`, 'read:name'],
      session.env,
    );
    expect(outcomesOf(first)).toEqual(['written', fakeSecret]);
    await keyring.end();
    const second = await runModule('keychain-child.ts', ['read:name'], session.env);
    expect(outcomesOf(second)).toEqual([expect.objectContaining({ code: 'KeychainUnavailable' })]);
  });
});

function outcomesOf(run: ModuleRun): unknown[] {
  expect(run, run.stderr).toMatchObject({ exitCode: 0, signal: null });
  return z.array(z.unknown()).parse(JSON.parse(run.stdout));
}

/** Runs something, then looks wherever a keychain library might have put a secret instead. */
async function expectNothingStored(home: string, act: () => Promise<ModuleRun>): Promise<void> {
  // A marker, so that a search that finds nothing else is known to work.
  await writeFile(join(home, 'marker'), 'marker');
  const keysBefore = await kernelKeys();
  const run = await act();
  expect(run.stdout + run.stderr).not.toContain(fakeSecret);
  expect(await readdir(home, { recursive: true })).toEqual(['marker']);
  expect(await kernelKeys()).toEqual(keysBefore);
}

/** The kernel's keys of the types that can hold a secret. */
async function kernelKeys(): Promise<string[]> {
  const keys = await readFile('/proc/keys', 'utf8');
  return keys.split('\n').filter((line) => / (user|logon|big_key) /.test(line));
}
