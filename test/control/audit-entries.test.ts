/** What is recorded of the contract's calls: by a program on the real local socket, and by a person at the window. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditRecord } from '../../main/audit/record.ts';
import { brokerAddress } from '../../main/control/address.ts';
import type { AuditVerdict, State } from '../../preload/contract.ts';
import { recordsOf } from '../audit/audit-fixture.ts';
import {
  currentCode,
  startTestBroker,
  untilPrompted,
  wrongCode,
  type TestBroker,
} from '../cli/test-broker.ts';
import { aliceKeys, aliceSerial, bobKeys } from '../sts/sample-world.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

let own: TestBroker;
let program: Program;

beforeEach(async () => {
  own = await startTestBroker({ link: 'http://127.0.0.1:1/' });
  program = new Program(brokerAddress(own.broker.home));
});
afterEach(async () => {
  program[Symbol.dispose]();
  await own[Symbol.asyncDispose]();
});

/** A program without a terminal, with a session of its own. Nobody waits for what it is answered. */
class Program implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, null, null>;

  constructor(address: string) {
    const program = `
      require('node:readline').createInterface(process.stdin).on('line', (line) => {
        const { method, path, body } = JSON.parse(line);
        const headers = body === undefined ? {} : { 'content-type': 'application/json' };
        const sent = require('node:http').request({ socketPath: process.argv[1], method, path, headers });
        sent.on('response', (response) => response.resume()).on('error', () => undefined).end(body);
      });`;
    this.#child = spawn(process.execPath, ['-e', program, address], {
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  call(name: string, input: object): void {
    this.#send({ method: 'POST', path: `/call/${name}`, body: JSON.stringify(input) });
  }

  asksFor(profile: string): void {
    this.#send({ method: 'GET', path: `/credentials/${profile}` });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  #send(request: { method: string; path: string; body?: string }): void {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
  }
}

type Told = Partial<Pick<AuditRecord, 'event' | 'profile' | 'detail'>>;

/** The record that tells this, once it is there. */
async function recorded({ event, profile, detail }: Told): Promise<AuditRecord> {
  return await vi.waitFor(
    async () => {
      const records = await recordsOf(own.broker.home);
      const found = records.findLast(
        (record) => record.event === event && record.profile === profile && record.detail === detail,
      );
      if (!found) throw new Error(`not in ${records.map((record) => JSON.stringify(record)).join('\n')}`);
      return found;
    },
    { timeout: 20_000, interval: 100 },
  );
}

/** Fails unless that is recorded with the program that did it. */
async function recordedOfProgram(told: Told): Promise<void> {
  expect(await recorded(told)).toMatchObject({ client: { pid: program.pid } });
}

/** Fails unless that is recorded, and no program with it: a person did it at the window. */
async function recordedOfPerson(told: Told): Promise<void> {
  expect(await recorded(told)).not.toHaveProperty('client');
}

const region = 'eu-central-1';
const reader = { roleArn: 'arn:aws:iam::444455556666:role/team/Reader', base: { key: 'work' }, region };

describe('of a program’s call is recorded, with the program,', () => {
  it.each<[name: string, input: object, told: Told]>([
    ['profiles.use', { name: 'reader' }, { event: 'switched', profile: 'reader' }],
    [
      'bindings.set',
      { profile: 'reader' },
      { event: 'accessChanged', profile: 'reader', detail: 'given to a process tree' },
    ],
    [
      'bindings.set',
      { profile: null },
      { event: 'accessChanged', detail: 'a process tree has no profile of its own any more' },
    ],
    ['mfa.renew', { name: 'guarded' }, { event: 'mfa', profile: 'guarded', detail: 'fresh code asked for' }],
  ])('what was changed: %s %j', async (name, input, told) => {
    program.call(name, input);
    await recordedOfProgram(told);
  });

  it.each<[name: string, input: object]>([
    ['keys.add', { label: 'other', ...aliceKeys }],
    ['keys.edit', { label: 'work', newLabel: 'home' }],
    ['keys.remove', { label: 'work' }],
    ['profiles.save', { profile: { ...reader, name: 'mine' } }],
    ['profiles.remove', { name: 'reader' }],
    ['profiles.setReadOnly', { name: 'reader', readOnly: true }],
    ['folders.set', { folder: '/tmp/project', profile: 'reader' }],
    ['tokens.create', { name: 'mine', profile: 'reader' }],
    ['tokens.createAndCopy', { name: 'mine', profile: 'reader' }],
    ['settings.save', { imdsV1: true }],
    ['installation.startAtLogin', { on: true }],
    ['mfa.snooze', { serial: aliceSerial, minutes: 15 }],
    ['interface.open', {}],
  ])('that it was refused what only a person may do: %s', async (name, input) => {
    program.call(name, input);
    await recordedOfProgram({ event: 'refused', detail: name });
  });

  it('each code that it gave, and whether STS took it', async () => {
    void own.broker.service.call('profiles.use', { name: 'guarded' });
    await untilPrompted(own);
    program.call('mfa.answer', { serial: aliceSerial, code: wrongCode() });
    await recordedOfProgram({ event: 'mfa', detail: 'code refused' });
    program.call('mfa.answer', { serial: aliceSerial, code: currentCode() });
    await recordedOfProgram({ event: 'mfa', detail: 'code accepted' });
  });

  it('that it locked, once', async () => {
    program.call('sessions.lock', {});
    await recordedOfProgram({ event: 'locked' });
    program.call('sessions.lock', {});
    program.call('sessions.unlock', { code: currentCode() });
    await recordedOfProgram({ event: 'unlocked', detail: 'by an MFA code' });
    const records = await recordsOf(own.broker.home);
    expect(records.filter(({ event }) => event === 'locked')).toMatchObject([{ count: 1 }]);
  });

  it('that it tried to unlock, and by what it did', async () => {
    await own.call('sessions.lock', {});
    program.call('sessions.unlock', {});
    await recordedOfProgram({ event: 'refused', detail: 'sessions.unlock' });
    program.call('sessions.unlock', { code: currentCode() });
    await recordedOfProgram({ event: 'unlocked', detail: 'by an MFA code' });
  });

  it('that it was denied what it asked for, and who denied that', async () => {
    await own.call('profiles.save', { profile: { ...reader, name: 'production', protected: true } });
    program.asksFor('production');
    const id = await theRequest();
    program.call('approvals.deny', { id });
    // Whoever asked may take that back. That is no person's decision, and does not look like one.
    const detail = `denied by node (pid ${program.pid})`;
    await recordedOfProgram({ event: 'approval', profile: 'production', detail });
  });

  it('who allowed it what it asked for, and that it got that', async () => {
    await own.call('profiles.save', { profile: { ...reader, name: 'production', protected: true } });
    program.asksFor('production');
    await own.call('approvals.allow', { id: await theRequest(), allowance: 'once' });
    const detail = 'allowed (once) by a person at the window';
    await recordedOfProgram({ event: 'approval', profile: 'production', detail });
    const served = 'name, allowed once';
    await recordedOfProgram({ event: 'served', profile: 'production', detail: served });
  });
});

describe('of a person’s call at the window is recorded', () => {
  it('that a prompt was put aside, for how long, and that its code was asked for again', async () => {
    void own.broker.service.call('profiles.use', { name: 'guarded' });
    await untilPrompted(own);
    await own.call('mfa.snooze', { serial: aliceSerial, minutes: 15 });
    await recordedOfPerson({ event: 'mfa', detail: 'put aside for 15 min' });
    await own.call('mfa.snooze', { serial: aliceSerial, minutes: null });
    await recordedOfPerson({ event: 'mfa', detail: 'asked for again' });
  });

  it('what was done to keys', async () => {
    await own.call('keys.add', { label: 'other', ...bobKeys });
    await recordedOfPerson({ event: 'keyChanged', detail: 'added' });
    await own.call('keys.edit', { label: 'other', newLabel: 'another' });
    await recordedOfPerson({ event: 'keyChanged', detail: 'changed' });
    await own.call('keys.remove', { label: 'another' });
    await recordedOfPerson({ event: 'keyChanged', detail: 'removed' });
  });

  it('what was done to profiles, with the name that one had', async () => {
    await own.call('profiles.save', { profile: { ...reader, name: 'mine' } });
    await recordedOfPerson({ event: 'profileChanged', profile: 'mine', detail: 'added' });
    await own.call('profiles.save', { profile: { ...reader, name: 'mine' }, replaces: 'mine' });
    await recordedOfPerson({ event: 'profileChanged', profile: 'mine', detail: 'changed' });
    await own.call('profiles.save', { profile: { ...reader, name: 'other' }, replaces: 'mine' });
    await recordedOfPerson({ event: 'profileChanged', profile: 'other', detail: 'changed, it was mine' });
    await own.call('profiles.remove', { name: 'other' });
    await recordedOfPerson({ event: 'profileChanged', profile: 'other', detail: 'removed' });
  });

  it('which profile a folder has', async () => {
    const folder = '/tmp/project';
    await own.call('folders.set', { folder, profile: 'reader' });
    await recordedOfPerson({ event: 'accessChanged', profile: 'reader', detail: 'given to a folder' });
    await own.call('folders.set', { folder, profile: null });
    await recordedOfPerson({ event: 'accessChanged', detail: 'a folder has no profile of its own any more' });
  });

  it('that Latchkey was locked, and who unlocked it', async () => {
    await own.call('sessions.lock', {});
    await recordedOfPerson({ event: 'locked' });
    await own.call('sessions.unlock', {});
    await recordedOfPerson({ event: 'unlocked', detail: 'by a person at the window' });
  });
});

it('What only reads is not recorded', async () => {
  const before = await recordsOf(own.broker.home);
  await own.call('state.read', {});
  const { proven, unproven } = (await own.call('audit.verify', {})) as AuditVerdict;
  expect(proven + unproven).toBeGreaterThanOrEqual(before.length);
  const events = (await recordsOf(own.broker.home)).map(({ event }) => event);
  // Those of the test broker's own making.
  expect(new Set(events)).toEqual(new Set(['started', 'keyChanged', 'profileChanged']));
});

/** The request that waits for a person, once there is one. */
async function theRequest(): Promise<string> {
  return await vi.waitFor(
    async () => {
      const { status } = (await own.call('state.read', {})) as State;
      const [request] = status.approvalRequests;
      if (!request) throw new Error('nobody asks');
      return request.id;
    },
    { timeout: 20_000, interval: 100 },
  );
}
