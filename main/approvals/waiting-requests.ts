import { Failure } from '../failure.ts';
import type { Clock } from '../platform/ports.ts';
import type { Asker } from './asker.ts';
import { deadlineIn, type Deadline } from './deadline.ts';
import type { Grant } from './grant.ts';
import { newId } from './remembered-approvals.ts';

/** How long a request waits for a person after it was last made. */
const waitMs = 10 * 60_000;
/** Asking again within so much of the last time changes nothing, so that it need not be told. */
const sameTimeMs = 15_000;
/** Many are no use to a person, and any program can make them. */
const mostWaiting = 32;
const mostOfGroup = 4;

/** A program that waits for a person, with all its connections; it need not run any more. */
export interface WaitingRequest extends Asker {
  readonly id: string;
  readonly sinceMs: number;
  /** When it stops waiting. */
  deadline: Deadline;
  /** While a person's decision is being written down. */
  isBeingDecided: boolean;
  readonly grant: Promise<Grant>;
  readonly settle: (outcome: Grant | Failure) => void;
}

/** The programs that wait for a person: each once, by the asker's key. */
export class WaitingRequests {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #waiting = new Map<string, WaitingRequest>();

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /**
   * Waits for a person: with the same program's other requests where there are some.
   * @throws Failure ApprovalNeeded where too many of its group wait; later where it gave way to others
   */
  async join(asker: Asker): Promise<Grant> {
    const waiting = this.#waiting.get(asker.key);
    if (!waiting) return this.#begin(asker).grant;
    const deadline = deadlineIn(this.#clock, waitMs);
    if (deadline.atMs - waiting.deadline.atMs > sameTimeMs) {
      waiting.deadline = deadline;
      this.#changed();
    }
    return waiting.grant;
  }

  /** The longest first; also those whose time is over and that have not been ended. */
  list(): WaitingRequest[] {
    return [...this.#waiting.values()];
  }

  isThere(waiting: WaitingRequest): boolean {
    return this.#waiting.get(waiting.key) === waiting;
  }

  /** Ends the wait, with what came of it. */
  end(waiting: WaitingRequest, outcome: Grant | Failure): void {
    if (this.isThere(waiting)) this.#waiting.delete(waiting.key);
    waiting.settle(outcome);
  }

  #begin(asker: Asker): WaitingRequest {
    this.#makePlaceFor(asker);
    let settle: WaitingRequest['settle'] = () => undefined;
    const grant = new Promise<Grant>((resolve, reject) => {
      settle = (outcome) => (outcome instanceof Failure ? reject(outcome) : resolve(outcome));
    });
    // Whoever asked may have gone long ago.
    grant.catch(() => undefined);
    const waiting = {
      ...asker,
      id: newId(),
      sinceMs: this.#clock.now(),
      deadline: deadlineIn(this.#clock, waitMs),
      isBeingDecided: false,
      grant,
      settle,
    };
    this.#waiting.set(asker.key, waiting);
    this.#changed();
    return waiting;
  }

  /** What waits stays where a person sees it, unless one group's many are in the way of all others. */
  #makePlaceFor({ group }: Asker): void {
    const waiting = this.list();
    const sizeOf = (name: string) => waiting.filter((one) => one.group === name).length;
    if (sizeOf(group) >= mostOfGroup)
      throw new Failure(
        'ApprovalNeeded',
        `${mostOfGroup} programs of the same terminal, or without one, wait for a person to allow them already`,
      );
    if (waiting.length < mostWaiting) return;
    const largest = Math.max(...waiting.map((one) => sizeOf(one.group)));
    const oldest = waiting.find((one) => sizeOf(one.group) === largest && !one.isBeingDecided);
    if (oldest)
      this.end(
        oldest,
        new Failure('ApprovalNeeded', `${mostWaiting} programs wait for a person, and others came later`),
      );
  }
}
