/** Two terminals, programs that run in them, and a person who allows or denies them two profiles. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  Approvals,
  type Allowance,
  type ApprovalRequest,
  type Decision,
  type Grant,
} from '../../main/approvals/approvals.ts';
import { ConfigurationStore } from '../../main/configuration/store.ts';
import type { Client, Process } from '../../main/platform/ports.ts';
import { profileSchema, type Profile, type ProfileInput } from '../../main/profiles/profile.ts';
import { Resources } from '../../main/resources.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { clientOf, copyOfBash, started, waiting } from '../clients/client-of.ts';

// No process of the machine has such a pid: Linux ends at 4,194,304.
export const shell = processAt(5_004_711, 'bash', '/dev/pts/3');
export const otherShell = processAt(5_004_712, 'zsh', '/dev/pts/4');
export const adminRole = 'arn:aws:iam::444455556666:role/Admin';

export class Scene implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly home: string;
  /** The pids of those that have ended. */
  readonly ended = new Set<number>();
  readonly decisions: Decision[] = [];
  configuration: ConfigurationStore;
  approvals: Approvals;
  /** How often a change was told. */
  changes = 0;
  readonly #opened: Resources;
  readonly #children: ChildProcess[] = [];

  private constructor(opened: Resources, clock: FakeClock, home: string, configuration: ConfigurationStore) {
    this.#opened = opened;
    this.clock = clock;
    this.home = home;
    this.configuration = configuration;
    this.approvals = this.#begin();
  }

  static async open(): Promise<Scene> {
    const opened = new Resources();
    const clock = opened.use(new FakeClock());
    const { path: home } = opened.use(await temporaryHome());
    const configuration = await ConfigurationStore.open(home);
    await configuration.update((empty) => ({
      ...empty,
      keys: [key],
      profiles: [profile('prod'), profile('stage')],
    }));
    return new Scene(opened, clock, home, configuration);
  }

  /** Latchkey ends and starts anew. */
  async restart(): Promise<void> {
    this.approvals[Symbol.dispose]();
    await this.configuration[Symbol.asyncDispose]();
    this.configuration = await ConfigurationStore.open(this.home);
    this.approvals = this.#begin();
  }

  /**
   * A compiled program that runs. Only its place is made up: that it was started from this shell, or else from no terminal.
   */
  async program(name: string, parent: Process | undefined): Promise<Client> {
    const path = join(this.home, name);
    if (!existsSync(path)) copyOfBash(path);
    const child = spawn(path, waiting, { stdio: 'pipe' });
    this.#children.push(child);
    return clientOf(
      await started(child),
      { sessionId: parent?.pid, terminal: parent?.terminal, startedAtMs: 1_700_000_000_000 },
      { parents: parent ? [parent] : [] },
    );
  }

  asked(client: Client, profile = 'prod'): Promise<Grant> {
    const answer = this.approvals.ask(client, profile);
    // What a test does not wait for may be refused when it ends.
    answer.catch(() => undefined);
    return answer;
  }

  /** The only one that waits, as soon as there is one. */
  async theRequest(): Promise<ApprovalRequest> {
    await until(() => this.approvals.requests().length > 0);
    const requests = this.approvals.requests();
    expect(requests).toHaveLength(1);
    return requests[0] as ApprovalRequest;
  }

  /** Asks, and has a person allow it. Others may wait besides. */
  async allowed(client: Client, allowance: Allowance, profile = 'prod'): Promise<Grant> {
    const answer = this.asked(client, profile);
    await this.approvals.allow((await this.#requestOf(client, profile)).id, allowance);
    return answer;
  }

  /** Asks, and has a person deny it. */
  async denied(client: Client): Promise<void> {
    const answer = this.asked(client);
    this.approvals.deny((await this.#requestOf(client, 'prod')).id);
    await expect(answer).rejects.toMatchObject({ code: 'ApprovalNeeded' });
  }

  /** That a program which asks is not served, but waits for a person. */
  async expectWaits(client: Client, profile = 'prod'): Promise<void> {
    const answer = this.asked(client, profile);
    const first = await Promise.race([answer, this.#requestOf(client, profile)]);
    expect(first).toMatchObject({ profile, program: { name: client.process.name } });
  }

  #requestOf({ process }: Client, profile: string): Promise<ApprovalRequest> {
    const find = () =>
      this.approvals
        .requests()
        .find((request) => request.program.pid === process.pid && request.profile === profile);
    return until(find);
  }

  #begin(): Approvals {
    const { clock, configuration } = this;
    const approvals = new Approvals({ clock, configuration, isRunning: ({ pid }) => !this.ended.has(pid) });
    this.changes = 0;
    approvals.onChange(() => (this.changes += 1));
    approvals.onDecision((what) => this.decisions.push(what));
    return approvals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    this.approvals[Symbol.dispose]();
    // What is being written down is written before its folder is removed.
    await this.configuration[Symbol.asyncDispose]();
    await this.#opened[Symbol.asyncDispose]();
  }
}

/** A program whose code is an argument: it cannot be known again. */
export function inlineProgram(parent: Process, code = 'code'): Client {
  const python = processAt(5_009_999, 'python3', parent.terminal);
  return {
    process: { ...python, commandLine: ['python3', '-c', code], sessionId: parent.pid },
    parents: [parent],
    forwarder: undefined,
  };
}

/** A client of which something else is known. */
export function changed(client: Client, changes: Partial<Process>): Client {
  return { ...client, process: { ...client.process, ...changes } };
}

export function profile(name: string, changes: Partial<ProfileInput> = {}): Profile {
  return profileSchema.parse({
    name,
    roleArn: adminRole,
    base: { key: 'work' },
    region: 'eu-central-1',
    protected: true,
    ...changes,
  });
}

/** Puts another program in the place of a program's file; the one that runs goes on. */
export function replaceFile({ process: { executable = '' } }: Client): void {
  unlinkSync(executable);
  copyOfBash(executable);
  appendFileSync(executable, 'another');
}

/** Waits until `find` finds something, and returns that. */
export async function until<Found>(find: () => Found | undefined | false): Promise<Found> {
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Whether it is resolved or rejected, once what is under way has had its time. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = new Promise((resolve) => setTimeout(resolve, 20, 'pending'));
  const outcome = await Promise.race([promise.catch(() => undefined), pending]);
  return outcome !== 'pending';
}

function processAt(pid: number, name: string, terminal: string | undefined): Process {
  return {
    pid,
    start: pid * 100,
    name,
    executable: `/usr/bin/${name}`,
    commandLine: [name],
    workingFolder: '/home/alice',
    startedAtMs: 0,
    sessionId: pid,
    terminal,
  };
}

const key = {
  label: 'work',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  accountId: '444455556666',
  userArn: 'arn:aws:iam::444455556666:user/alice',
  region: 'us-east-1',
  addedAtMs: 0,
};
