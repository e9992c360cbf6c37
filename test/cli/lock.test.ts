import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { askWithToken, credentialsPath } from '../fixtures/endpoint.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { needs } from '../platform/needs.ts';
import { buildCommand, hasTerminal, run, Terminal, type CommandRun } from './latchkey.ts';
import { currentCode, nextCode, startTestBroker, wrongCode, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

const withTerminal = needs(hasTerminal(), 'no Python here, which makes the terminals: install python3');

beforeAll(buildCommand, 120_000);

let own: TestBroker;
beforeEach(async () => {
  own = await startTestBroker();
});
afterEach(() => own[Symbol.asyncDispose]());

const latchkey = (args: readonly string[], input?: string): Promise<CommandRun> => run(own.env, args, input);

async function isLocked(): Promise<boolean> {
  return (await latchkey(['status'])).stdout.startsWith('Locked');
}

describe('latchkey lock', () => {
  test('drops every session and says so', async () => {
    await own.call('profiles.use', { name: 'reader' });
    expect(await latchkey(['lock'])).toEqual({
      status: 0,
      stdout: 'Locked: no session is served until it is unlocked\n',
      stderr: '',
    });
    expect(await isLocked()).toBe(true);
  });

  test('tells which programs have credentials that stay valid, and until when', async () => {
    await own.call('profiles.use', { name: 'reader' });
    await askWithToken(own.broker.endpoint.url, `${credentialsPath}reader`);
    const { stdout } = await latchkey(['lock']);
    expect(stdout).toMatch(/\nreader: .+ ha(ve|s) credentials until .*\(59 min left\)\n$/);
  });
});

describe('latchkey open', () => {
  test('gives no link while locked, which would let any program unlock without a code', async () => {
    await using linked = await startTestBroker({ link: 'http://127.0.0.1:1/#key=once' });
    await linked.call('sessions.lock', {});
    const refused = await run(linked.env, ['open']);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain('latchkey unlock CODE');
    await linked.call('sessions.unlock', {});
    // Unlocked, it is a person that is wanted.
    expect((await run(linked.env, ['open'])).stderr).toContain('Only a person may open the interface');
  });
});

describe('latchkey unlock', () => {
  beforeEach(() => own.call('sessions.lock', {}));

  test('by itself is refused with what would unlock, and leaves it locked', async () => {
    const refused = await latchkey(['unlock']);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: [^\n]*interface[^\n]*latchkey unlock CODE[^\n]*\n$/);
    expect(await isLocked()).toBe(true);
  });

  test('takes an MFA code as operand, and its session is held then', async () => {
    expect(await latchkey(['unlock', currentCode()])).toEqual({
      status: 0,
      stdout: 'Unlocked\n',
      stderr: '',
    });
    expect(await isLocked()).toBe(false);
    expect(await latchkey(['use', 'guarded'])).toMatchObject({ status: 0 });
  });

  describe.skipIf(withTerminal.missing)(`on a terminal${withTerminal.note}`, () => {
    const question = new RegExp(`MFA code for ${aliceSerial}: `);

    test('asks for the code, again where it was wrong, and keeps it out of the command line', async () => {
      using terminal = new Terminal(own.env, ['unlock']);
      await terminal.shows(question);
      terminal.type(`${wrongCode()}\n`);
      await terminal.shows(/STS did not accept the code/);
      await terminal.shows(question);
      terminal.type(`${currentCode()}\n`);
      await terminal.shows(/Unlocked/);
      expect(await terminal.ends()).toBe(0);
      expect(await isLocked()).toBe(false);
    });

    test('asks for that of the device that was named', async () => {
      using terminal = new Terminal(own.env, ['unlock', '--device', 'alice']);
      await terminal.shows(question);
      terminal.type('\u0004');
      await terminal.shows(/latchkey: no MFA code was typed/);
      expect(await terminal.ends()).toBe(1);
      expect(await isLocked()).toBe(true);
    });

    test('asks for none where it is not locked', async () => {
      await own.call('sessions.unlock', {});
      using terminal = new Terminal(own.env, ['unlock']);
      expect(await terminal.shows(/Unlocked/)).not.toContain('MFA');
      expect(await terminal.ends()).toBe(0);
    });
  });

  test('takes it from standard input, in groups, and the device by a part of its serial number', async () => {
    const code = currentCode();
    const grouped = `${code.slice(0, 3)} ${code.slice(3)}\n`;
    expect(await latchkey(['unlock', '-', '--device', 'alice'], grouped)).toMatchObject({ status: 0 });
    expect(await isLocked()).toBe(false);
  });

  test('sends the code to the device that was named', async () => {
    const other = aliceSerial.replace('alice', 'other');
    await own.call('profiles.save', {
      profile: {
        name: 'other-device',
        roleArn: 'arn:aws:iam::444455556666:role/Guarded',
        base: { key: 'work' },
        region: 'eu-central-1',
        mfaSerial: other,
      },
    });
    expect(await latchkey(['unlock', currentCode(), '--device', 'other'])).toMatchObject({ status: 1 });
    expect(await latchkey(['unlock', nextCode(), '--device', aliceSerial])).toMatchObject({ status: 0 });
  });

  test('stays locked where the code is wrong, or is none', async () => {
    const wrong = await latchkey(['unlock', wrongCode()]);
    expect(wrong).toMatchObject({ status: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/^latchkey: STS did not accept the code: [^\n]*\n$/);
    expect(await latchkey(['unlock', 'abcdef'])).toMatchObject({
      status: 1,
      stderr: 'latchkey: An MFA code has six digits\n',
    });
    expect(await latchkey(['unlock', '-'])).toMatchObject({
      status: 1,
      stderr: 'latchkey: there is no code on standard input\n',
    });
    expect(await latchkey(['unlock', '123456', '--device', 'bob'])).toMatchObject({
      status: 1,
      stderr: `latchkey: there is no MFA device "bob"; there is ${aliceSerial}\n`,
    });
    expect(await isLocked()).toBe(true);
  });
});
