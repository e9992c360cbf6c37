import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { allCommands, commandNames } from '../../main/cli/commands.ts';
import { optionShown } from '../../main/cli/usage.ts';
import { commandPages } from '../../scripts/command-pages.ts';
import { needs } from '../platform/needs.ts';
import { aliceSerial } from '../sts/sample-world.ts';
import { buildCommand, run, runInto, start, type CommandRun } from './latchkey.ts';
import {
  currentCode,
  nextCode,
  startTestBroker,
  untilPrompted,
  wrongCode,
  type TestBroker,
} from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 30_000 });

const full = needs(existsSync('/dev/full'), 'there is no /dev/full, which is a full disk to whoever writes');

const day = '(\\d{4}-\\d\\d-\\d\\d )?\\d\\d:\\d\\d';

beforeAll(buildCommand, 120_000);

describe('the command line', () => {
  const nowhere: NodeJS.ProcessEnv = { ...process.env, LATCHKEY_HOME: join(tmpdir(), 'latchkey-nowhere') };

  test('without a command, or with --help, lists the commands and the exit statuses', async () => {
    const help = await run(nowhere, []);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const command of commandNames) expect(help.stdout).toMatch(new RegExp(`^  ${command} +\\w`, 'm'));
    expect(help.stdout).toContain('3 Latchkey is not running');
    // Nothing that is for no person.
    expect(help.stdout).not.toContain('__');
    expect(await run(nowhere, ['--help'])).toEqual(help);
  });

  test.each(commandNames)('has help with an example for %s', async (command) => {
    const help = await run(nowhere, [command, '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: latchkey ${command}`));
    expect(help.stdout).toMatch(new RegExp(`Examples?:\n  .*latchkey ${command}`));
    expect(await run(nowhere, ['help', command])).toEqual(help);
  });

  test('has help for an action, with every option of it', async () => {
    const help = await run(nowhere, ['profile', 'edit', '--help']);
    expect(help.stdout).toMatch(/^Usage: latchkey profile edit NAME \[OPTION…\]\n/);
    for (const option of ['--role-arn ARN', '--unset OPTION', '--protected'])
      expect(help.stdout).toContain(`\n  ${option} `);
    expect(await run(nowhere, ['help', 'profile', 'edit'])).toEqual(help);
    expect(await run(nowhere, ['help', 'stauts'])).toMatchObject({ status: 2, stdout: '' });
  });

  test('gives no help where --help is for the program that is run', async () => {
    const { status, stdout } = await run(nowhere, ['exec', 'reader', '--', 'ls', '--help']);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  });

  test('is written down whole in docs/commands.md and the man page, by npm run commands', async () => {
    for (const [path, page] of commandPages) {
      expect(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(page);
      for (const [name, command] of await allCommands()) {
        expect(page.replaceAll('\\-', '-')).toContain(`latchkey ${name}`);
        const actions = 'actions' in command ? Object.values(command.actions) : [command];
        for (const { options } of actions)
          for (const [option, declared] of Object.entries(options))
            expect(page.replaceAll('\\-', '-')).toContain(optionShown(option, declared));
      }
    }
  });

  test('tells its version', async () => {
    expect(await run(nowhere, ['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n' });
  });

  test.each([
    [['stauts'], 'latchkey: there is no command stauts; there is serve, status, profiles, use, '],
    [['--jason'], 'latchkey: there is no option --jason; there is serve, status'],
    [['constructor'], 'latchkey: there is no command constructor'],
    [
      ['status', '--jason'],
      'latchkey status: there is no option --jason; there is --json, --watch; it is used as',
    ],
    [['status', '--json=yes'], 'latchkey status: --json takes no value'],
    [['status', 'now'], 'latchkey status: "now" is one word too many'],
    [['open', '-x'], 'latchkey open: there is no option -x; there is none; it is used as: latchkey open'],
    [['use', ''], 'latchkey use: PROFILE is missing; it is used as: latchkey use [PROFILE] '],
    [['use'], 'latchkey use: PROFILE is missing; it is used as: latchkey use [PROFILE] '],
    [['use', 'a', 'b'], 'latchkey use: "b" is one word too many'],
    [['mfa', '123456', '--device'], 'latchkey mfa: --device needs a value'],
    [['use', '--none'], 'latchkey use: --none wants --here or --folder'],
    [['use', 'a', '--none', '--here'], 'latchkey use: --none goes with no PROFILE'],
    [['use', 'a', '--here', '--folder', '/'], '--fresh-code, --here and --folder do not go together'],
    [
      ['token', 'add', 'build'],
      'latchkey token add: PROFILE is missing; it is used as: latchkey token add NAME',
    ],
    [
      ['token', 'mend'],
      'latchkey token: there is no "mend"; there is list, add, revoke; it is used as: latchkey',
    ],
    [['key', 'list', 'all'], 'latchkey key list: "all" is one word too many'],
    [['approvals', 'allow', 'k3', 'ever'], 'it can be allowed once, tree, 8h, always, not "ever"'],
    [['lock', 'now'], 'latchkey lock: "now" is one word too many'],
    [
      ['unlock', '--device', 'alice'],
      'latchkey unlock: CODE is missing; it is used as: latchkey unlock [CODE] [--device SERIAL]',
    ],
    [['unlock', ''], 'latchkey unlock: CODE is missing'],
    [['unlock', '123456', '7'], 'latchkey unlock: "7" is one word too many'],
    [
      ['serve', '--port', 'http'],
      'latchkey serve: --port must be a number from 0 (any free port) to 65535, not "http"',
    ],
    [['serve', '--port', '65536'], 'latchkey serve: --port must be'],
    [['serve', '--port', '-1'], 'latchkey serve: --port must be a number from 0 (any free port) to 65535'],
    [['serve', '--port=-1'], 'latchkey serve: --port must be'],
    [['serve', '--port', '--headless'], 'latchkey serve: --port needs a value'],
    [
      ['serve', '--ready-file', '/nowhere/at/all'],
      'latchkey serve: --ready-file must be in a folder that exists; there is no folder "/nowhere/at"',
    ],
    [['serve', '--ready-file', '/'], 'latchkey serve: --ready-file must be a file; "/" is a folder'],
    [['serve', '--secrets', 'disk'], 'latchkey serve: --secrets must be keychain or memory, not "disk"'],
  ])('is refused in one line with what would be right: %j', async (args, reason) => {
    const refused = await run(nowhere, args);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain(reason);
    expect(refused.stderr).toMatch(/^[^\n]+\n$/);
  });

  test('lists the same options in the usage of serve and where there is no such option', async () => {
    const { stderr } = await run(nowhere, ['serve', '--prot', '1']);
    const [, listed = '', usage = ''] = /; there is (.*); it is used as: (.*)/.exec(stderr) ?? [];
    expect(listed).not.toBe('');
    expect(usage.match(/--[\w-]+/g)?.sort()).toEqual(listed.split(', ').sort());
  });

  /** What is done without a broker, and why. */
  const withoutBroker: Readonly<Record<string, string>> = {
    serve: 'starts one',
    endpoint: 'prints commands, for the port of the settings where none runs',
    completion: 'prints a script',
  };

  const withBroker: Readonly<Record<string, readonly string[]>> = {
    status: [],
    profiles: [],
    use: ['reader'],
    exec: ['reader', '--', 'true'],
    shell: ['reader'],
    env: [],
    mfa: ['123456'],
    lock: [],
    unlock: [],
    open: [],
    whoami: [],
    console: ['reader'],
    profile: ['remove', 'reader'],
    key: [],
    credentials: ['reader'],
    token: [],
    approvals: [],
    audit: ['verify'],
  };

  test('is known to want a running broker or not, whichever command it is', () => {
    expect([...Object.keys(withBroker), ...Object.keys(withoutBroker)].sort()).toEqual(
      [...commandNames].sort(),
    );
  });

  test.each(Object.entries(withBroker))('says in one line that no broker runs: %s %j', async (name, args) => {
    // With nothing that a browser could be opened by, too.
    const { BROWSER: _browser, DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...bare } = nowhere;
    expect(await run(bare, [name, ...args])).toEqual({
      status: 3,
      stdout: '',
      stderr: 'latchkey: Latchkey is not running; start the app, or run: latchkey serve\n',
    });
  });

  test('ends without a word when nobody reads its output', async () => {
    const child = start(nowhere, ['--help']);
    const stderr = text(child.stderr);
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(await stderr).toBe('');
  });

  test('has neither keychain, SDK nor Electron code but for what serve takes along', async () => {
    const folder = fileURLToPath(new URL('../../dist/command/', import.meta.url));
    const taken = /(?:require|import)\("(?!node:|\.\/)([^"]+)"\)/g;
    const others: string[] = [];
    for (const name of await readdir(folder)) {
      const source = await readFile(join(folder, name), 'utf8');
      for (const [, other] of source.matchAll(taken)) others.push(`${name}: ${other ?? ''}`);
      // What AWS's SDK is built on; a bundle names no package that it holds.
      expect(source, name).not.toMatch(/smithy/i);
    }
    expect(others).toEqual(['serve.cjs: ../main/headless.js']);
  });

  test('does not speak through a folder that others can open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-open-'));
    await chmod(folder, 0o755);
    const env = { ...nowhere, XDG_RUNTIME_DIR: folder };
    const latchkeyFolder = join(folder, 'latchkey');
    await mkdir(latchkeyFolder, { mode: 0o755 });
    const refused = await run(env, ['status']);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain(`${latchkeyFolder} cannot be used: other users can open it`);
    await rm(folder, { recursive: true });
  });
});

describe('with a broker running', () => {
  let own: TestBroker;
  beforeEach(async () => {
    own = await startTestBroker({ link: 'http://127.0.0.1:1/#key=fake' });
  });
  afterEach(() => own[Symbol.asyncDispose]());

  const latchkey = (args: readonly string[], input?: string): Promise<CommandRun> =>
    run(own.env, args, input);

  describe('latchkey use', () => {
    const noSessionYet =
      '; guarded is the active profile now, and programs get no credentials until it has a session';

    test('returns when the session is held, and says until when', async () => {
      const used = await latchkey(['use', 'reader']);
      expect(used).toMatchObject({ status: 0, stderr: '' });
      expect(used.stdout).toMatch(new RegExp(`^reader is active until ${day} \\(59 min left\\)\\n$`));
      expect(JSON.parse((await latchkey(['status', '--json'])).stdout)).toMatchObject({
        active: { profile: 'reader', accountId: '444455556666', roleName: 'Reader', state: 'active' },
      });
    });

    test('fails with the reason that STS gave, told once, and says that the switch was made', async () => {
      const used = await latchkey(['use', 'refused']);
      expect(used).toMatchObject({ status: 1, stdout: '' });
      expect(used.stderr).toMatch(
        /^latchkey: STS refused \(AccessDenied\): [^\n]*NamesBobAbroad[^\n]* \(request [\w-]+\); refused is the active profile now, and programs get no credentials until it has a session\n$/,
      );
      expect(used.stderr.match(/AccessDenied/g)).toHaveLength(1);
    });

    test('says nothing of a switch that was not made', async () => {
      expect((await latchkey(['use', 'nobody'])).stderr).not.toContain('active');
    });

    test('says that the profile is the active one where no code was given in the window either', async () => {
      const used = start(own.env, ['use', 'guarded']);
      const stderr = text(used.stderr);
      await untilPrompted(own);
      await own.call('mfa.cancel', { serial: aliceSerial });
      expect(await once(used, 'close')).toEqual([1, null]);
      expect(await stderr).toMatch(/^latchkey: No MFA code [^\n]*; guarded is the active profile now/);
    });

    test('takes a part of a name that fits no other', async () => {
      expect((await latchkey(['use', 'LONG'])).stdout).toMatch(/^long-reader is active until /);
    });

    test('names the candidates where a part fits several, and a few of all where it fits none', async () => {
      expect(await latchkey(['use', 're'])).toEqual({
        status: 1,
        stdout: '',
        stderr: 'latchkey: "re" could be reader, refused\n',
      });
      expect(await latchkey(['use', 'nobody'])).toEqual({
        status: 1,
        stdout: '',
        stderr: 'latchkey: there is no profile "nobody"; there is reader, long-reader, guarded, refused\n',
      });
      expect((await own.call('state.read', {})) as object).toMatchObject({ status: { prompts: [] } });
    });

    test('reads the MFA code from the first line of standard input where that is no terminal', async () => {
      const code = currentCode();
      const used = await latchkey(['use', 'guarded'], `${code.slice(0, 3)} ${code.slice(3)}\nmore\n`);
      expect(used).toMatchObject({ status: 0, stderr: '' });
      expect(used.stdout).toMatch(/^guarded is active until /);
    });

    test('fails with the reason where that code is wrong, and takes no second one', async () => {
      const wrong = await latchkey(['use', 'guarded'], `${wrongCode()}\n${currentCode()}\n`);
      expect(wrong).toMatchObject({ status: 1, stdout: '' });
      expect(wrong.stderr).toMatch(/^latchkey: STS did not accept the code: [^\n]*\n$/);
      const letters = await latchkey(['use', 'guarded'], 'abcdef\n');
      expect(letters).toMatchObject({
        status: 1,
        stderr: `latchkey: An MFA code has six digits${noSessionYet}\n`,
      });
    });

    test('says how to give a code where standard input has none, and leaves the prompt for that', async () => {
      expect(await latchkey(['use', 'guarded'])).toEqual({
        status: 1,
        stdout: '',
        stderr: `latchkey: an MFA code of ${aliceSerial} is needed; give it on standard input, or with: latchkey mfa CODE${noSessionYet}\n`,
      });
      expect(await latchkey(['mfa', currentCode()])).toMatchObject({ status: 0 });
    });

    test('asks for one fresh code and no other, also where no session is held', async () => {
      const used = await latchkey(['use', 'guarded', '--fresh-code'], `${currentCode()}\n`);
      expect(used).toMatchObject({ status: 0, stderr: '' });
      expect(used.stdout).toMatch(/^guarded is active until /);
      expect(own.sts.calls()).toMatchObject({ GetSessionToken: 1 });
    });

    test('asks for a fresh code where the last one still serves', async () => {
      await latchkey(['use', 'guarded'], `${currentCode()}\n`);
      await own.call('profiles.use', { name: 'reader' });
      const used = await latchkey(['use', 'guarded', '--fresh-code'], `${nextCode()}\n`);
      expect(used).toMatchObject({ status: 0, stderr: '' });
      expect(own.sts.calls()).toMatchObject({ GetSessionToken: 2 });
      expect(JSON.parse((await latchkey(['status', '--json'])).stdout)).toMatchObject({
        active: { profile: 'guarded', state: 'active' },
      });
    });

    test('waits for no code that is asked for besides while the session is held', async () => {
      await latchkey(['use', 'guarded'], `${currentCode()}\n`);
      const renewed = own.broker.service.call('mfa.renew', { name: 'guarded' });
      await untilPrompted(own);
      expect(await latchkey(['use', 'guarded'])).toMatchObject({ status: 0, stderr: '' });
      await own.call('mfa.cancel', { serial: aliceSerial });
      await renewed;
    });

    test('fails where a pipe gives a used code as the fresh one, and makes no switch', async () => {
      const code = currentCode();
      await latchkey(['use', 'guarded'], `${code}\n`);
      await own.call('profiles.use', { name: 'reader' });
      expect(await latchkey(['use', 'guarded', '--fresh-code'], `${code}\n`)).toEqual({
        status: 1,
        stdout: '',
        stderr: 'latchkey: This code has been used already. Wait for the next one.\n',
      });
      expect((await latchkey(['status'])).stdout).toMatch(/^Active {4}reader /);
      await own.call('mfa.cancel', { serial: aliceSerial });
    });

    test('says that there is no code to be asked for, and makes no switch', async () => {
      const refused = await latchkey(['use', 'reader', '--fresh-code']);
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^latchkey: The profile "reader" takes no MFA code\n$/);
      expect(JSON.parse((await latchkey(['status', '--json'])).stdout)).toMatchObject({ active: null });
    });

    test('reads no standard input where no code is needed', async () => {
      const child = start(own.env, ['use', 'reader']);
      expect(await once(child, 'close')).toEqual([0, null]);
    });

    test('ends with 130 when it is interrupted, also where a parent and no shell looks', async () => {
      const used = start(own.env, ['use', 'guarded']);
      await untilPrompted(own);
      used.kill('SIGINT');
      expect(await once(used, 'close')).toEqual([130, null]);
    });

    test('ends with the reason when the broker ends meanwhile', async () => {
      const used = start(own.env, ['use', 'guarded']);
      const stderr = text(used.stderr);
      await untilPrompted(own);
      await own.broker[Symbol.asyncDispose]();
      expect(await once(used, 'close')).toEqual([3, null]);
      expect(await stderr).toMatch(/^latchkey: Latchkey ended before it answered[^\n]*\n$/);
    });
  });

  test
    .skipIf(full.missing)
    .each([
      [['status', '--json']],
      [['profiles']],
      [['credentials', 'reader']],
      [['audit', 'verify', '--json']],
      [['completion', 'bash']],
    ])(`says that its output cannot be written, and never that it is done: %j${full.note}`, async (args) => {
    await latchkey(['use', 'reader']);
    const lost = await runInto('/dev/full', own.env, args);
    expect(lost).toMatchObject({ status: 1 });
    expect(lost.stderr).toMatch(/^latchkey: standard output cannot be written: ENOSPC[^\n]*\n$/);
  });

  test.each([[['status']], [['profiles', '--json']], [['audit', 'verify', '--json']]])(
    'ends without a word where nobody reads what it lists: %j',
    async (args) => {
      await latchkey(['use', 'reader']);
      const child = start(own.env, args);
      const stderr = text(child.stderr);
      child.stdout.destroy();
      expect(await once(child, 'close')).toEqual([1, null]);
      expect(await stderr).toBe('');
    },
  );

  describe('latchkey mfa', () => {
    test('gives the code that is waited for, by operand or by standard input', async () => {
      expect(await latchkey(['mfa', '123456'])).toMatchObject({
        status: 1,
        stderr:
          'latchkey: no MFA code is waited for; latchkey use PROFILE asks for one where its session takes one\n',
      });
      const used = own.call('profiles.use', { name: 'guarded' });
      expect(await latchkey(['mfa', wrongCode()])).toMatchObject({ status: 1, stdout: '' });
      expect(await latchkey(['mfa', '-', '--device', 'alice'], `${currentCode()}\n`)).toMatchObject({
        status: 0,
        stdout: `The code of ${aliceSerial} was accepted\n`,
      });
      await used;
    });

    test('wants to know the device where several wait', async () => {
      await own.call('profiles.save', {
        profile: {
          name: 'other-device',
          roleArn: 'arn:aws:iam::444455556666:role/Guarded',
          base: { key: 'work' },
          region: 'eu-central-1',
          mfaSerial: 'arn:aws:iam::111122223333:mfa/other',
        },
      });
      const waiting = ['guarded', 'other-device'].map((name) =>
        own.broker.service.call('profiles.use', { name }),
      );
      const several = await latchkey(['mfa', '123456']);
      expect(several).toMatchObject({ status: 1, stdout: '' });
      expect(several.stderr).toContain('--device');
      expect(several.stderr).toContain(`${aliceSerial}, arn:aws:iam::111122223333:mfa/other`);
      expect((await latchkey(['mfa', '123456', '--device', 'mfa/'])).stderr).toContain('could be');
      await own.call('sessions.lock', {});
      await Promise.all(waiting);
    });
  });

  describe('latchkey open', () => {
    test('gives no link without a terminal, on which a person could confirm it, and says what there is', async () => {
      const refused = await latchkey(['open']);
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^latchkey: Only a person may open the interface: [^\n]*terminal\n$/);
    });
  });
});
