/** The MFA codes that a call waits for: asked for on the terminal, or read from standard input. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem, Prompt } from '../../preload/contract.ts';
import type { BrokerClient } from '../control/client.ts';
import { Refusal, refusalOf } from './command.ts';
import { Lines } from './lines.ts';
import { inWords, oneLine } from './output.ts';
import type { Terminal } from './terminal.ts';
import type { WatchedState } from './watched-state.ts';

export const mostTries = 3;
/** What takes this long is told about: STS answers within a second, and the person looks at nothing. */
const quietMs = 1000;

/**
 * Answers prompts with what a person types, or a script has written. Standard input, or the terminal in its place, is
 * read once a code is wanted.
 */
export class Codes implements Disposable {
  readonly #broker: BrokerClient;
  readonly #state: WatchedState;
  readonly #terminal: Terminal | undefined;
  #lines: Lines | undefined;
  /** There once Ctrl-C was typed while a prompt of this command's own was open; it ends the process. */
  #interruption: Promise<unknown> | undefined;

  /** @param terminal where to ask in place of the standard streams, for a command whose streams are another program's */
  constructor(broker: BrokerClient, state: WatchedState, terminal?: Terminal) {
    this.#broker = broker;
    this.#state = state;
    this.#terminal = terminal;
  }

  /**
   * Answers every prompt that `find` gives, until `call`, which gets a session of the profile `name`, is settled.
   * What came of the call is left to whoever awaits it.
   * @throws Refusal where a code is not to be had, or was not accepted
   */
  async give(call: Promise<unknown>, name: string, find: () => Prompt | undefined): Promise<void> {
    const settled = call.then(() => undefined);
    // It may reject while nobody waits for it here.
    settled.catch(() => undefined);
    // Standard error has nothing but errors where a script reads it.
    const isSeen = this.#terminal !== undefined || process.stderr.isTTY;
    const quiet = isSeen
      ? setTimeout(() => {
          // Else it is a person that is waited for.
          if (!this.#state.isApprovalWanted(name)) this.#say(`getting a session of ${name}…`);
        }, quietMs)
      : undefined;
    try {
      for (;;) {
        const prompt = await Promise.race([settled, this.#state.until(find)]);
        clearTimeout(quiet);
        if (prompt === undefined) return;
        const interruption = isOwn(prompt, name) ? this.#cancelWhenInterrupted(prompt) : undefined;
        try {
          await this.#giveTo(prompt, settled);
        } finally {
          interruption?.[Symbol.dispose]();
        }
      }
    } finally {
      clearTimeout(quiet);
      // The cancelled prompt's call ends, too, and would have the last word.
      await this.#interruption;
    }
  }

  [Symbol.dispose](): void {
    this.#lines?.[Symbol.dispose]();
  }

  /** Asks for a prompt's code until STS took it, or it was given elsewhere. */
  async #giveTo(prompt: Prompt, settled: Promise<undefined>): Promise<void> {
    const isOver = new AbortController();
    const over = Promise.race([
      settled,
      this.#state.until(() => (this.#state.prompts.some(isSameAs(prompt)) ? undefined : true)),
    ]).finally(() => {
      isOver.abort();
    });
    over.catch(() => undefined);
    let wrong = '';
    for (let triesLeft = mostTries; ; triesLeft -= 1) {
      if (this.#isTyped) await this.#untilNextCode(prompt, wrong, isOver.signal);
      const code = await this.#ask(prompt, isOver.signal);
      if (code === undefined) return;
      const answer = await this.#broker.call('mfa.answer', { serial: prompt.serial, code });
      if ('value' in answer) {
        // Until the events say so the prompt looks open, and would be asked for again.
        await over;
        return;
      }
      if (isOver.signal.aborted) return;
      const { problem } = answer;
      if (!isWorthAnother(problem) || triesLeft === 1 || !this.#isTyped) throw refusalOf(problem);
      wrong = oneLine(problem.message);
    }
  }

  /** A code from the person, undefined where it is no longer wanted. */
  async #ask(prompt: Prompt, over: AbortSignal): Promise<string | undefined> {
    const serial = oneLine(prompt.serial);
    const isAsked = this.#isTyped && !over.aborted;
    if (isAsked) this.#write(`MFA code for ${serial}: `);
    this.#lines ??= new Lines(this.#terminal?.input);
    const line = await this.#lines.next(over);
    if (over.aborted) {
      await this.#interruption;
      if (this.#isTyped)
        this.#say(`${isAsked ? '\n' : ''}The code was given elsewhere, or is not needed any more.`);
      return undefined;
    }
    if (line === undefined)
      throw new Refusal(
        `an MFA code of ${serial} is needed; give it on standard input, or with: latchkey mfa CODE`,
      );
    // Authenticators show codes in groups.
    return line.replaceAll(/\s/g, '');
  }

  /** Says what was wrong with the last code, and where the one that the device shows has been used waits for the next. */
  async #untilNextCode(prompt: Prompt, wrong: string, over: AbortSignal): Promise<void> {
    // Asked for afresh: the events come by another connection, and may come after the refusal of a used code.
    const answer = await this.#broker.call('state.read', {});
    const prompts = 'value' in answer ? answer.value.status.prompts : this.#state.prompts;
    const waitMs = (prompts.find(isSameAs(prompt))?.nextCodeAtMs ?? 0) - Date.now();
    if (waitMs <= 0) {
      if (wrong !== '') this.#say(wrong);
      return;
    }
    const used = wrong === '' ? 'The code that the device shows has been used.' : wrong;
    this.#say(`${used} The next one comes in ${inWords(Math.ceil(waitMs / 1000) * 1000)}.`);
    await delay(waitMs, undefined, { signal: over }).catch(() => undefined);
  }

  /**
   * Until the result is disposed, Ctrl-C cancels a prompt before it ends the process: nobody would give its code, and
   * the window would go on asking for it. A second one ends it at once.
   */
  #cancelWhenInterrupted({ serial }: Prompt): Disposable {
    const others = process.listeners('SIGINT');
    const cancel = () => {
      this.#interruption = this.#broker
        .call('mfa.cancel', { serial })
        .catch(() => undefined)
        .finally(() => {
          for (const other of others) other('SIGINT');
        });
    };
    process.removeAllListeners('SIGINT');
    process.once('SIGINT', cancel);
    return {
      [Symbol.dispose]: () => {
        process.off('SIGINT', cancel);
        for (const other of others) process.on('SIGINT', other);
      },
    };
  }

  /** Whether a person types the codes. */
  get #isTyped(): boolean {
    return this.#terminal !== undefined || process.stdin.isTTY;
  }

  #say(line: string): void {
    this.#write(`${line}\n`);
  }

  #write(text: string): void {
    if (this.#terminal) this.#terminal.write(text);
    else process.stderr.write(text);
  }
}

/** Whether a code that was not accepted may be followed by one that is. */
export function isWorthAnother({ code }: Problem): boolean {
  return code === 'MfaRejected' || code === 'InvalidInput';
}

/** Whether a prompt was opened for this command, and not for whoever else waits for the device. */
function isOwn({ profile, cause, sinceMs }: Prompt, name: string): boolean {
  return profile === name && cause === 'person' && sinceMs >= performance.timeOrigin;
}

/** Whether it is the very same prompt: a device may ask for another code at once. */
function isSameAs({ serial, profile, sinceMs }: Prompt): (other: Prompt) => boolean {
  return (other) => other.serial === serial && other.profile === profile && other.sinceMs === sinceMs;
}
