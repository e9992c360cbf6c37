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
  /** Sends the code to STS; rejects with what STS said. */
  readonly attempt: (code: string) => Promise<void>;
  readonly fail: (failure: Failure) => void;
  state: 'waiting' | 'checking';
  problem: string | undefined;
  /** Runs while it is waiting. */
  timeout: Disposable | undefined;
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
export class MfaDesk {
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
        attempt: async (code) => {
          resolve(await attempt(code));
        },
        fail: reject,
        state: 'waiting',
        problem: undefined,
        timeout: this.#scheduleTimeout(serial),
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
      entry.timeout?.[Symbol.dispose]();
      entry.state = 'checking';
      entry.problem = undefined;
      this.#changed();
      await entry.attempt(code);
    } catch (error) {
      const failure =
        error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault', { cause: error });
      if (failure.code === 'MfaRejected') this.#askAgain(serial, device, entry, failure.message);
      else {
        this.#end(device, entry);
        entry.fail(failure);
      }
      throw failure;
    }
    device.quietPeriodMs = firstQuietPeriodMs;
    device.quietUntilElapsedMs = 0;
    this.#end(device, entry);
  }

  /**
   * The person does not want to give a code now: all who wait are told, and a quiet period begins. A code that is
   * being checked was given, and is not called back.
   */
  cancel(serial: string): void {
    const device = this.#devices.get(serial);
    const waiting = device?.entries.filter(({ state }) => state === 'waiting') ?? [];
    if (!device || waiting.length === 0) return;
    device.quietUntilElapsedMs = this.#clock.elapsed() + device.quietPeriodMs;
    device.quietPeriodMs = Math.min(device.quietPeriodMs * 2, longestQuietPeriodMs);
    const failure = new Failure('MfaRequired', `No MFA code of ${serial} was given`);
    for (const entry of waiting) {
      this.#end(device, entry);
      entry.fail(failure);
    }
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

  #askAgain(serial: string, device: Device, entry: Entry, problem: string): void {
    if (!device.entries.includes(entry)) return; // withdrawn while its code was checked
    entry.state = 'waiting';
    entry.problem = problem;
    entry.timeout?.[Symbol.dispose]();
    entry.timeout = this.#scheduleTimeout(serial);
    this.#changed();
  }

  #scheduleTimeout(serial: string): Disposable {
    return this.#clock.schedule(promptTimeoutMs, () => {
      this.cancel(serial);
    });
  }

  #end(device: Device, entry: Entry): void {
    const index = device.entries.indexOf(entry);
    if (index === -1) return;
    device.entries.splice(index, 1);
    entry.timeout?.[Symbol.dispose]();
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
