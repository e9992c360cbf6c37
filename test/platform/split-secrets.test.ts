import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Failure } from '../../main/failure.ts';
import { openKeychain } from '../../main/platform/keychain.ts';
import type { SecretStore } from '../../main/platform/ports.ts';
import { splitSecrets } from '../../main/platform/split-secrets.ts';
import { Secret } from '../../main/secret.ts';
import { unlockedSecretService } from './secret-service.ts';

/** The least that there can be, so that short texts take many items. The Credential Manager has 1,280. */
const longest = 100;
const name = 'session/0123456789abcdef';

/** A store with the limit of the Credential Manager, which ends like a process that crashes when it is told to. */
class LimitedStore implements SecretStore {
  readonly kind = 'keychain';
  readonly items = new Map<string, string>();
  readonly #longest: number;
  /** How many more items are written or removed before the crash. */
  changesLeft = Infinity;

  constructor(longestItem = longest) {
    this.#longest = longestItem;
  }

  /** For the same items after a crash: none of what an earlier one had in memory is left. */
  open(): SecretStore {
    this.changesLeft = Infinity;
    return splitSecrets(this, this.#longest);
  }

  async read(item: string): Promise<Secret | undefined> {
    const text = this.items.get(item);
    return text === undefined ? undefined : new Secret(text);
  }

  async write(item: string, secret: Secret): Promise<void> {
    this.#change();
    const text = secret.reveal();
    if (text.length > this.#longest) throw new Failure('KeychainUnavailable', 'longer than the limit');
    // As every keychain does, it stores characters: half of a surrogate pair becomes another one.
    this.items.set(item, Buffer.from(text).toString());
  }

  async remove(item: string): Promise<boolean> {
    this.#change();
    return this.items.delete(item);
  }

  #change(): void {
    if (this.changesLeft === 0) throw new Error('crash');
    this.changesLeft -= 1;
  }
}

/** Runs of one character each, which reach across cuts at any place. A list of characters takes minutes to shrink. */
const runs = fc
  .array(fc.tuple(fc.constantFrom('a', 'é', '鍵', '🔑'), fc.nat(3 * longest)), { maxLength: 4 })
  .map((some) => some.map(([character, count]) => character.repeat(count)).join(''));

const texts = fc.oneof(
  runs,
  fc.string({ unit: 'binary' }),
  fc.tuple(fc.string(), runs).map(([start, rest]) => `latchkey-parts:${start}${rest}`),
);

function succeeds(operation: Promise<unknown>): Promise<boolean> {
  return operation.then(
    () => true,
    () => false,
  );
}

/** How many items a text takes where nothing was before. */
async function itemsOf(text: string): Promise<number> {
  const store = new LimitedStore();
  await store.open().write(name, new Secret(text));
  return store.items.size;
}

function textOf(secret: Secret | undefined): string | undefined {
  return secret?.reveal();
}

test('gives back whatever text was stored', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const secrets = new LimitedStore().open();
      await secrets.write(name, new Secret(text));
      expect(textOf(await secrets.read(name))).toBe(text);
    }),
  );
});

test('gives back the latest of several texts, and has no more items than that one needs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 4 }), async (several) => {
      const store = new LimitedStore();
      const secrets = store.open();
      for (const text of several) await secrets.write(name, new Secret(text));
      const latest = several.at(-1) ?? '';
      expect(textOf(await secrets.read(name))).toBe(latest);
      expect(store.items.size).toBe(await itemsOf(latest));
    }),
  );
});

test('stores a text of up to the limit as it stands, and a longer one in parts', async () => {
  const store = new LimitedStore();
  const secrets = store.open();
  const text = 'a'.repeat(longest);
  await secrets.write(name, new Secret(text));
  expect([...store.items]).toEqual([[name, text]]);
  await secrets.write(name, new Secret(`${text}a`));
  expect(store.items.size).toBe(3);
});

test('reads what was stored before there were parts', async () => {
  const store = new LimitedStore();
  store.items.set(name, 'stored before');
  const secrets = store.open();
  expect(textOf(await secrets.read(name))).toBe('stored before');
  await secrets.write(name, new Secret('b'.repeat(3 * longest)));
  expect(textOf(await secrets.read(name))).toBe('b'.repeat(3 * longest));
});

test('takes no text for one in parts, not even the item of one in parts', async () => {
  const store = new LimitedStore();
  const secrets = store.open();
  await secrets.write(name, new Secret('c'.repeat(3 * longest)));
  const item = store.items.get(name) ?? '';
  await secrets.write(name, new Secret(item));
  expect(textOf(await secrets.read(name))).toBe(item);
  await secrets.write('session/other', new Secret(item));
  expect(textOf(await secrets.read('session/other'))).toBe(item);
});

test('removes all parts, and says whether there was a secret', async () => {
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const store = new LimitedStore();
      const secrets = store.open();
      expect(await secrets.remove(name)).toBe(false);
      await secrets.write(name, new Secret(text));
      expect(await secrets.remove(name)).toBe(true);
      expect(await secrets.read(name)).toBeUndefined();
      expect([...store.items]).toEqual([]);
    }),
  );
});

test('keeps the secrets of different names apart', async () => {
  const secrets = new LimitedStore().open();
  await secrets.write('session/1', new Secret('1'.repeat(3 * longest)));
  await secrets.write('session/2', new Secret('2'.repeat(3 * longest)));
  await secrets.remove('session/1');
  expect(textOf(await secrets.read('session/2'))).toBe('2'.repeat(3 * longest));
});

const before = [
  { before: 'nothing', old: undefined },
  { before: 'a short text', old: 'old' },
  { before: 'three parts', old: 'o'.repeat(3 * longest) },
  { before: 'six parts', old: 'o'.repeat(6 * longest) },
];
const after = [
  { after: 'a short text', text: 'new' },
  { after: 'two parts', text: 'n'.repeat(2 * longest) },
  { after: 'five parts', text: 'n'.repeat(5 * longest) },
];
const replacements = before.flatMap((one) => after.map((other) => ({ ...one, ...other })));

test.each(replacements)(
  'a crash at any change from $before to $after leaves the one or the other',
  async ({ old, text }) => {
    const seen = new Set<string | undefined>();
    for (let changes = 0, isWritten = false; !isWritten; changes += 1) {
      const store = new LimitedStore();
      if (old !== undefined) await store.open().write(name, new Secret(old));
      const secrets = store.open();
      store.changesLeft = changes;
      isWritten = await succeeds(secrets.write(name, new Secret(text)));
      const left = textOf(await store.open().read(name));
      expect([old, text]).toContain(left);
      seen.add(left);
    }
    // The first crash came before the new text was there, and the end after it.
    expect([...seen]).toEqual([old, text]);
  },
);

test.each(after)('a crash while $after is removed leaves the text or none', async ({ text }) => {
  for (let changes = 0, isRemoved = false; !isRemoved; changes += 1) {
    const store = new LimitedStore();
    await store.open().write(name, new Secret(text));
    const secrets = store.open();
    store.changesLeft = changes;
    isRemoved = await succeeds(secrets.remove(name));
    expect([text, undefined]).toContain(textOf(await store.open().read(name)));
  }
});

test('after any number of crashes the last text is whole, and no part of another is left', async () => {
  const crashes = fc.array(fc.tuple(fc.option(texts), fc.nat(20)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(crashes, texts, async (attempts, text) => {
      const store = new LimitedStore();
      const possible = new Set<string | undefined>([undefined]);
      for (const [attempt, changes] of attempts) {
        const secrets = store.open();
        store.changesLeft = changes;
        const operation = attempt === null ? secrets.remove(name) : secrets.write(name, new Secret(attempt));
        await succeeds(operation);
        possible.add(attempt ?? undefined);
        expect(possible).toContain(textOf(await store.open().read(name)));
      }
      const secrets = store.open();
      await secrets.write(name, new Secret(text));
      expect(textOf(await secrets.read(name))).toBe(text);
      expect(store.items.size).toBe(await itemsOf(text));
      await secrets.remove(name);
      expect([...store.items]).toEqual([]);
    }),
  );
});

const firstSet = `${name}/part-a`;
test.each<[string, (items: Map<string, string>) => void]>([
  ['whose first part is missing', (items) => items.delete(`${firstSet}1`)],
  ['whose last part is missing', (items) => items.delete(`${firstSet}3`)],
  ['with a part of another secret', (items) => items.set(`${firstSet}2`, 'x'.repeat(longest))],
  [
    'whose parts changed places',
    (items) => items.set(`${firstSet}2`, '3'.repeat(longest)).set(`${firstSet}3`, '2'.repeat(longest)),
  ],
  ['whose item was cut', (items) => items.set(name, (items.get(name) ?? '').slice(0, -1))],
  ['whose item is not of this form', (items) => items.set(name, 'latchkey-parts:c:1:')],
])('refuses a secret %s, quotes none of it, and can be given another', async (_what, damage) => {
  const store = new LimitedStore();
  const secrets = store.open();
  await secrets.write(name, new Secret(['1', '2', '3'].map((digit) => digit.repeat(longest)).join('')));
  expect([...store.items.keys()].toSorted()).toEqual([name, `${firstSet}1`, `${firstSet}2`, `${firstSet}3`]);
  damage(store.items);

  const failure: unknown = await secrets.read(name).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Failure);
  expect(failure).toMatchObject({
    code: 'InvalidInput',
    message: `The keychain item "${name}" is damaged: parts of it are missing or do not belong to it. It must be stored again.`,
    cause: undefined,
  });

  await secrets.write(name, new Secret('y'.repeat(2 * longest)));
  expect(textOf(await secrets.read(name))).toBe('y'.repeat(2 * longest));
});

test('refuses what the store refuses, and serves the next', async () => {
  const store = new LimitedStore();
  const secrets = store.open();
  store.changesLeft = 1;
  const write = secrets.write(name, new Secret('d'.repeat(3 * longest)));
  const read = secrets.read(name);
  await expect(write).rejects.toThrow('crash');
  expect(await read).toBeUndefined();
});

test('whoever reads while another writes gets a whole text', async () => {
  const secrets = new LimitedStore().open();
  const generations = ['1', '2', '3'].map((digit) => digit.repeat(3 * longest));
  const reads = generations.map((text) => {
    void secrets.write(name, new Secret(text));
    return secrets.read(name);
  });
  expect((await Promise.all(reads)).map(textOf)).toEqual(generations);
});

test('cuts a session of 3 KB for the Credential Manager into three parts', async () => {
  const store = new LimitedStore(1280);
  const text = 'e'.repeat(3000);
  await store.open().write(name, new Secret(text));
  expect([...store.items.values()].map((item) => item.length).toSorted((one, other) => one - other)).toEqual([
    83, 440, 1280, 1280,
  ]);
  expect(textOf(await store.open().read(name))).toBe(text);
});

test.skipIf(unlockedSecretService.missing)(
  `keeps long secrets in the keychain of this session, and takes all of them out${unlockedSecretService.note}`,
  async () => {
    const keychain = openKeychain(`latchkey-test-${randomBytes(6).toString('hex')}`, 'linux');
    const secrets = splitSecrets(keychain, 1280);
    const parts = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'].map((part) => `${name}/part-${part}`);
    const present = async () => {
      const found = await Promise.all([name, ...parts].map((item) => keychain.read(item)));
      return found.filter((item) => item !== undefined).length;
    };
    try {
      for (const text of ['🔑'.repeat(1500), 'ключ '.repeat(400), 'short']) {
        await secrets.write(name, new Secret(text));
        expect(textOf(await secrets.read(name))).toBe(text);
        expect(await present()).toBe(text === 'short' ? 1 : 1 + Math.ceil(text.length / 1280));
      }
      await secrets.write(name, new Secret('🔑'.repeat(1500)));
    } finally {
      await secrets.remove(name);
    }
    expect(await present()).toBe(0);
  },
);
