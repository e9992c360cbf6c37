import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Demand } from './demand.ts';

/** A code that is wanted from the person now. */
export interface MfaPrompt {
  readonly serial: string;
  readonly demand: Demand;
  readonly state: 'waiting' | 'checking';
  /** Why the last code was not taken. */
  readonly problem: string | undefined;
  readonly sinceMs: number;
}

interface Entry {
  /** Whose code it is; see `withdraw`. */
  readonly owner: object;
  readonly demand: Demand;
  readonly sinceMs: number;
  readonly timeout: Disposable;
  /** Sends the code to STS; rejects with what STS said. */
  readonly attempt: (code: string) => Promise<void>;
  readonly fail: (failure: Failure) => void;
  state: 'waiting' | 'checking';
  problem: string | undefined;
}

interface Device {
  /** The first one is the prompt that is shown; each takes a code of its own, since STS takes a code once. */
  readonly entries: Entry[];
  /** Codes that STS has seen, and when by elapsed time: it takes none again while it could still be valid. */
  readonly sentCodes: Map<string, number>;
  /** By elapsed time, so that setting the wall clock back does not lengthen it. */
  quietUntilElapsedMs: number;
  quietPeriodMs: number;
}

const minute = 60_000;
const firstQuietPeriodMs = minute;
const longestQuietPeriodMs = 15 * minute;
/** A prompt that nobody answers ends like one that was cancelled. */
const promptTimeoutMs = 5 * minute;
/** A code is valid in its own 30 s window and its neighbours (RFC 6238, 5.2). */
const codeLifeMs = 90_000;

/**
 * Where codes are asked for: one prompt for each device, however many wait. After a cancel nobody is prompted by a
 * program's request for a while, longer each time, so that a busy program cannot make a storm of prompts.
 */
export class MfaDesk implements Disposable {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #devices = new Map<string, Device>();

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** The open prompts, one for each device. */
  prompts(): MfaPrompt[] {
    return [...this.#devices].flatMap(
      ([
        serial,
        {
          entries: [entry],
        },
      ]) =>
        entry
          ? [
              {
                serial,
                demand: entry.demand,
                state: entry.state,
                problem: entry.problem,
                sinceMs: entry.sinceMs,
              },
            ]
          : [],
    );
  }

  /** Whether somebody waits for a code of this device. */
  isAsking(serial: string): boolean {
    return (this.#devices.get(serial)?.entries.length ?? 0) > 0;
  }

  /**
   * Asks for a code and runs `attempt` with it, again with another one while STS says that it was wrong.
   * @param owner who can `withdraw` it
   * @throws Failure MfaRequired when cancelled, timed out, or in a quiet period; else what `attempt` throws
   */
  withCode<Result>(
    owner: object,
    serial: string,
    demand: Demand,
    attempt: (code: string) => Promise<Result>,
  ): Promise<Result> {
    const device = this.#device(serial);
    if (demand.cause !== 'person' && this.#clock.elapsed() < device.quietUntilElapsedMs) {
      return Promise.reject(new Failure('MfaRequired', `An MFA code of ${serial} is needed`));
    }
    return new Promise<Result>((resolve, reject) => {
      device.entries.push({
        owner,
        demand,
        sinceMs: this.#clock.now(),
        timeout: this.#clock.schedule(promptTimeoutMs, () => {
          this.cancel(serial);
        }),
        attempt: async (code) => {
          resolve(await attempt(code));
        },
        fail: reject,
        state: 'waiting',
        problem: undefined,
      });
      this.#changed();
    });
  }

  /**
   * Gives the code that a device's prompt waits for; resolves when STS took it.
   * @throws Failure NotFound where none is wanted; MfaRejected, the prompt staying, where STS did not take it or
   * has seen it before; any other failure of the attempt ends the prompt
   */
  async answer(serial: string, code: string): Promise<void> {
    const device = this.#devices.get(serial);
    const entry = device?.entries[0];
    if (!device || !entry) throw new Failure('NotFound', `No MFA code of ${serial} is wanted now`);
    if (entry.state === 'checking') {
      throw new Failure('InUse', 'A code is being checked already', { field: 'code' });
    }
    try {
      this.#refuseSentCode(device, code);
      device.sentCodes.set(code, this.#clock.elapsed());
      entry.state = 'checking';
      entry.problem = undefined;
      this.#changed();
      await entry.attempt(code);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      entry.state = 'waiting';
      if (error.code === 'MfaRejected') {
        entry.problem = error.message;
        this.#changed();
      } else {
        this.#end(device, entry);
        entry.fail(error);
      }
      throw error;
    }
    device.quietPeriodMs = firstQuietPeriodMs;
    device.quietUntilElapsedMs = 0;
    this.#end(device, entry);
  }

  /** The person does not want to give a code now: all who wait are told, and a quiet period begins. */
  cancel(serial: string): void {
    const device = this.#devices.get(serial);
    if (!device || device.entries.length === 0) return;
    device.quietUntilElapsedMs = this.#clock.elapsed() + device.quietPeriodMs;
    device.quietPeriodMs = Math.min(device.quietPeriodMs * 2, longestQuietPeriodMs);
    this.#failAll(device, new Failure('MfaRequired', `No MFA code of ${serial} was given`));
  }

  /** Ends the prompts of an owner that needs no code any more. */
  withdraw(owner: object, failure: Failure): void {
    for (const device of this.#devices.values()) {
      for (const entry of device.entries.filter((other) => other.owner === owner)) {
        this.#end(device, entry);
        entry.fail(failure);
      }
    }
  }

  /** Ends every prompt with `failure`. */
  endAll(failure: Failure): void {
    for (const device of this.#devices.values()) this.#failAll(device, failure);
  }

  [Symbol.dispose](): void {
    this.endAll(new Failure('NotRunning', 'Latchkey is ending'));
  }

  #failAll(device: Device, failure: Failure): void {
    for (const entry of [...device.entries]) {
      this.#end(device, entry);
      entry.fail(failure);
    }
  }

  #end(device: Device, entry: Entry): void {
    const index = device.entries.indexOf(entry);
    if (index === -1) return;
    device.entries.splice(index, 1);
    entry.timeout[Symbol.dispose]();
    this.#changed();
  }

  #refuseSentCode(device: Device, code: string): void {
    const now = this.#clock.elapsed();
    for (const [sent, atMs] of device.sentCodes) {
      if (now - atMs > codeLifeMs) device.sentCodes.delete(sent);
    }
    if (device.sentCodes.has(code)) {
      throw new Failure('MfaRejected', 'This code has been used already. Wait for the next one.', {
        field: 'code',
      });
    }
  }

  #device(serial: string): Device {
    let device = this.#devices.get(serial);
    if (!device) {
      device = {
        entries: [],
        sentCodes: new Map(),
        quietUntilElapsedMs: 0,
        quietPeriodMs: firstQuietPeriodMs,
      };
      this.#devices.set(serial, device);
    }
    return device;
  }
}
