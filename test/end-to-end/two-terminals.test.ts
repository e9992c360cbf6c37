/** Two terminals side by side with two accounts, and a folder with a third: real shells, the real command, a real SDK. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCommand, hasTerminal } from '../cli/latchkey.ts';
import { startTestBroker, type TestBroker } from '../cli/test-broker.ts';
import { temporaryHome } from '../fixtures/core.ts';
import { needs } from '../platform/needs.ts';
import { needPython } from '../sts/python.ts';
import { personEnvironment, python } from './run-demo.ts';

needPython(['boto3']);

const latchkey = fileURLToPath(new URL('../../dist/command/latchkey.cjs', import.meta.url));
const callerIdentity = fileURLToPath(new URL('caller_identity.py', import.meta.url));

let broker: TestBroker;
let person: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  await buildCommand();
  broker = await startTestBroker();
  person = await temporaryHome();
  // No variable says which account: the address is the same for every program of this person.
  const config = `[default]\nregion = eu-central-1\nec2_metadata_service_endpoint = ${broker.broker.endpoint.url}\n`;
  await mkdir(join(person.path, '.aws'));
  await writeFile(join(person.path, '.aws/config'), config);
  env = {
    ...personEnvironment(),
    HOME: person.path,
    LATCHKEY_HOME: broker.env['LATCHKEY_HOME'],
    XDG_RUNTIME_DIR: broker.env['XDG_RUNTIME_DIR'],
    AWS_ENDPOINT_URL_STS: broker.sts.url,
  };
  await broker.call('profiles.use', { name: 'reader' });
}, 120_000);
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await person[Symbol.asyncDispose]();
});

/** What a shell in a terminal of its own shows. It is the first process there, as in a terminal's window. */
async function inTerminal(script: string): Promise<string> {
  const shell = spawn(
    'python3',
    ['-c', 'import pty, sys; pty.spawn(sys.argv[1:])', '/bin/sh', '-c', script],
    {
      env,
    },
  );
  shell.stdin.end();
  const ended = once(shell, 'close');
  const shown = await text(shell.stdout);
  await ended;
  return shown;
}

const ask = `${python} ${callerIdentity}`;
const command = `${process.execPath} ${latchkey}`;
/** Waits for the other terminal, so that both are bound when either asks. */
const meet = (own: string, other: string) =>
  `touch ${own}; for _ in $(seq 600); do [ -e ${other} ] && break; sleep 0.05; done`;

describe('one address serves', () => {
  test('two terminals that were given two roles, and everything else the active one', async ({ skip }) => {
    const terminals = needs(hasTerminal(), 'no python3 with pty here');
    if (terminals.missing) skip(terminals.note);
    const marks = [join(person.path, 'one'), join(person.path, 'other')] as const;
    const [one, other] = await Promise.all([
      inTerminal(`${command} use long-reader --here; ${meet(marks[0], marks[1])}; ${ask}`),
      inTerminal(`${command} use reader --here; ${meet(marks[1], marks[0])}; ${ask}`),
    ]);
    expect(one).toContain(':assumed-role/LongReader/');
    expect(other).toContain(':assumed-role/Reader/');
    expect(await inTerminal(ask)).toContain(':assumed-role/Reader/');
  }, 60_000);

  test('what a terminal has left running in the background, whose parent has ended', async ({ skip }) => {
    const terminals = needs(hasTerminal(), 'no python3 with pty here');
    if (terminals.missing) skip(terminals.note);
    const answer = join(person.path, 'answer');
    const inBackground = `(sh -c 'sleep 0.2; ${ask}' > ${answer}.part; mv ${answer}.part ${answer}) &`;
    const shown = await inTerminal(
      `${command} use long-reader --here; (${inBackground}); ${meet('/dev/null', answer)}; cat ${answer}`,
    );
    expect(shown).toContain(':assumed-role/LongReader/');
  }, 60_000);

  test('a folder that was given a role', async ({ skip }) => {
    const terminals = needs(hasTerminal(), 'no python3 with pty here');
    if (terminals.missing) skip(terminals.note);
    const folder = join(person.path, 'project');
    await mkdir(join(folder, 'modules'), { recursive: true });
    await broker.call('folders.set', { folder, profile: 'long-reader' });
    expect(await inTerminal(`cd ${folder}/modules && ${ask}`)).toContain(':assumed-role/LongReader/');
    expect(await inTerminal(`cd ${person.path} && ${ask}`)).toContain(':assumed-role/Reader/');
    // Where a program's folder was removed it may have been one of those.
    const removed = join(folder, 'build');
    const shown = await inTerminal(`mkdir ${removed}; cd ${removed}; rmdir ${removed}; ${ask}`);
    expect(shown).toContain("'NoneType' object has no attribute 'get_frozen_credentials'");
    expect(shown).not.toContain(':assumed-role/');
  }, 60_000);
});
