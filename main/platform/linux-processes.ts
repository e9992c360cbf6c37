import { Worker } from 'node:worker_threads';
import type { Answer, Question } from './linux-process-worker.ts';
import type { Client } from './ports.ts';

/** A search takes a tenth of a second at worst; what takes that long hangs, as a read of a process's memory can. */
const timeLimitMs = 5_000;

const nothing: Answer = { byInode: new Map(), byPid: new Map() };

interface LookUp {
  readonly inode?: number;
  readonly pid?: number;
  /** Whether it is worth the time to look into every process. */
  readonly isWorthwhile: () => boolean;
  readonly resolve: (client: Client | undefined) => void;
}

/**
 * The processes of this user, as `/proc` shows them to a thread of its own (linux-process-worker.ts), which is started
 * at the first look-up and does not keep this process from ending.
 *
 * One search at a time serves all who wait. Whoever asks while it runs waits for the next one, since it may have
 * passed that process already.
 */
export class LinuxProcesses implements Disposable {
  readonly #workerFile: URL;
  #worker: Worker | undefined;
  #waiting: LookUp[] = [];
  #isAsking = false;
  #isDisposed = false;
  #onAnswer: ((answer: Answer) => void) | undefined;

  constructor(workerFile = new URL('./linux-process-worker.js', import.meta.url)) {
    this.#workerFile = workerFile;
  }

  /**
   * The program that holds the socket with this inode; undefined where no process of this user does, or none that may
   * be looked into. Never rejects. Where processes share the socket by `fork`, the child is meant, not its parent.
   * @param isOpen whether the socket is there still: asked before every process is looked into for it
   */
  clientHolding(inode: number, isOpen: () => boolean): Promise<Client | undefined> {
    return new Promise((resolve) => {
      this.#lookUp({ inode, isWorthwhile: isOpen, resolve });
    });
  }

  /** The program with this pid; undefined where it is not this user's, or has ended. Never rejects. */
  clientOf(pid: number): Promise<Client | undefined> {
    return new Promise((resolve) => {
      this.#lookUp({ pid, isWorthwhile: () => false, resolve });
    });
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#endWorker();
  }

  #lookUp(lookUp: LookUp): void {
    this.#waiting.push(lookUp);
    if (!this.#isAsking) void this.#serveWaiting();
  }

  async #serveWaiting(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const left = await this.#serve(this.#waiting.splice(0), false);
      await this.#serve(left, true);
    }
    this.#isAsking = false;
  }

  /** @returns those that want a search everywhere */
  async #serve(lookUps: readonly LookUp[], everywhere: boolean): Promise<LookUp[]> {
    if (lookUps.length === 0) return [];
    const { byInode, byPid } = await this.#ask({
      inodes: lookUps.flatMap(({ inode }) => inode ?? []),
      pids: lookUps.flatMap(({ pid }) => pid ?? []),
      everywhere,
    });
    const left: LookUp[] = [];
    for (const lookUp of lookUps) {
      const client = byInode.get(lookUp.inode ?? -1) ?? byPid.get(lookUp.pid ?? -1);
      if (client === undefined && !everywhere && lookUp.isWorthwhile()) left.push(lookUp);
      else lookUp.resolve(client);
    }
    return left;
  }

  /** Nothing is found by a worker that ends, or takes too long, or cannot be started. The next question has another. */
  #ask(question: Question): Promise<Answer> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => {
        this.#endWorker();
      }, timeLimitMs);
      this.#onAnswer = (answer) => {
        clearTimeout(limit);
        this.#onAnswer = undefined;
        resolve(answer);
      };
      try {
        if (this.#isDisposed) this.#onAnswer(nothing);
        else (this.#worker ??= this.#startWorker()).postMessage(question);
      } catch {
        this.#endWorker();
      }
    });
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#workerFile, { name: 'programs' });
    const end = () => {
      if (this.#worker === worker) this.#endWorker();
    };
    worker.on('error', end).on('exit', end);
    worker.on('message', (answer: Answer) => {
      if (this.#worker === worker) this.#onAnswer?.(answer);
    });
    // Last: a listener for messages keeps the process alive again.
    worker.unref();
    return worker;
  }

  #endWorker(): void {
    // A thread that hangs in the kernel ends when the kernel lets it: nobody waits for that.
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#onAnswer?.(nothing);
  }
}
