import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serveLocalSocket } from '../../main/control/local-socket.ts';
import type { Service, ServiceByCaller } from '../../main/control/service.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import { profileSchema } from '../../main/profiles/profile.ts';
import {
  stateSchema,
  type Answer,
  type BrokerEvent,
  type ProfileView,
  type Prompt,
  type State,
} from '../../preload/contract.ts';
import { needs } from '../platform/needs.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { socketOptions } from '../control/socket-options.ts';
import { buildCommand, hasTerminal, run, Terminal } from './latchkey.ts';
import { currentCode, startTestBroker, untilPrompted, wrongCode, type TestBroker } from './test-broker.ts';
import { emptyStatus } from '../fixtures/status.ts';

const withTerminal = needs(hasTerminal(), 'no Python here, which makes the terminals: install python3');

beforeAll(buildCommand, 120_000);

describe.skipIf(withTerminal.missing)(
  `latchkey on a terminal${withTerminal.note}`,
  { timeout: 20_000 },
  () => {
    let own: TestBroker;
    let terminal: Terminal;
    beforeEach(async () => {
      own = await startTestBroker();
    });
    afterEach(async () => {
      terminal[Symbol.dispose]();
      await own[Symbol.asyncDispose]();
    });

    const question = new RegExp(`MFA code for ${aliceSerial}: `);

    test('asks for the MFA code and says what is active then', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type(`${currentCode()}\n`);
      await terminal.shows(/guarded.* is .*active.* until \d\d:\d\d/);
      expect(await terminal.ends()).toBe(0);
    });

    test('asks nothing where no code is needed', async () => {
      terminal = new Terminal(own.env, ['use', 'reader']);
      expect(await terminal.shows(/is .*active.* until/)).not.toContain('MFA');
      expect(await terminal.ends()).toBe(0);
    });

    test('says what was wrong with a code and asks again', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type(`${wrongCode()}\n`);
      await terminal.shows(/STS did not accept the code/);
      await terminal.shows(question);
      terminal.type('12345\n');
      await terminal.shows(/An MFA code has six digits/);
      await terminal.shows(question);
      terminal.type(`${currentCode()}\n`);
      expect(await terminal.ends()).toBe(0);
    });

    test('gives up after three wrong codes', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      for (const code of ['1', '2', '3']) {
        await terminal.shows(question);
        terminal.type(`${code}\n`);
      }
      await terminal.shows(/latchkey: An MFA code has six digits/);
      expect(await terminal.ends()).toBe(1);
    });

    test('stops asking when the code was given in the window', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      await own.call('mfa.answer', { serial: aliceSerial, code: currentCode() });
      await terminal.shows(/The code was given elsewhere/);
      await terminal.shows(/is .*active.* until/);
      expect(await terminal.ends()).toBe(0);
    });

    test('stops asking when the prompt was cancelled in the window, and says so', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      await own.call('mfa.cancel', { serial: aliceSerial });
      await terminal.shows(/latchkey: No MFA code of .* was given/);
      expect(await terminal.ends()).toBe(1);
    });

    test("answers the prompt that another profile's wait has opened for the same device", async () => {
      await own.call('profiles.save', {
        profile: {
          name: 'also-guarded',
          roleArn: 'arn:aws:iam::444455556666:role/Guarded',
          base: { key: 'work' },
          region: 'eu-central-1',
          mfaSerial: aliceSerial,
          sessionName: 'another',
        },
      });
      const other = own.call('profiles.use', { name: 'also-guarded' });
      await untilPrompted(own);
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type(`${currentCode()}\n`);
      expect(await terminal.ends()).toBe(0);
      await other;
    });

    test('asks once where the answer to a code comes before the news that the prompt is gone', async () => {
      await own.broker[Symbol.asyncDispose]();
      const service = new PromptingService();
      await using _served = await serveLocalSocket(socketOptions(service), controlAddress(own.broker.home));
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type('123456\n');
      await service.answered;
      // News of something else, at which the prompt still stands.
      service.tell();
      expect((await run(own.env, ['status'])).status).toBe(0);
      service.end();
      expect(await terminal.shows(/is .*active/)).not.toContain('MFA code for');
      expect(await terminal.ends()).toBe(0);
    });

    test('says how long to wait where the code has been used, and asks for the next one then', async () => {
      await own.broker[Symbol.asyncDispose]();
      const service = new PromptingService();
      await using _served = await serveLocalSocket(socketOptions(service), controlAddress(own.broker.home));
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      service.nextCodeAtMs = Date.now() + 1500;
      terminal.type('123456\n');
      await terminal.shows(/This code has been used already\. The next one comes in [12] s\.\r\n/);
      await terminal.shows(question);
      expect(Date.now()).toBeGreaterThanOrEqual(service.nextCodeAtMs);
      terminal.type('654321\n');
      await service.answered;
      service.end();
      expect(await terminal.ends()).toBe(0);
    });

    test('says so before the first question, and asks none where the code is given elsewhere meanwhile', async () => {
      await own.broker[Symbol.asyncDispose]();
      const service = new PromptingService();
      service.nextCodeAtMs = Date.now() + 29_000;
      await using _served = await serveLocalSocket(socketOptions(service), controlAddress(own.broker.home));
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(
        /The code that the device shows has been used\. The next one comes in 2\d s\.\r\n/,
      );
      service.end();
      expect(await terminal.shows(/is .*active/)).not.toContain('MFA code for');
      expect(await terminal.ends()).toBe(0);
    });

    test('asks once for a fresh code, and switches then', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded', '--fresh-code']);
      await terminal.shows(question);
      terminal.type(`${currentCode()}\n`);
      expect(await terminal.shows(/guarded.* is .*active.* until/)).not.toContain('MFA code for');
      expect(await terminal.ends()).toBe(0);
    });

    test('says once what it waits for where STS does not answer', async () => {
      await own.broker[Symbol.asyncDispose]();
      const service = new PromptingService(false);
      await using _served = await serveLocalSocket(socketOptions(service), controlAddress(own.broker.home));
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(/getting a session of guarded…\r\n/);
      service.end();
      expect(await terminal.shows(/is .*active/)).not.toContain('getting');
      expect(await terminal.ends()).toBe(0);
    });

    test('ends with 130 on Ctrl-C, and leaves the terminal as it was', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type('123');
      terminal.type('\u0003');
      expect(await terminal.ends()).toBe(130);
    });

    const promptsNow = async () => {
      const answer = await own.broker.service.call('state.read', {});
      return 'value' in answer ? stateSchema.parse(answer.value).status.prompts : undefined;
    };

    test.each([
      ['use', ['use', 'guarded', '--fresh-code']],
      ['exec', ['exec', 'guarded', '--', 'true']],
    ])('cancels the prompt that %s has opened on Ctrl-C', async (_command, args) => {
      terminal = new Terminal(own.env, args);
      await terminal.shows(question);
      expect(await promptsNow()).toHaveLength(1);
      terminal.type('\u0003');
      const shown = await terminal.shows(/exit status 130\r\nunchanged\r\n/);
      expect(shown).not.toContain('latchkey:');
      expect(shown).not.toContain('given elsewhere');
      expect(await promptsNow()).toEqual([]);
    });

    test('leaves a prompt on Ctrl-C that somebody else waits for', async () => {
      const waiting = own.broker.service.call('profiles.use', { name: 'guarded' });
      await untilPrompted(own);
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type('\u0003');
      expect(await terminal.ends()).toBe(130);
      expect(await promptsNow()).toHaveLength(1);
      await own.call('mfa.cancel', { serial: aliceSerial });
      await waiting;
    });

    test('says nothing of getting a session while a person is to allow it', async () => {
      await own.call('profiles.save', {
        profile: {
          name: 'production',
          roleArn: 'arn:aws:iam::444455556666:role/team/Reader',
          base: { key: 'work' },
          region: 'eu-central-1',
          protected: true,
        },
      });
      terminal = new Terminal(own.env, ['exec', 'production', '--', 'echo', 'it runs']);
      await terminal.shows(/production is protected: allow it/);
      // Longer than after what it would be said.
      await delay(1500);
      const answer = await own.broker.service.call('state.read', {});
      const state = stateSchema.parse('value' in answer ? answer.value : undefined);
      const [request] = state.status.approvalRequests;
      await own.call('approvals.allow', { id: request?.id ?? '', allowance: 'once' });
      expect(await terminal.shows(/it runs/)).not.toContain('getting');
      expect(await terminal.ends()).toBe(0);
    });

    test('ends with the reason where no code is typed but the end of input', async () => {
      terminal = new Terminal(own.env, ['use', 'guarded']);
      await terminal.shows(question);
      terminal.type('\u0004');
      await terminal.shows(/latchkey: an MFA code of .* is needed/);
      expect(await terminal.ends()).toBe(1);
    });

    test('has colour, unless NO_COLOR is set', async () => {
      await own.call('profiles.use', { name: 'reader' });
      terminal = new Terminal(own.env, ['status']);
      expect(await terminal.shows(/Endpoint/)).toContain('\u001b[');
      expect(await terminal.ends()).toBe(0);
      terminal = new Terminal({ ...own.env, NO_COLOR: '1' }, ['status']);
      expect(await terminal.shows(/Endpoint/)).not.toContain('\u001b[');
      expect(await terminal.ends()).toBe(0);
    });
  },
);

/**
 * A broker that holds a session when it is told to, and whose news of an accepted code comes late: a real one's
 * comes first nearly always.
 */
class PromptingService implements Service, ServiceByCaller {
  readonly answered: Promise<void>;
  /** While there, codes have been used. */
  nextCodeAtMs: number | undefined;
  #noteAnswer: () => void = () => undefined;
  #noteUse: (answer: Answer<unknown>) => void = () => undefined;
  #isPrompting: boolean;
  readonly #listeners = new Set<(event: BrokerEvent) => void>();

  constructor(isPrompting = true) {
    this.#isPrompting = isPrompting;
    this.answered = new Promise((resolve) => (this.#noteAnswer = resolve));
  }

  by(): Service {
    return this;
  }

  call(name: string): Promise<Answer<unknown>> {
    if (name === 'state.read') return Promise.resolve({ value: this.#state() });
    if (name === 'profiles.use') return new Promise((resolve) => (this.#noteUse = resolve));
    if (this.nextCodeAtMs !== undefined && Date.now() < this.nextCodeAtMs)
      return Promise.resolve({
        problem: { code: 'MfaRejected', message: 'This code has been used already.' },
      });
    this.#noteAnswer();
    return Promise.resolve({ value: {} });
  }

  subscribe(listener: (event: BrokerEvent) => void): Disposable {
    this.#listeners.add(listener);
    listener({ type: 'state', state: this.#state() });
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  tell(): void {
    for (const listener of this.#listeners) listener({ type: 'state', state: this.#state() });
  }

  end(): void {
    this.#isPrompting = false;
    this.tell();
    this.#noteUse({ value: this.#guarded() });
  }

  #state(): State {
    const prompt: Prompt = {
      serial: aliceSerial,
      profile: 'guarded',
      accountId: '444455556666',
      cause: 'person',
      state: 'waiting',
      sinceMs: 1,
      nextCodeAtMs: this.nextCodeAtMs,
    };
    return {
      status: {
        ...emptyStatus,
        active: 'guarded',
        endpoint: 'http://127.0.0.1:1/',
        prompts: this.#isPrompting ? [prompt] : [],
      },
      profiles: [this.#guarded()],
    };
  }

  #guarded(): ProfileView {
    const roleArn = 'arn:aws:iam::444455556666:role/Guarded';
    const profile = profileSchema.parse({
      name: 'guarded',
      roleArn,
      base: { key: 'work' },
      region: 'eu-central-1',
    });
    return {
      profile,
      accountId: '444455556666',
      roleName: 'Guarded',
      sessionArn: 'arn:aws:sts::444455556666:assumed-role/Guarded/alice',
      effectiveDurationSeconds: 3600,
      session: { state: this.#isPrompting ? 'waitingForMfa' : 'active' },
    };
  }
}
