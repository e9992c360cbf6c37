/** Access keys and profiles, added, changed and removed by a person on a terminal. */
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { profileSchema } from '../../main/profiles/profile.ts';
import { fieldOf } from '../../main/cli/given-fields.ts';
import { changeOptions } from '../../main/cli/profile-options.ts';
import { withTerminals } from '../fixtures/pseudo-terminal.ts';
import { aliceKeys, aliceSerial } from '../sts/sample-world.ts';
import { buildCommand, run, Terminal, type CommandRun } from './latchkey.ts';
import { startTestBroker, type TestBroker } from './test-broker.ts';

// Machines that run tests are busy ones.
vi.setConfig({ testTimeout: 60_000 });

beforeAll(buildCommand, 240_000);

let own: TestBroker;
beforeEach(async () => {
  own = await startTestBroker();
});
afterEach(() => own[Symbol.asyncDispose]());

const latchkey = (args: readonly string[], input?: string): Promise<CommandRun> => run(own.env, args, input);

const number = /type this number: (\d{4})\r+\n/;

/** Types the number that the broker shows on the terminal. */
async function confirm(terminal: Terminal, wish: RegExp): Promise<void> {
  const [, shown = ''] = number.exec(await terminal.shows(number)) ?? [];
  await terminal.shows(wish);
  terminal.type(`${shown}\n`);
}

async function profileNamed(name: string): Promise<unknown> {
  const { stdout } = await latchkey(['profiles', '--json']);
  const { profiles } = JSON.parse(stdout) as { profiles: { name: string }[] };
  return profiles.find((profile) => profile.name === name);
}

const role = 'arn:aws:iam::444455556666:role/team/Reader';

describe.skipIf(withTerminals.missing)(`latchkey key${withTerminals.note}`, () => {
  const { accessKeyId, secretAccessKey } = aliceKeys;

  /** Alice has one key, and it can be added once. */
  async function withoutKey(): Promise<void> {
    for (const name of ['reader', 'long-reader', 'guarded', 'refused'])
      await own.call('profiles.remove', { name });
    await own.call('keys.remove', { label: 'work' });
  }

  test('add asks for what is not given, and shows nothing of the secret as it is typed', async () => {
    await withoutKey();
    using terminal = new Terminal(own.env, ['key', 'add', '--mfa-serial', aliceSerial]);
    await terminal.shows(/Label: /);
    terminal.type('home\n');
    await terminal.shows(/Access key ID: /);
    terminal.type(`${accessKeyId}\n`);
    await terminal.shows(/Secret access key \(not shown\): /);
    // With a slip, taken back.
    terminal.type(`${secretAccessKey}xy\u007f\u007f\r`);
    const shown = await terminal.shows(number);
    expect(shown).not.toContain(secretAccessKey.slice(0, 8));
    expect(shown).not.toContain('*');
    const [, typed = ''] = number.exec(shown) ?? [];
    await terminal.shows(/type it to add the access key \w+ as "home": /);
    terminal.type(`${typed}\n`);
    await terminal.shows(/Added home: /);
    expect(await terminal.ends()).toBe(0);
    const { stdout } = await latchkey(['key', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      keys: [{ label: 'home', accessKeyId, mfaSerial: aliceSerial }],
    });
  });

  test('add leaves the terminal as it was where it is interrupted at the secret', async () => {
    using terminal = new Terminal(own.env, ['key', 'add', 'home', '--access-key-id', accessKeyId]);
    await terminal.shows(/Secret access key \(not shown\): /);
    terminal.type(`${secretAccessKey.slice(0, 8)}\u0003`);
    expect(await terminal.ends()).toBe(130);
  });

  test('add takes no secret as an argument, and says where it comes from otherwise', async () => {
    const args = ['key', 'add', 'home', '--access-key-id', accessKeyId];
    const given = await latchkey([...args, '--secret-access-key', secretAccessKey]);
    expect(given).toMatchObject({ status: 2, stdout: '' });
    expect(given.stderr).toContain('there is no option --secret-access-key');
    expect(given.stderr).not.toContain(secretAccessKey);
    expect(await latchkey(args)).toEqual({
      status: 1,
      stdout: '',
      stderr: 'latchkey: the secret access key is missing; type it, or give it on standard input\n',
    });
  });

  test('add reads the secret from standard input, names what is wrong, and wants a person for what is right', async () => {
    const wrong = await latchkey(['key', 'add', 'home', '--access-key-id', 'ASIA'], `${secretAccessKey}\n`);
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^latchkey key add: --access-key-id: Access key ID must [^\n]*\n$/);
    const secret = 'not a secret access key';
    const refused = await latchkey(['key', 'add', 'home', '--access-key-id', accessKeyId], secret);
    expect(refused.stderr).toMatch(/^latchkey key add: the secret access key: Secret access key must/);
    expect(refused.stderr).not.toContain(secret);
    const right = await latchkey(
      ['key', 'add', 'home', '--access-key-id', accessKeyId],
      `${secretAccessKey}\n`,
    );
    expect(right).toMatchObject({ status: 1, stdout: '' });
    expect(right.stderr).toMatch(/^latchkey: Only a person may [^\n]*terminal\n$/);
    expect((await latchkey(['key', 'add', 'home'], '')).stderr).toContain('--access-key-id is missing');
  });

  test('edit changes what is given, with a number for it, and keeps the secret and the profiles on it', async () => {
    const given = ['--label', 'home', '--mfa-serial', aliceSerial];
    expect((await latchkey(['key', 'edit', 'work', ...given])).stderr).toMatch(
      /^latchkey: Only a person may /,
    );
    using terminal = new Terminal(own.env, ['key', 'edit', 'work', ...given]);
    await confirm(
      terminal,
      /type it to change the access key "work" \(label "home", MFA device arn:aws:iam::\d+:mfa\/alice\): /,
    );
    await terminal.shows(/Changed work, which is home now/);
    expect(await terminal.ends()).toBe(0);
    const { stdout } = await latchkey(['key', 'list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      keys: [{ label: 'home', accessKeyId, mfaSerial: aliceSerial, region: 'us-east-1' }],
    });
    expect(await profileNamed('reader')).toMatchObject({ base: { key: 'home' } });

    using another = new Terminal(own.env, ['key', 'edit', 'home', '--unset', 'mfa-serial']);
    await confirm(another, /type it to change the access key "home" \(no MFA device\): /);
    await another.shows(/Changed home/);
    expect(await another.ends()).toBe(0);
    await own.call('profiles.use', { name: 'reader' });
    expect((await latchkey(['key'])).stdout).toContain('no MFA device');
  });

  test.each([
    [['edit', 'work'], 'there is nothing to change: give an option'],
    [['edit', 'work', '--label', '+x'], '--label: Label may hold letters'],
    [['edit', 'work', '--mfa-serial', 'x'], '--mfa-serial: MFA serial must have 9 to 256 characters'],
    [['edit', 'work', '--region', 'europe'], '--region: Region must look like eu-central-1'],
    [['edit', 'work', '--unset', 'region'], '--unset takes mfa-serial, not "region"'],
    [
      ['edit', 'work', '--mfa-serial', aliceSerial, '--unset', 'mfa-serial'],
      '--mfa-serial and --unset mfa-serial do not go together',
    ],
  ])('what cannot be is refused with the option that is wrong: %j', async (args, message) => {
    const refused = await latchkey(['key', ...args]);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).toMatch(/^[^\n]+\n$/);
  });

  test('edit says that there is no such key before anybody types a number', async () => {
    expect(await latchkey(['key', 'edit', 'nobody', '--region', 'eu-west-1'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'latchkey: there is no access key "nobody"\n',
    });
  });

  test('remove is refused while a profile is based on the key, and is for a person', async () => {
    using terminal = new Terminal(own.env, ['key', 'remove', 'work']);
    await confirm(terminal, /type it to remove the access key "work": /);
    await terminal.shows(/latchkey: .*reader/);
    expect(await terminal.ends()).toBe(1);
    expect((await latchkey(['key', 'remove', 'work'])).stderr).toMatch(/^latchkey: Only a person may /);
    expect((await latchkey(['key'])).stdout).toMatch(/^work /);
  });
});

describe.skipIf(withTerminals.missing)(`latchkey profile${withTerminals.note}`, () => {
  test('add asks for what is not given, and offers the only access key', async () => {
    using terminal = new Terminal(own.env, ['profile', 'add', '--region', 'eu-west-1', '--colour', 'red']);
    await terminal.shows(/Name: /);
    terminal.type('billing\n');
    await terminal.shows(/Role ARN: /);
    terminal.type(`${role}\n`);
    await terminal.shows(/Access key \[work\]: /);
    terminal.type('\n');
    await confirm(
      terminal,
      /type it to add the profile billing \(arn:aws:iam::\d{12}:role\/\S+, by the access key "work", not protected\): /,
    );
    await terminal.shows(/Added billing/);
    expect(await terminal.ends()).toBe(0);
    expect(await profileNamed('billing')).toMatchObject({
      roleArn: role,
      base: { key: 'work' },
      region: 'eu-west-1',
      colour: 'red',
    });
  });

  test('edit changes what is given, takes back what is to be unset, and leaves the rest', async () => {
    const profile = {
      name: 'billing',
      roleArn: role,
      base: { key: 'work' },
      region: 'eu-west-1',
      externalId: 'ours',
      durationSeconds: 900,
      pinned: true,
    };
    await own.call('profiles.save', { profile });
    const given = ['--base-profile', 'reader', '--duration-seconds', '1800', '--session-name', 'alice'];
    const policies = ['arn:aws:iam::aws:policy/SecurityAudit', 'arn:aws:iam::aws:policy/ReadOnlyAccess'];
    for (const arn of policies) given.push('--session-policy-arns', arn);
    const unset = ['--unset', 'external-id', '--unset', 'pinned'];
    using terminal = new Terminal(own.env, [
      'profile',
      'edit',
      'billing',
      '--name',
      'bills',
      ...given,
      ...unset,
    ]);
    await confirm(
      terminal,
      /type it to change the profile billing to bills \(arn:aws:iam::\d{12}:role\/\S+, by the profile reader, not protected\): /,
    );
    await terminal.shows(/Changed billing, which is bills now/);
    expect(await terminal.ends()).toBe(0);
    expect(await profileNamed('billing')).toBeUndefined();
    const changed = await profileNamed('bills');
    expect(changed).toMatchObject({
      roleArn: role,
      base: { profile: 'reader' },
      region: 'eu-west-1',
      durationSeconds: 1800,
      sessionName: 'alice',
      sessionPolicyArns: policies,
      pinned: false,
    });
    expect(changed).not.toHaveProperty('externalId');
  });

  test('remove removes it, once a person has confirmed that', async () => {
    expect((await latchkey(['profile', 'remove', 'refused'])).stderr).toMatch(
      /^latchkey: Only a person may /,
    );
    using terminal = new Terminal(own.env, ['profile', 'remove', 'refused']);
    await confirm(terminal, /type it to remove the profile refused: /);
    expect(await terminal.ends()).toBe(0);
    expect(await profileNamed('refused')).toBeUndefined();
  });
});

describe('a profile that cannot be', () => {
  const whole = ['--role-arn', role, '--base-key', 'work', '--region', 'eu-central-1'];

  test.each([
    [['add'], 'latchkey profile add: NAME is missing'],
    [['add', 'x'], 'latchkey profile add: --role-arn is missing'],
    [['add', 'x', '--role-arn', role], 'latchkey profile add: --base-key or --base-profile is missing'],
    [['add', 'x', '--role-arn', 'Reader'], '--base-key or --base-profile is missing'],
    [['add', 'x', ...whole, '--base-profile', 'reader'], '--base-key and --base-profile do not go together'],
    [['add', 'x', ...whole, '--port', '80'], '--port: Port must be a whole number from 1024 to 65535'],
    [
      ['add', 'x', ...whole, '--duration-seconds', '1h'],
      '--duration-seconds: Session duration must be 15 min',
    ],
    [['add', 'x', ...whole, '--colour', 'grey'], '--colour: Colour must be one of slate, red'],
    [['add', '+x', ...whole], 'NAME: Name may hold letters'],
    [
      ['add', 'x', ...whole, '--external-id', 'a'],
      '--external-id: External ID must have 2 to 1224 characters',
    ],
    [
      ['add', 'x', ...whole, '--mfa-maximum-age-seconds', '1'],
      '--mfa-maximum-age-seconds: Greatest MFA age must',
    ],
    [['edit', 'reader'], 'there is nothing to change: give an option'],
    [['edit', 'reader', '--unset', 'region'], '--unset takes external-id, mfa-serial'],
    [['edit', 'reader', '--port', '2000', '--unset', 'port'], '--port and --unset port do not go together'],
    [['edit', 'reader', '--role-arn', 'Reader'], '--role-arn: Role ARN must look like'],
  ])('is refused with the option that is wrong: %j', async (args, message) => {
    const refused = await latchkey(['profile', ...args]);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).toMatch(/^[^\n]+\n$/);
  });

  test('is refused by its name where there is none to change', async () => {
    expect(await latchkey(['profile', 'edit', 'nobody', '--pinned'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'latchkey: there is no profile "nobody"; latchkey profiles shows those there are\n',
    });
  });
});

test('every field of a profile has an option', () => {
  const fields = Object.keys(profileSchema.shape).filter((field) => field !== 'base');
  const options = Object.keys(changeOptions).map(fieldOf);
  expect(fields.filter((field) => !options.includes(field))).toEqual([]);
  expect(options).toEqual(expect.arrayContaining(['baseKey', 'baseProfile']));
});
