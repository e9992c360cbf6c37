import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import type { Clock, SecretStore } from '../platform/ports.ts';
import { Secret } from '../secret.ts';
import type { Chain, Link } from './chain.ts';
import type { AuditWriter } from './writer.ts';
import { endsWithin } from './time-limit.ts';

/** How often the end of the chain goes to the keychain while there is something new. */
const everyMs = 55_000;
/** How long it waits after a failure, doubled each time: a locked keychain asks the person with each attempt. */
const shortestRetryMs = 60_000;
const longestRetryMs = 60 * 60_000;

/** How long the start waits for a keychain that may be waiting for a person. */
const longestStartMs = 2_000;

const itemName = 'audit-chain';

/** One item for the key and the checkpoint: they are of no use without each other, and so are never of two chains. */
const itemSchema = z.strictObject({
  key: z.string().check(z.regex(/^[\w-]{43}$/)),
  /** The first record that must be there. */
  oldest: z.int(),
  /** The latest checkpoint. */
  sequence: z.int(),
  mac: z.string(),
});

interface StoredChain extends Chain {
  /** The key as the item has it. */
  readonly keyText: Secret;
}

export interface CheckpointsOptions {
  readonly clock: Clock;
  readonly secrets: SecretStore;
  readonly writer: AuditWriter;
  /** `problem` came or went. */
  readonly changed: () => void;
  /** Told what was wrong with the log, or its chain, when the keychain was first read. */
  readonly found: (finding: string) => void;
}

/**
 * The audit log's key and latest checkpoint, in the keychain. That is slow, may wait for a person and may fail: one
 * operation at a time, and nobody waits. Until it has succeeded once, the writer chains records without a key.
 */
export class Checkpoints implements Disposable {
  readonly #options: CheckpointsOptions;
  #stored: StoredChain | undefined;
  #underWay: Promise<void> | undefined;
  #isWantedAgain = false;
  #timer: Disposable | undefined;
  #failures = 0;
  #hasEnded = false;
  #problem: string | undefined;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Why the log is not protected now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** What is in the keychain; undefined while it cannot be used. */
  get stored(): Chain | undefined {
    return this.#stored;
  }

  /** Reads the keychain; it waits no longer than to say that it does. */
  async start(): Promise<void> {
    const isInTime = await endsWithin(longestStartMs, this.#options.clock, this.now());
    if (!isInTime) this.#setProblem('the keychain has not answered yet');
  }

  /** Something was written. @param soon a checkpoint is due at once, not in a minute */
  wanted(soon: boolean): void {
    // After a failure a timer runs, which nothing hurries.
    if (this.#failures > 0) return;
    if (soon) void this.now();
    else if (this.#timer === undefined) this.#schedule(everyMs);
  }

  /** Brings the keychain up to date, or reads it for the first time. Never rejects: `problem` tells. */
  now(): Promise<void> {
    if (this.#underWay) {
      this.#isWantedAgain = true;
      return this.#underWay;
    }
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#underWay = this.#attempts().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  /** The last checkpoint. Where the keychain failed, it is not asked once more: it might ask the person. */
  async end(): Promise<void> {
    await this.#underWay;
    if (this.#failures === 0) await this.now();
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#timer?.[Symbol.dispose]();
  }

  async #attempts(): Promise<void> {
    try {
      do {
        if (this.#stored === undefined) await this.#begin();
        else await this.#store(this.#stored);
      } while (this.#takeWantedAgain());
      this.#failures = 0;
      this.#setProblem(undefined);
    } catch (error) {
      this.#isWantedAgain = false;
      const delayMs = Math.min(longestRetryMs, shortestRetryMs * 2 ** this.#failures);
      this.#failures += 1;
      this.#schedule(delayMs);
      this.#setProblem(error instanceof Failure ? error.message : 'its checkpoint could not be stored');
    }
  }

  #takeWantedAgain(): boolean {
    const wasWanted = this.#isWantedAgain;
    this.#isWantedAgain = false;
    return wasWanted;
  }

  #schedule(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    if (!this.#hasEnded) this.#timer = this.#options.clock.schedule(delayMs, () => void this.now());
  }

  /** Goes on with the chain that the keychain knows, or begins one. */
  async #begin(): Promise<void> {
    const { secrets, writer, found } = this.#options;
    const item = await secrets.read(itemName);
    const known = item && parse(item);
    const chain = known ?? (await this.#create(item !== undefined));
    const isIntact = await writer.goOnWith(chain);
    if (!isIntact)
      found('the log does not go on as it was at the last checkpoint: records are missing or were changed');
    this.#stored = chain;
  }

  /** A new chain. Its key is stored before it is used: what is written with it can always be verified. */
  async #create(wasUnreadable: boolean): Promise<StoredChain> {
    const { secrets, writer, found } = this.#options;
    const checkpoint = await writer.endChain();
    const keyText = new Secret(randomBytes(32).toString('base64url'));
    const oldest = checkpoint.sequence + 1;
    await secrets.write(itemName, itemOf(keyText, oldest, checkpoint));
    if (wasUnreadable) found('a new chain: the item in the keychain was not one that Latchkey wrote');
    else if (checkpoint.sequence > 0)
      found(
        secrets.kind === 'memory'
          ? 'a new chain: its key is in memory only, and that of the records before is gone'
          : 'a new chain: the keychain has no key of the records before',
      );
    return { keyText, key: keyOf(keyText), oldest, checkpoint };
  }

  async #store(stored: StoredChain): Promise<void> {
    const { secrets, writer } = this.#options;
    const { head, oldest } = await writer.lastingHead();
    if (head.sequence === stored.checkpoint.sequence && oldest === stored.oldest) return;
    await secrets.write(itemName, itemOf(stored.keyText, oldest, head));
    this.#stored = { ...stored, oldest, checkpoint: head };
    await writer.removeSurplus();
  }

  #setProblem(reason: string | undefined): void {
    const problem = reason && `The audit log is written, but its latest records are not protected: ${reason}`;
    if (this.#problem === problem) return;
    this.#problem = problem;
    this.#options.changed();
  }
}

function itemOf(keyText: Secret, oldest: number, { sequence, mac }: Link): Secret {
  const item: z.output<typeof itemSchema> = { key: keyText.reveal(), oldest, sequence, mac };
  return new Secret(JSON.stringify(item));
}

/** Undefined for an item that Latchkey did not write. */
function parse(item: Secret): StoredChain | undefined {
  let document: unknown;
  try {
    document = JSON.parse(item.reveal());
  } catch {
    // The parser's own error repeats a part of the text.
  }
  const parsed = itemSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { oldest, sequence, mac } = parsed.data;
  const keyText = new Secret(parsed.data.key);
  return { keyText, key: keyOf(keyText), oldest, checkpoint: { sequence, mac } };
}

function keyOf(keyText: Secret): KeyObject {
  return createSecretKey(Buffer.from(keyText.reveal(), 'base64url'));
}
