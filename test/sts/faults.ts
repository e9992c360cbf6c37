/** Ways in which the embedded STS can be told to misbehave while it runs. */
import type { StsAction } from './actions.ts';

/** Which calls a fault hits: the next `calls` of them (all, if absent), of one action (any, if absent). */
export interface Aim {
  readonly action?: StsAction;
  readonly calls?: number;
}

/**
 * The knobs of a running embedded STS. Set them at any time; they hold for the calls that arrive afterwards
 * (`clockOffsetMs` and `sessionSeconds` also for calls that are being delayed). A call that is hit by
 * several faults is delayed, then dropped, failed or throttled, in this order.
 */
export class Faults {
  /** Issued sessions end after this many seconds, if that is sooner than was asked for. Undefined: as asked. */
  sessionSeconds: number | undefined = undefined;
  /** Every call of an action waits this long, in milliseconds, before anything is done about it. */
  delayMs = 0;
  /** How far the server's clock is wrong, in milliseconds: its Date header, expirations, codes and skew check. */
  clockOffsetMs = 0;
  /** Calls whose connection is destroyed without an answer. */
  drop: Aim | undefined = undefined;
  /** Calls answered with 500 `InternalFailure` or 503 `ServiceUnavailable`. */
  fail: (Aim & { readonly status: 500 | 503 }) | undefined = undefined;
  /** Calls answered with 400 `Throttling`, "Rate exceeded". */
  throttle: Aim | undefined = undefined;

  /** Back to a server that behaves. */
  clear(): void {
    this.sessionSeconds = undefined;
    this.delayMs = 0;
    this.clockOffsetMs = 0;
    this.drop = undefined;
    this.fail = undefined;
    this.throttle = undefined;
  }
}

/** A fault that hit a call. */
export type Hit = { kind: 'drop' } | { kind: 'fail'; status: 500 | 503 } | { kind: 'throttle' };

/** The fault that hits a call of this action, if any. Counts it off, and disarms a fault that is used up. */
export function takeFault(faults: Faults, action: string): Hit | undefined {
  const { drop, fail, throttle } = faults;
  if (drop !== undefined && hits(drop, action)) {
    faults.drop = afterHit(drop);
    return { kind: 'drop' };
  }
  if (fail !== undefined && hits(fail, action)) {
    faults.fail = afterHit(fail);
    return { kind: 'fail', status: fail.status };
  }
  if (throttle !== undefined && hits(throttle, action)) {
    faults.throttle = afterHit(throttle);
    return { kind: 'throttle' };
  }
  return undefined;
}

function hits(aim: Aim, action: string): boolean {
  return (aim.action === undefined || aim.action === action) && (aim.calls === undefined || aim.calls > 0);
}

function afterHit<A extends Aim>(aim: A): A | undefined {
  if (aim.calls === undefined) return aim;
  return aim.calls > 1 ? { ...aim, calls: aim.calls - 1 } : undefined;
}
