/** What the tests of the audit log stand on: a keychain that does as it is told, programs, and the log as it is on disk. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseAuditLine, type AuditRecord } from '../../main/audit/record.ts';
import type { Client, Process, SecretStore } from '../../main/platform/ports.ts';
import { Secret } from '../../main/secret.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

/** A keychain in memory that can fail, or be slow, and outlives the logs that use it. */
export class KeychainStandIn implements SecretStore {
  readonly kind = 'keychain';
  readonly items = new Map<string, string>();
  /** What every operation is to reject with. */
  failure: Error | undefined;
  /** What every operation is to wait for. */
  gate: Promise<void> = Promise.resolve();
  reads = 0;
  writes = 0;
  underWay = 0;
  mostUnderWay = 0;

  async read(name: string): Promise<Secret | undefined> {
    this.reads += 1;
    await this.#turn();
    const text = this.items.get(name);
    return text === undefined ? undefined : new Secret(text);
  }

  async write(name: string, secret: Secret): Promise<void> {
    this.writes += 1;
    await this.#turn();
    this.items.set(name, secret.reveal());
  }

  async remove(name: string): Promise<boolean> {
    await this.#turn();
    return this.items.delete(name);
  }

  /** The checkpoint that it has: a record's number. */
  get checkpoint(): number | undefined {
    const [, digits] = /"sequence":(\d+)/.exec(this.items.get('audit-chain') ?? '') ?? [];
    return digits === undefined ? undefined : Number(digits);
  }

  /** Makes the operations wait until the result is called. */
  close(): () => void {
    let open: () => void = () => undefined;
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  async #turn(): Promise<void> {
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    await this.gate;
    this.underWay -= 1;
    if (this.failure) throw this.failure;
  }
}

/** What a log needs, made anew for each test. Ending it fails where a log has left something waiting. */
export async function auditScene() {
  const temporary = await temporaryHome();
  const clock = new FakeClock(Date.UTC(2026, 10, 3, 10));
  return {
    home: temporary.path,
    clock,
    keychain: new KeychainStandIn(),
    async [Symbol.asyncDispose]() {
      expect(clock.waiting).toBe(0);
      clock[Symbol.dispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

export type AuditScene = Awaited<ReturnType<typeof auditScene>>;

export function processOf(name: string, pid: number, details: Partial<Process> = {}): Process {
  return {
    pid,
    start: pid * 100,
    name,
    executable: `/usr/bin/${name}`,
    commandLine: [name],
    workingFolder: '/home/alice/project',
    startedAtMs: Date.UTC(2026, 10, 3, 9),
    sessionId: pid,
    terminal: undefined,
    ...details,
  };
}

export function clientOf(name: string, pid: number, details: Partial<Process> = {}): Client {
  return {
    process: processOf(name, pid, details),
    parents: [processOf('bash', 20), processOf('alacritty', 10)],
    forwarder: undefined,
  };
}

/** The log's files in a data folder, the oldest first. */
export async function filesOf(home: string): Promise<string[]> {
  const ageOf = (name: string) => Number(/\d+/.exec(name)?.[0] ?? 0);
  const names = (await readdir(home)).filter((name) => name.startsWith('audit.'));
  return names.toSorted((one, other) => ageOf(other) - ageOf(one));
}

/** Every record of a data folder's log, the oldest first; fails where there is a line that is none. */
export async function recordsOf(home: string): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (const name of await filesOf(home)) {
    const lines = (await readFile(join(home, name), 'latin1')).split('\n');
    if (lines.pop() !== '') throw new Error(`${name} does not end with a whole line`);
    for (const line of lines) {
      const record = parseAuditLine(line)?.record;
      if (!record) throw new Error(`${name} has a line that is no record: ${line}`);
      records.push(record);
    }
  }
  return records;
}
