/** `latchkey console` by the built command, with browsers that are scripts of the test's. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { browserOf } from '../../main/cli/browser.ts';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { buildCommand, run, Terminal } from './latchkey.ts';
import { currentCode, startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

describe('the browser that a command opens', () => {
  const address = 'http://127.0.0.1:1/once/x';
  const commandOf = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] => {
    const { file, argumentsFor } = browserOf(env, platform);
    return [file, ...argumentsFor(address)];
  };

  test.each([
    ['firefox', ['firefox', address]],
    ['firefox -P billing', ['firefox', '-P', 'billing', address]],
    ['firefox ext+container:name=billing&url=%s', ['firefox', `ext+container:name=billing&url=${address}`]],
    ['open -a Safari %s --args x', ['open', '-a', 'Safari', address, '--args', 'x']],
  ])('is the one of BROWSER (%s)', (browser, command) => {
    expect(commandOf({ BROWSER: browser, DISPLAY: ':0' }, 'linux')).toEqual(command);
  });

  test.each([
    ['linux', { DISPLAY: ':0' }, ['xdg-open', address]],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0', BROWSER: ' ' }, ['xdg-open', address]],
    ['darwin', {}, ['open', address]],
    ['win32', {}, ['rundll32', 'url.dll,FileProtocolHandler', address]],
  ] as const)('is else the desktop’s own (%s, %j)', (platform, env, command) => {
    expect(commandOf(env, platform)).toEqual(command);
  });

  test('is none where there is no display', () => {
    expect(() => browserOf({}, 'linux')).toThrow(/no display to open a browser on; use --print/);
  });
});

describe('latchkey console', () => {
  let own: TestBroker;
  beforeEach(async () => {
    own = await startTestBroker();
  });
  afterEach(() => own[Symbol.asyncDispose]());

  /** A browser that notes its arguments and what it is shown, and ends with `status`. */
  async function browser(status = 0) {
    const [file, seen] = ['browser', 'seen'].map((name) => join(own.broker.home, name)) as [string, string];
    await writeFile(file, `#!/bin/sh\necho "$@" >${seen}\ncurl -sL "$1" >>${seen}\nexit ${status}\n`);
    await chmod(file, 0o700);
    return { file, seen: () => readFile(seen, 'utf8') };
  }

  test('signs the browser in, with no secret on its command line', async () => {
    const { file, seen } = await browser();
    const opened = await run({ ...own.env, BROWSER: file }, ['console', 'reader', '--service', 's3']);
    expect(opened).toEqual({
      status: 0,
      stdout: 'The console of reader (444455556666) is opened in the browser\n',
      stderr: '',
    });
    const [commandLine, ...page] = (await seen()).split('\n');
    expect(commandLine).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/once\/[\w-]{43}$/);
    expect(page.join('\n')).toContain('Signed in as arn:aws:sts::444455556666:assumed-role/Reader/alice');
    expect(page.join('\n')).toContain('https://console.aws.amazon.com/s3/home?region=eu-central-1');
  });

  test('--print prints the link and nothing else', async () => {
    const { status, stdout, stderr } = await run(own.env, ['console', 'read', '--print']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [line = '', ...rest] = stdout.split('\n');
    expect(rest).toEqual(['']);
    const page = await (await fetch(line)).text();
    expect(page).toContain('assumed-role/Reader/alice');
  });

  test('takes the MFA code that the session needs from standard input', async () => {
    const { status, stdout } = await run(own.env, ['console', 'guarded', '--print'], `${currentCode()}\n`);
    expect(status).toBe(0);
    expect(await (await fetch(stdout.trim())).text()).toContain('assumed-role/Guarded/alice');
  });

  test('asks for it on a terminal, also where a prompt was cancelled just before', async ({ skip }) => {
    if (withTerminals.missing) skip(withTerminals.note);
    using terminal = new Terminal(own.env, ['console', 'guarded', '--print']);
    await terminal.shows(/MFA code for arn:aws:iam::111122223333:mfa\/alice: /);
    await own.call('mfa.cancel', { serial: 'arn:aws:iam::111122223333:mfa/alice' });
    await terminal.ends();
    using again = new Terminal(own.env, ['console', 'guarded', '--print']);
    await again.shows(/MFA code for arn:aws:iam::111122223333:mfa\/alice: /);
    again.type(`${currentCode()}\n`);
    await again.shows(/http:\/\/127\.0\.0\.1:\d+\/federation\?Action=login/);
    expect(await again.ends()).toBe(0);
  });

  test('tells on a terminal that a protected profile waits for an approval', async ({ skip }) => {
    if (withTerminals.missing) skip(withTerminals.note);
    const reader = 'arn:aws:iam::444455556666:role/team/Reader';
    await own.call('profiles.save', {
      profile: {
        name: 'production',
        roleArn: reader,
        base: { key: 'work' },
        region: 'eu-central-1',
        protected: true,
      },
    });
    using terminal = new Terminal(own.env, ['console', 'production', '--print']);
    await terminal.shows(/production is protected: allow it in the Latchkey window/);
    const { stdout } = await run(own.env, ['status', '--json']);
    const { approvalRequests } = JSON.parse(stdout) as { approvalRequests: { id: string }[] };
    expect(approvalRequests).toHaveLength(1);
    await own.call('approvals.allow', { id: approvalRequests[0]?.id ?? '', allowance: 'once' });
    await terminal.shows(/\/federation\?Action=login/);
    expect(await terminal.ends()).toBe(0);
  });

  test.each([
    ['refused', [], 1, /^latchkey: [^\n]*not authorized[^\n]*\n$/],
    ['nobody', [], 1, /^latchkey: there is no profile "nobody"; there is [^\n]*\n$/],
    [
      'reader',
      ['--service', 'S3/x'],
      1,
      /^latchkey: Service must be as the console’s addresses spell it[^\n]*\n$/,
    ],
  ])('of %s %j says in one line why not', async (profile, options, status, reason) => {
    const refused = await run(own.env, ['console', profile, ...options, '--print']);
    expect(refused).toMatchObject({ status, stdout: '' });
    expect(refused.stderr).toMatch(reason);
  });

  test('says what to do where no browser can be opened', async () => {
    const { BROWSER: _browser, DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...bare } = own.env;
    const none = await run(bare, ['console', 'reader']);
    expect(none).toMatchObject({ status: 1, stdout: '' });
    expect(none.stderr).toMatch(/^latchkey: there is no display [^\n]*use --print[^\n]*\n$/);
    const missing = await run({ ...own.env, BROWSER: '/nowhere/browser' }, ['console', 'reader']);
    expect(missing.stderr).toMatch(/with \/nowhere\/browser \(ENOENT\); [^\n]*use --print\n$/);
    const { file } = await browser(3);
    const failed = await run({ ...own.env, BROWSER: file }, ['console', 'reader']);
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toMatch(/\(it ended with 3\)/);
  });
});
