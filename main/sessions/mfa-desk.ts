import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Session } from '../sts/session.ts';
import type { Demand } from './demand.ts';
import { Snooze } from './snooze.ts';

/** A code that is wanted from the person now. */
export interface MfaPrompt {
  readonly serial: string;
  readonly demand: Demand;
  /** The name of the program that asked, once it is known. */
  readonly program: string | undefined;
  readonly state: 'waiting' | 'checking';
  /** Why the last code was not taken. */
  readonly problem: string | undefined;
  readonly sinceMs: number;
  /** Until when, by the wall clock, the session lasts that the code is to follow on; undefined where there is none. */
  readonly neededAtMs: number | undefined;
  /** When the device shows its next code, while the present one has been used. */
  readonly nextCodeAtMs: number | undefined;
  /** Until when a person has put it aside. */
  readonly snoozedUntilMs: number | undefined;
}

/** What a prompt is for. */
export interface CodeRequest<Result> {
  /** Who can `withdraw` it. */
  readonly owner: object;
  readonly serial: string;
  readonly demand: Demand;
  /** Sends the code to STS; rejects with what STS said. */
  readonly attempt: (code: string) => Promise<Result>;
  /**
   * The session that a new one is to follow on, while it lives and nobody waits: the prompt is an announcement until then.
   */
  readonly present: () => Session | undefined;
}

interface Entry {
  /** Whose code it is; see `withdraw`. */
  readonly owner: object;
  /** Who wants it; the last person who did. */
  demand: Demand;
  readonly sinceMs: number;
  readonly present: () => Session | undefined;
  readonly attempt: (code: string) => Promise<void>;
  readonly fail: (failure: Failure) => void;
  program: string | undefined;
  state: 'waiting' | 'checking';
  problem: string | undefined;
  /** Runs while it is waiting. */
  timeout: Disposable | undefined;
}

interface Device {
  /** One is the prompt that is shown; each takes a code of its own, since STS takes a code once. */
  readonly entries: Entry[];
  /** Codes that STS has seen, and when by elapsed time: it takes none again while it could still be valid. */
  readonly sentCodes: Map<string, number>;
  /** By the wall clock, as the device itself reckons: the code that it shows until then has been used. */
  nextCodeAtMs: number;
  /** By elapsed time, so that setting the wall clock back does not lengthen it. */
  quietUntilElapsedMs: number;
  quietPeriodMs: number;
  /** There only while there are entries. */
  snooze: Snooze | undefined;
}

const minute = 60_000;
const firstQuietPeriodMs = minute;
const longestQuietPeriodMs = 15 * minute;
/** A prompt that nobody answers ends like one that was cancelled, counted from when the code is needed. */
const promptTimeoutMs = 5 * minute;
/** A device shows a new code at each multiple of this (RFC 6238, 4.1). */
const codeWindowMs = 30_000;
/** A code is valid in its own window and its neighbours (RFC 6238, 5.2). */
const codeLifeMs = 3 * codeWindowMs;

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
    const nowMs = this.#clock.now();
    return [...this.#devices].flatMap(([serial, { entries, nextCodeAtMs, snooze }]) => {
      const entry = shown(entries);
      if (!entry) return [];
      const { demand, program, state, problem, sinceMs, present } = entry;
      return [
        {
          serial,
          demand,
          program,
          state,
          problem,
          sinceMs,
          neededAtMs: present()?.expiresAtMs,
          nextCodeAtMs: nextCodeAtMs > nowMs ? nextCodeAtMs : undefined,
          snoozedUntilMs: snooze?.untilMs,
        },
      ];
    });
  }

  /** Whether somebody waits for a code of this device; who was told only that one will be needed does not. */
  isAsking(serial: string): boolean {
    return this.#devices.get(serial)?.entries.some(({ present }) => !present()) ?? false;
  }

  /** Whether only the person may open a prompt of this device now. */
  isQuiet(serial: string): boolean {
    return this.#clock.elapsed() < (this.#devices.get(serial)?.quietUntilElapsedMs ?? 0);
  }

  /**
   * Asks for a code and runs `attempt` with it, again with another one while STS says that it was wrong.
   * @throws Failure MfaRequired when cancelled, timed out, or in a quiet period; else what `attempt` throws
   */
  withCode<Result>(request: CodeRequest<Result>): Promise<Result> {
    const { owner, serial, demand, attempt, present } = request;
    if (demand.cause !== 'person' && this.isQuiet(serial)) {
      return Promise.reject(new Failure('MfaRequired', `An MFA code of ${serial} is needed`));
    }
    return new Promise<Result>((resolve, reject) => {
      const entry: Entry = {
        owner,
        demand,
        sinceMs: this.#clock.now(),
        present,
        attempt: async (code) => {
          resolve(await attempt(code));
        },
        fail: reject,
        program: undefined,
        state: 'waiting',
        problem: undefined,
        timeout: undefined,
      };
      const device = this.#device(serial);
      device.entries.push(entry);
      if (demand.cause === 'person') this.#endSnooze(serial, device);
      this.#waitAgain(serial, entry);
      this.#nameProgram(entry);
    });
  }

  /**
   * Notes that a code is about to be sent to STS, which takes none twice.
   * @throws Failure MfaRejected where it has been sent before
   */
  spend(serial: string, code: string): void {
    const device = this.#device(serial);
    const now = this.#clock.elapsed();
    for (const [sent, atMs] of device.sentCodes) {
      if (now - atMs > codeLifeMs) device.sentCodes.delete(sent);
    }
    if (device.sentCodes.has(code)) {
      this.#waitForNextCode(device);
      throw new Failure('MfaRejected', 'This code has been used already. Wait for the next one.', {
        field: 'code',
      });
    }
    device.sentCodes.set(code, now);
  }

  /**
   * Gives the code that a device's prompt waits for; resolves when STS took it.
   * @throws Failure NotFound where none is wanted; MfaRejected, Unreachable or Throttled, the prompt staying, where STS
   * did not take it, has seen it before or gave no answer; any other failure of the attempt ends the prompt
   */
  async answer(serial: string, code: string): Promise<void> {
    const device = this.#devices.get(serial);
    const entry = device && shown(device.entries);
    if (!device || !entry) throw new Failure('NotFound', `No MFA code of ${serial} is wanted now`);
    if (entry.state === 'checking') {
      throw new Failure('InUse', 'A code is being checked already', { field: 'code' });
    }
    this.#endSnooze(serial, device);
    try {
      this.spend(serial, code);
      entry.timeout?.[Symbol.dispose]();
      entry.state = 'checking';
      entry.problem = undefined;
      this.#changed();
      await entry.attempt(code);
    } catch (error) {
      const failure =
        error instanceof Failure ? error : new Failure('Internal', 'An unexpected fault', { cause: error });
      if (isWorthAnother(failure)) this.#askAgain(serial, device, entry, failure.message);
      else {
        this.#end(device, entry);
        entry.fail(failure);
      }
      throw failure;
    }
    device.quietPeriodMs = firstQuietPeriodMs;
    device.quietUntilElapsedMs = 0;
    this.#waitForNextCode(device);
    this.#end(device, entry);
  }

  /**
   * The person does not want to give a code now: all who wait are told, and a quiet period begins. A code that is
   * being checked was given, and is not called back.
   */
  cancel(serial: string): void {
    const device = this.#devices.get(serial);
    const waiting = device?.entries.filter(({ state }) => state === 'waiting') ?? [];
    if (waiting.length > 0) this.#giveUp(serial, waiting);
  }

  /**
   * Puts a device's prompt aside for a while, or with null asks for its code again at once. It stays open meanwhile, and
   * programs that need the code wait for it as ever; nobody is told of it until then. It comes back before that where a
   * person asks for what needs the code.
   * @throws Failure NotFound where no code is wanted
   */
  snooze(serial: string, forMs: number | null): void {
    const device = this.#devices.get(serial);
    if (!device || device.entries.length === 0)
      throw new Failure('NotFound', `No MFA code of ${serial} is wanted now`);
    this.#setSnooze(serial, device, forMs);
  }

  /** A person asks for what an owner's code is for: it is the person's then, and not put aside any more. */
  personAsks(owner: object, demand: Demand): void {
    for (const [serial, device] of this.#devices) {
      const entries = device.entries.filter((entry) => entry.owner === owner);
      if (entries.length === 0) continue;
      for (const entry of entries) {
        entry.demand = demand;
        entry.program = undefined;
        this.#nameProgram(entry);
      }
      this.#endSnooze(serial, device);
      this.#changed();
    }
  }

  /** Brings back what was put aside until a time that the wall clock has passed: timers do not count sleep. */
  lookAgain(): void {
    for (const [serial, device] of this.#devices) {
      if (device.snooze?.isOver()) this.#endSnooze(serial, device);
    }
  }

  /** Somebody has come to wait for an owner's code that was merely announced. */
  hurry(owner: object): void {
    for (const [serial, { entries }] of this.#devices) {
      for (const entry of entries) {
        if (entry.owner === owner && entry.state === 'waiting') this.#waitAgain(serial, entry);
      }
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

  /** Says which program asked, once that is known, unless somebody else is asking by then. */
  #nameProgram(entry: Entry): void {
    const { demand } = entry;
    void demand.client?.then((client) => {
      if (entry.demand !== demand) return;
      entry.program = client?.process.name;
      this.#changed();
    });
  }

  #askAgain(serial: string, device: Device, entry: Entry, problem: string): void {
    if (!device.entries.includes(entry)) return; // withdrawn while its code was checked
    entry.state = 'waiting';
    entry.problem = problem;
    this.#waitAgain(serial, entry);
  }

  #endSnooze(serial: string, device: Device): void {
    if (device.snooze) this.#setSnooze(serial, device, null);
  }

  #setSnooze(serial: string, device: Device, forMs: number | null): void {
    device.snooze?.[Symbol.dispose]();
    const ended = () => {
      this.#endSnooze(serial, device);
    };
    device.snooze = forMs === null ? undefined : new Snooze(this.#clock, forMs, ended);
    for (const entry of device.entries) if (entry.state === 'waiting') this.#waitAgain(serial, entry);
    this.#changed();
  }

  /** Nobody answers before the code is needed, nor while its prompt is put aside. */
  #waitAgain(serial: string, entry: Entry): void {
    entry.timeout?.[Symbol.dispose]();
    const announcedMs = (entry.present()?.expiresAtMs ?? 0) - this.#clock.now();
    const snoozedMs = this.#device(serial).snooze?.remainingMs() ?? 0;
    entry.timeout = this.#clock.schedule(Math.max(0, announcedMs, snoozedMs) + promptTimeoutMs, () => {
      this.#giveUp(serial, [entry]);
    });
    this.#changed();
  }

  /** Ends prompts without a code. Once nobody waits any more, a quiet period begins. */
  #giveUp(serial: string, given: readonly Entry[]): void {
    const device = this.#device(serial);
    const failure = new Failure('MfaRequired', `No MFA code of ${serial} was given`);
    if (device.entries.every((entry) => given.includes(entry) || entry.state === 'checking')) {
      device.quietUntilElapsedMs = this.#clock.elapsed() + device.quietPeriodMs;
      device.quietPeriodMs = Math.min(device.quietPeriodMs * 2, longestQuietPeriodMs);
    }
    for (const entry of given) {
      this.#end(device, entry);
      entry.fail(failure);
    }
  }

  #waitForNextCode(device: Device): void {
    device.nextCodeAtMs = (Math.floor(this.#clock.now() / codeWindowMs) + 1) * codeWindowMs;
  }

  #end(device: Device, entry: Entry): void {
    const index = device.entries.indexOf(entry);
    if (index === -1) return;
    device.entries.splice(index, 1);
    entry.timeout?.[Symbol.dispose]();
    if (device.entries.length === 0) {
      device.snooze?.[Symbol.dispose]();
      device.snooze = undefined;
    }
    this.#changed();
  }

  #device(serial: string): Device {
    let device = this.#devices.get(serial);
    if (!device) {
      device = {
        entries: [],
        sentCodes: new Map(),
        nextCodeAtMs: 0,
        quietUntilElapsedMs: 0,
        quietPeriodMs: firstQuietPeriodMs,
        snooze: undefined,
      };
      this.#devices.set(serial, device);
    }
    return device;
  }
}

/** Whether another code may do. The person who has just given one is not prompted anew for an outage, but told. */
function isWorthAnother({ code }: Failure): boolean {
  return code === 'MfaRejected' || code === 'Unreachable' || code === 'Throttled';
}

/**
 * The entry whose code is wanted first: what was merely announced waits for those who need one, and they for a person,
 * who gives the code for what he has asked for.
 */
function shown(entries: readonly Entry[]): Entry | undefined {
  return (
    entries.find(({ state }) => state === 'checking') ??
    entries.find(({ demand }) => demand.cause === 'person') ??
    entries.find(({ present }) => !present()) ??
    entries[0]
  );
}
