/**
 * The way into the interface in a browser: a secret that works once and for a short time, carried by a link's
 * fragment (which no browser sends to a server or to another page), is exchanged for a token.
 *
 * There is no cookie on purpose: cookies ignore ports, so every server on 127.0.0.1 would get it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Client, Clock } from '../platform/ports.ts';

/** How long a secret can be exchanged. */
export const secretLifeMs = 5 * 60 * 1000;
/** A token that nobody used for this long has ended. */
export const idleTokenLifeMs = 12 * 60 * 60 * 1000;
/** How many secrets and tokens there may be; the oldest give way. */
const mostSecrets = 16;
const mostTokens = 64;

/** Who signed in. */
export interface SignedIn {
  /** The program that asked for the link; undefined where none did. */
  readonly openedBy: Client | undefined;
}

interface Token extends SignedIn {
  readonly hash: Buffer;
  usedAtElapsedMs: number;
}

interface OutstandingSecret extends SignedIn {
  readonly hash: Buffer;
  readonly madeAtMs: number;
}

/** Who may use the browser's server. Everything is in memory, so a restart signs everybody out. */
export class SignIn {
  readonly #clock: Clock;
  #secrets: OutstandingSecret[] = [];
  #tokens: Token[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new secret of 256 bits for a link that a program asked for, good for one exchange within {@link secretLifeMs}. */
  newSecret(openedBy?: Client): string {
    const secret = randomText();
    const made = { hash: hashOf(secret), madeAtMs: this.#clock.now(), openedBy };
    this.#secrets = [...this.#secrets, made].slice(-mostSecrets);
    return secret;
  }

  /** The token for a secret, which is used up by it; undefined for one that is wrong, used or too old. */
  exchange(secret: string): string | undefined {
    const now = this.#clock.now();
    const hash = hashOf(secret);
    const outstanding = this.#secrets.find((candidate) => timingSafeEqual(candidate.hash, hash));
    this.#secrets = this.#secrets.filter((candidate) => candidate !== outstanding);
    // A clock that was set back makes the age negative: not to be trusted either.
    if (outstanding === undefined || now < outstanding.madeAtMs) return undefined;
    if (now >= outstanding.madeAtMs + secretLifeMs) return undefined;
    const token = randomText();
    const { openedBy } = outstanding;
    const made = { hash: hashOf(token), usedAtElapsedMs: this.#clock.elapsed(), openedBy };
    this.#tokens = [...this.#tokens, made].slice(-mostTokens);
    return token;
  }

  /** Who has the token of an `Authorization` header; undefined where it has none that was handed out. */
  signedIn(authorization: string | undefined): SignedIn | undefined {
    const [, token] = /^Bearer ([\w-]{1,64})$/.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    const hash = hashOf(token);
    const now = this.#clock.elapsed();
    this.#tokens = this.#tokens.filter(({ usedAtElapsedMs }) => now - usedAtElapsedMs < idleTokenLifeMs);
    const known = this.#tokens.find((candidate) => timingSafeEqual(candidate.hash, hash));
    if (known) known.usedAtElapsedMs = now;
    return known;
  }
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of secrets and tokens, so that the memory of this process gives none away. */
function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
