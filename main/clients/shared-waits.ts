import { Failure } from '../failure.ts';

interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Waits that many share. Programs ask again and again for what a person or AWS has yet to give, and leave: what is begun
 * goes on once for all of them, and nothing is kept of those who have left.
 */
export class SharedWaits<Result> {
  readonly #underWay = new Map<string, Set<Waiter<Result>>>();

  /**
   * What `begin` gives, which is called where nobody waits for the same already.
   * @param key equal for the same
   * @param left once it is aborted nobody is told any more
   */
  join(key: string, begin: () => Promise<Result>, left?: AbortSignal): Promise<Result> {
    // An aborted signal tells nobody any more.
    if (left?.aborted) return Promise.reject(new Failure('ApprovalNeeded', 'Whoever asked has left'));
    const waiters = this.#underWay.get(key) ?? this.#begin(key, begin);
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      waiters.add(waiter);
      left?.addEventListener('abort', () => waiters.delete(waiter), { once: true });
    });
  }

  #begin(key: string, begin: () => Promise<Result>): Set<Waiter<Result>> {
    const waiters = new Set<Waiter<Result>>();
    this.#underWay.set(key, waiters);
    const end = (tell: (waiter: Waiter<Result>) => void) => {
      this.#underWay.delete(key);
      for (const waiter of waiters) tell(waiter);
    };
    begin().then(
      (result) => {
        end(({ resolve }) => {
          resolve(result);
        });
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error : new Error(String(error));
        end(({ reject }) => {
          reject(reason);
        });
      },
    );
    return waiters;
  }
}
