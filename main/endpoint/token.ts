import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../platform/ports.ts';

/** The longest life that IMDSv2 gives a token, in seconds: 6 hours. */
export const longestTokenLifeSeconds = 21_600;

const mostKnown = 1024;
const macBytes = 32;
const timeBytes = 6;
const tokenLength = Math.ceil(((timeBytes + macBytes) * 4) / 3);

/** Lives as long as the process: tokens of an earlier run are none. */
const processKey = randomBytes(32);

/**
 * IMDSv2 tokens that need no memory: the end of their life and an HMAC over it and the listener they are for. So no
 * number of tokens can push another out, and one listener's token opens no other.
 */
export class TokenIssuer {
  readonly #clock: Clock;
  readonly #listener: string;
  readonly #key: Buffer;
  /** Ends of tokens that were found good, so that a client's next request costs no HMAC. Forgetting costs one. */
  readonly #known = new Map<string, number>();

  /** @param listener `ADDRESS:PORT` */
  constructor(clock: Clock, listener: string, key = processKey) {
    this.#clock = clock;
    this.#listener = listener;
    this.#key = key;
  }

  /** A token that is good for `lifeSeconds`. */
  issue(lifeSeconds: number): string {
    const time = Buffer.alloc(timeBytes);
    time.writeUIntBE(this.#clock.now() + lifeSeconds * 1000, 0, timeBytes);
    return Buffer.concat([time, this.#mac(time)]).toString('base64url');
  }

  /** The whole seconds a token is still good for; undefined for one that has ended or was not issued here. */
  remainingSeconds(token: string): number | undefined {
    const endMs = this.#known.get(token) ?? this.#verify(token);
    if (endMs === undefined) return undefined;
    const remainingMs = endMs - this.#clock.now();
    return remainingMs > 0 ? Math.ceil(remainingMs / 1000) : undefined;
  }

  /** The end of a token that was issued here. */
  #verify(token: string): number | undefined {
    // Node's decoder skips what is not Base64: only the exact length is one token's only spelling.
    if (token.length !== tokenLength) return undefined;
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length !== timeBytes + macBytes) return undefined;
    const time = bytes.subarray(0, timeBytes);
    if (!timingSafeEqual(bytes.subarray(timeBytes), this.#mac(time))) return undefined;
    const endMs = time.readUIntBE(0, timeBytes);
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(token, endMs);
    return endMs;
  }

  #mac(time: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(this.#listener).update(time).digest();
  }
}
