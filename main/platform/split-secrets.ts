import { createHash } from 'node:crypto';
import { Failure } from '../failure.ts';
import { Secret } from '../secret.ts';
import type { SecretStore } from './ports.ts';

/** What the item of a secret in parts begins with. */
const mark = 'latchkey-parts:';

/** In such an item: which set of parts, how many, and the SHA-256 of the whole text. */
const headForm = /^latchkey-parts:([ab]):(\d+):([0-9a-f]{64})$/;

/** The secret lives in one set while the other is written. */
type PartSet = 'a' | 'b';

interface Head {
  readonly set: PartSet;
  readonly count: number;
  readonly hash: string;
}

/**
 * A store whose items may be longer than those of `store`: what is longer than `longest` is kept in several of them.
 * The item under the secret's own name then tells of the parts, which are at `NAME/part-a1`, `NAME/part-a2`, … or
 * `NAME/part-b1`, …; no secret may be given such a name. What is short enough is stored as it is.
 *
 * Where a crash stops `write`, the old secret or the new one is read; where it stops `remove`, the old one or none.
 * Parts that it leaves behind go with the next `write` or `remove` of that name.
 *
 * Besides what `store` rejects with, `read` rejects with a `Failure` of code `InvalidInput` where parts are missing or
 * are not those of the secret that was written.
 *
 * @param longest in UTF-16 code units, as a string's length; at least 100, for an item that tells of parts.
 */
export function splitSecrets(store: SecretStore, longest: number): SecretStore {
  let last: Promise<unknown> = Promise.resolve();

  /** One operation at a time: whoever reads must not lose the parts half-way to somebody who writes. */
  function inTurn<Result>(operation: () => Promise<Result>): Promise<Result> {
    const result = last.then(operation, operation);
    last = result;
    return result;
  }

  async function read(name: string): Promise<Secret | undefined> {
    const item = await store.read(name);
    if (!item?.reveal().startsWith(mark)) return item;
    const head = parseHead(item);
    let text = '';
    for (let place = 1; head && place <= head.count; place += 1) {
      const part = await store.read(partName(name, head.set, place));
      if (!part) break;
      text += part.reveal();
    }
    if (head?.hash === hashOf(text)) return new Secret(text);
    throw new Failure(
      'InvalidInput',
      `The keychain item "${name}" is damaged: parts of it are missing or do not belong to it. It must be stored again.`,
    );
  }

  async function write(name: string, secret: Secret): Promise<void> {
    const old = await store.read(name);
    const used = old && parseHead(old)?.set;
    const free = used === 'a' ? 'b' : 'a';
    await clear(name, free);
    await store.write(name, isShort(secret) ? secret : await writeParts(name, free, secret));
    await clear(name, free === 'a' ? 'b' : 'a');
  }

  /** A short text that begins as an item of parts does would be taken for one. */
  function isShort(secret: Secret): boolean {
    return secret.reveal().length <= longest && !secret.reveal().startsWith(mark);
  }

  /** Writes the parts of a secret, and returns what goes under its name. */
  async function writeParts(name: string, set: PartSet, secret: Secret): Promise<Secret> {
    const parts = cut(secret.reveal(), longest);
    for (const [index, part] of parts.entries()) {
      await store.write(partName(name, set, index + 1), new Secret(part));
    }
    return new Secret(`${mark}${set}:${parts.length}:${hashOf(secret.reveal())}`);
  }

  /**
   * Removes what there is of a set, the last part first, as parts are written the first one first: whatever stops
   * either of them, what remains begins at the first part, and so is found again without a list.
   */
  async function clear(name: string, set: PartSet): Promise<void> {
    let count = 0;
    while (await store.read(partName(name, set, count + 1))) count += 1;
    for (; count > 0; count -= 1) await store.remove(partName(name, set, count));
  }

  return {
    kind: store.kind,
    read: (name) => inTurn(() => read(name)),
    write: (name, secret) => inTurn(() => write(name, secret)),
    remove: (name) =>
      inTurn(async () => {
        const existed = await store.remove(name);
        await clear(name, 'a');
        await clear(name, 'b');
        return existed;
      }),
  };
}

function partName(name: string, set: PartSet, place: number): string {
  return `${name}/part-${set}${place}`;
}

function parseHead(item: Secret): Head | undefined {
  const [, set, count, hash] = headForm.exec(item.reveal()) ?? [];
  if (hash === undefined) return undefined;
  return { set: set === 'a' ? 'a' : 'b', count: Number(count), hash };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Cuts between characters: half of a surrogate pair is no text, and no keychain gives it back. */
function cut(text: string, longest: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (start < text.length) {
    const isPairCut = (text.codePointAt(start + longest - 1) ?? 0) > 0xffff;
    const end = start + longest - (isPairCut ? 1 : 0);
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}
