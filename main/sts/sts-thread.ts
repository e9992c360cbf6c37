import { Worker } from 'node:worker_threads';
import { Failure } from '../failure.ts';
import type { Session, SigningCredentials } from './session.ts';
import {
  bareCredentials,
  failureOf,
  sessionOf,
  type Answer,
  type Call,
  type Outcome,
  type Question,
} from './sts-messages.ts';
import type { Sts } from './sts.ts';

interface Waiting {
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (failure: Failure) => void;
}

/**
 * STS by a thread of its own (sts-worker.ts), which is started at the first call and keeps this process from ending
 * only while somebody waits. Where that ends by a fault, those who wait are told, and the next call has another.
 */
export class StsThread implements Sts, Disposable {
  readonly #workerFile: URL;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isDisposed = false;

  constructor(workerFile = new URL('./sts-worker.js', import.meta.url)) {
    this.#workerFile = workerFile;
  }

  async getCallerIdentity(...[credentials, region]: Parameters<Sts['getCallerIdentity']>) {
    const outcome = await this.#ask(credentials, { operation: 'getCallerIdentity', region });
    if ('identity' in outcome) return outcome.identity;
    throw faultOf(outcome);
  }

  async getSessionToken(...[credentials, input]: Parameters<Sts['getSessionToken']>) {
    return sessionIn(await this.#ask(credentials, { operation: 'getSessionToken', input }));
  }

  async assumeRole(...[credentials, input]: Parameters<Sts['assumeRole']>) {
    return sessionIn(await this.#ask(credentials, { operation: 'assumeRole', input }));
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#endWorker(ending());
  }

  #ask(credentials: SigningCredentials, call: Call): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.#isDisposed) throw ending();
      this.#lastId += 1;
      const question: Question = { id: this.#lastId, credentials: bareCredentials(credentials), call };
      const worker = (this.#worker ??= this.#startWorker());
      worker.postMessage(question);
      worker.ref();
      this.#waiting.set(question.id, { resolve, reject });
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#workerFile, { name: 'sts' });
    const end = () => {
      if (this.#worker === worker)
        this.#endWorker(new Failure('Unreachable', 'The thread that talks to STS has ended'));
    };
    worker.on('error', end).on('exit', end);
    worker.on('message', ({ id, outcome }: Answer) => {
      this.#waiting.get(id)?.resolve(outcome);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
    });
    return worker;
  }

  #endWorker(failure: Failure): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
  }
}

function ending(): Failure {
  return new Failure('NotRunning', 'Latchkey is ending');
}

function sessionIn(outcome: Outcome): Session {
  if ('session' in outcome) return sessionOf(outcome.session);
  throw faultOf(outcome);
}

function faultOf(outcome: Outcome): Failure {
  return 'failure' in outcome
    ? failureOf(outcome.failure)
    : new Failure('Internal', 'STS answered something else than was asked for');
}
