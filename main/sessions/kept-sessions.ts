import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { Failure } from '../failure.ts';
import type { SecretStore } from '../platform/ports.ts';
import { Secret } from '../secret.ts';
import type { Session } from '../sts/session.ts';

const keptSchema = z.strictObject({
  /** The identity of the step it belongs to, whole: the item's name has only its hash. */
  step: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
  issuedAtMs: z.number(),
  expiresAtMs: z.number(),
});

/** A keychain that waits for a person must not keep Latchkey from ending. */
const longestEndMs = 2000;

export interface KeptSessionsOptions {
  readonly secrets: SecretStore;
  /** Whether the person wants sessions to be kept; what was kept before is still forgotten when it must be. */
  readonly isOn: () => boolean;
  /** Told what could not be done, in a line without a secret. */
  readonly warn: (message: string) => void;
}

/**
 * Sessions that took an MFA code, in the keychain, so that nobody is asked for another one after a restart. Keeping is
 * a comfort: where the keychain fails, it is as if nothing had been kept.
 */
export class KeptSessions implements AsyncDisposable {
  readonly #options: KeptSessionsOptions;
  /** One operation after the other, so that what was forgotten is not read again. */
  #last: Promise<unknown> = Promise.resolve();
  /** Steps whose item is to be gone, also where the keychain did not let go of it. */
  readonly #forgotten = new Set<string>();

  constructor(options: KeptSessionsOptions) {
    this.#options = options;
  }

  /** The session kept for a step, or undefined. It may have ended: STS knows. */
  read(step: string): Promise<Session | undefined> {
    return this.#inTurn('read', async (secrets) => {
      if (this.#forgotten.has(step)) return undefined;
      if (!this.#options.isOn()) {
        // One from before it was turned off.
        await secrets.remove(itemName(step));
        return undefined;
      }
      const item = await secrets.read(itemName(step));
      return item && parse(item, step);
    });
  }

  keep(step: string, session: Session): Promise<void> {
    return this.#inTurn('kept', async (secrets) => {
      if (!this.#options.isOn()) return;
      const document: z.output<typeof keptSchema> = {
        step,
        accessKeyId: session.accessKeyId,
        secretAccessKey: session.secretAccessKey.reveal(),
        sessionToken: session.sessionToken.reveal(),
        issuedAtMs: session.issuedAtMs,
        expiresAtMs: session.expiresAtMs,
      };
      await secrets.write(itemName(step), new Secret(JSON.stringify(document)));
      this.#forgotten.delete(step);
    }).then(() => undefined);
  }

  /** From now on `read` has nothing for the step, whether or not the keychain lets go of the item. */
  forget(step: string): Promise<void> {
    this.#forgotten.add(step);
    return this.#inTurn('forgotten', async (secrets) => {
      // One that was to be kept before has cleared the mark meanwhile.
      this.#forgotten.add(step);
      await secrets.remove(itemName(step));
      this.#forgotten.delete(step);
    }).then(() => undefined);
  }

  /** Waits for what was begun: who locks and quits at once must not find the session kept after all. */
  async [Symbol.asyncDispose](): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise((resolve) => {
      timer = setTimeout(resolve, longestEndMs);
    });
    await Promise.race([this.#last, tooLong]);
    clearTimeout(timer);
  }

  #inTurn<Result>(what: string, operation: (secrets: SecretStore) => Promise<Result>) {
    const result = this.#last.then(() =>
      operation(this.#options.secrets).catch((error: unknown) => {
        const reason = error instanceof Failure ? error.message : 'an unexpected fault';
        this.#options.warn(`An MFA session could not be ${what}: ${reason}`);
        return undefined;
      }),
    );
    this.#last = result;
    return result;
  }
}

function itemName(step: string): string {
  return `session/${createHash('sha256').update(step).digest('hex').slice(0, 32)}`;
}

/** @throws Failure InvalidInput where the item is cut, of another form, or of another step */
function parse(item: Secret, step: string): Session {
  let document: unknown;
  try {
    document = JSON.parse(item.reveal());
  } catch {
    // The parser's own error repeats a part of the text.
  }
  const parsed = keptSchema.safeParse(document);
  if (!parsed.success || parsed.data.step !== step) {
    throw new Failure('InvalidInput', 'its keychain item is not one that Latchkey wrote for it');
  }
  const { accessKeyId, secretAccessKey, sessionToken, issuedAtMs, expiresAtMs } = parsed.data;
  return {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: new Secret(sessionToken),
    issuedAtMs,
    expiresAtMs,
  };
}
