import { Worker } from 'node:worker_threads';
import type { Answer, Asked } from './linux-process-worker.ts';
import type { Found, Question } from './linux-program-search.ts';
import type { Client } from './ports.ts';

/** A search takes a tenth of a second at worst; what takes that long hangs, as a read of a process's memory can. */
const timeLimitMs = 5_000;

/** Questions that one search answers together: what is asked while another one is under way waits for the next. */
interface Batch {
  readonly inodes: number[];
  readonly pids: number[];
  readonly answer: Promise<Found | undefined>;
}

/** The searches of one kind: in turn, since one that is under way may have passed a process already. */
class Searches {
  readonly #ask: (question: Question) => Promise<Found | undefined>;
  #last: Promise<unknown> = Promise.resolve();
  #next: Batch | undefined;

  constructor(ask: (question: Question) => Promise<Found | undefined>) {
    this.#ask = ask;
  }

  /** Undefined where there was no answer. */
  lookFor(what: { readonly inode: number } | { readonly pid: number }): Promise<Found | undefined> {
    this.#next ??= this.#begin();
    if ('inode' in what) this.#next.inodes.push(what.inode);
    else this.#next.pids.push(what.pid);
    return this.#next.answer;
  }

  #begin(): Batch {
    const [inodes, pids]: [number[], number[]] = [[], []];
    const answer = this.#last.then(() => {
      this.#next = undefined;
      return this.#ask({ inodes, pids });
    });
    this.#last = answer;
    return { inodes, pids, answer };
  }
}

/**
 * The processes of this user, as `/proc` shows them to a thread of its own (linux-process-worker.ts), which is started
 * at the first look-up and does not keep this process from ending.
 *
 * A search everywhere takes long and does not keep others waiting. Where the thread has ended, did not answer in time or
 * cannot be started, nothing is found; the next look-up has another, and until one answers that is a `problem`.
 */
export class LinuxProcesses implements Disposable {
  readonly #workerFile: URL;
  readonly #likely = new Searches((question) => this.#ask({ ...question, everywhere: false }));
  readonly #everywhere = new Searches((question) => this.#ask({ ...question, everywhere: true }));
  #worker: Worker | undefined;
  #isDisposed = false;
  #problem: string | undefined;
  readonly #listeners = new Set<() => void>();
  /** Those that wait for an answer: at most one search of each kind. */
  readonly #waiting = new Map<boolean, (answer: Answer | undefined) => void>();

  constructor(workerFile = new URL('./linux-process-worker.js', import.meta.url)) {
    this.#workerFile = workerFile;
  }

  /**
   * The program that holds the socket with this inode; undefined where no process of this user does, or none that may
   * be looked into. Never rejects. Where a program has left it to others that it started, it is meant, not they.
   * @param isOpen whether the socket is there still: asked before every process is looked into for it
   */
  async clientHolding(inode: number, isOpen: () => boolean): Promise<Client | undefined> {
    const likely = await this.#likely.lookFor({ inode });
    const found = likely?.byInode.get(inode);
    // A thread that does not answer is not asked for more.
    if (found || !likely || !isOpen()) return found;
    return (await this.#everywhere.lookFor({ inode }))?.byInode.get(inode);
  }

  /** As `clientHolding`, by looking into every process: undefined also where another program holds the socket, too. */
  async soleClientHolding(inode: number): Promise<Client | undefined> {
    const answer = await this.#everywhere.lookFor({ inode });
    return answer?.shared.has(inode) ? undefined : answer?.byInode.get(inode);
  }

  /** The program with this pid; undefined where it is not this user's, or has ended. Never rejects. */
  async clientOf(pid: number): Promise<Client | undefined> {
    return (await this.#likely.lookFor({ pid }))?.byPid.get(pid);
  }

  /** Why nothing is found, since the thread answered last; undefined where it did, or was not asked yet. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Calls `listener` when `problem` has come, gone or become another. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#endWorker();
    this.#listeners.clear();
  }

  #ask(question: Asked): Promise<Found | undefined> {
    return new Promise((resolve) => {
      if (this.#isDisposed) {
        resolve(undefined);
        return;
      }
      const limit = setTimeout(() => {
        this.#fail(`there was no answer in ${timeLimitMs / 1000} s`);
      }, timeLimitMs);
      this.#waiting.set(question.everywhere, (answer) => {
        clearTimeout(limit);
        this.#waiting.delete(question.everywhere);
        resolve(answer);
      });
      try {
        (this.#worker ??= this.#startWorker()).postMessage(question);
      } catch (error) {
        this.#fail(reasonOf(error));
      }
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#workerFile, { name: 'programs' });
    const fail = (reason: string) => {
      if (this.#worker === worker) this.#fail(reason);
    };
    worker.on('error', (error) => {
      fail(reasonOf(error));
    });
    worker.on('exit', () => {
      fail('the thread for it has ended');
    });
    worker.on('message', (answer: Answer) => {
      if (this.#worker !== worker) return;
      this.#tell(undefined);
      this.#waiting.get(answer.everywhere)?.(answer);
    });
    // Last: a listener for messages keeps the process alive again.
    worker.unref();
    return worker;
  }

  #endWorker(): void {
    // A thread that hangs in the kernel ends when the kernel lets it: nobody waits for that.
    void this.#worker?.terminate();
    this.#worker = undefined;
    for (const answer of [...this.#waiting.values()]) answer(undefined);
  }

  #fail(reason: string): void {
    this.#tell(`It cannot be looked up which programs ask: ${reason}`);
    this.#endWorker();
  }

  #tell(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
