import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { expect, test } from '@playwright/test';
import * as z from 'zod/mini';
import { brokerAt } from '../../main/control/client.ts';
import { controlAddress } from '../../main/platform/data-folder.ts';
import { root } from '../../scripts/build.mjs';
import {
  desktop,
  electronExecutable,
  makeSurroundings,
  runToItsEnd,
  sandboxArgs,
  type Surroundings,
} from './running-app.ts';

test.skip(desktop.missing, desktop.note);
test.skip(process.platform !== 'linux', 'the packaged program is looked at on Linux only');

let surroundings: Surroundings;
let program: string;
let resources: string;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  surroundings = await makeSurroundings();
  const output = join(surroundings.folder, 'out');
  const { code, output: said } = await runToItsEnd(
    process.execPath,
    [join(root, 'scripts/package.mjs'), '--dir', `--config.directories.output=${output}`],
    { ...surroundings.env, ELECTRON_OVERRIDE_DIST_PATH: dirname(electronExecutable()) },
  );
  expect(code, said).toBe(0);
  const [folder = ''] = (await readdir(output)).filter((name) => name.endsWith('unpacked'));
  program = join(output, folder, 'latchkey-desktop');
  resources = join(output, folder, 'resources');
});

test.afterAll(() => surroundings[Symbol.asyncDispose]());

/** The character `1` in the executable's fuse wire. */
const enabledFuse = 49;

test('the packaged program can be made to do nothing but run Latchkey', async () => {
  const fuses = await getCurrentFuseWire(program);
  const enabled = Object.entries(FuseV1Options)
    .filter(([, option]) => typeof option === 'number' && Number(fuses[option]) === enabledFuse)
    .map(([name]) => name);
  expect(enabled).toEqual([
    'EnableCookieEncryption',
    'EnableEmbeddedAsarIntegrityValidation',
    'OnlyLoadAppFromAsar',
  ]);
});

test('the package holds what the app needs, and no test, demo, source or embedded STS', async () => {
  const archive = await readFile(join(resources, 'app.asar'));
  const files = filesOf(archive);
  const own = files.filter((file) => !file.startsWith('node_modules/'));
  const places =
    /^(package\.json|build\/(icon|tray\/\w+(@2x)?)\.png|dist\/(command|main|preload|renderer)\/)/;
  expect(own.filter((file) => !places.test(file))).toEqual([]);
  expect(own).toEqual(
    expect.arrayContaining([
      'dist/main/app.js',
      'dist/main/linux-process-worker.js',
      'dist/main/sts-worker.js',
    ]),
  );
  expect(files.filter((file) => /\.(ts|map|cc)$/.test(file))).toEqual([]);

  const dependencies = new Set(files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]));
  for (const name of dependencies)
    if (name) expect(name).toMatch(/^(@koromix\/koffi-|koffi$|@napi-rs\/keyring)/);

  // The word is there in the bundle that is not shipped, so it would be found.
  expect(await textOf(join(root, 'dist/demo'))).toContain('startEmbeddedSts');
  expect(archive.includes('startEmbeddedSts')).toBe(false);
});

test('the packaged program starts, serves and ends when it is asked to', async () => {
  const readyFile = join(surroundings.folder, 'ready.json');
  const args = ['--port', '0', '--secrets', 'memory', '--ready-file', readyFile];
  const app = spawn(program, [...sandboxArgs, ...args], { env: surroundings.env, stdio: 'ignore' });
  const ended = once(app, 'exit');
  await expect.poll(() => readFile(readyFile, 'utf8').catch(() => '')).toContain(surroundings.home);
  const state = await brokerAt(controlAddress(surroundings.home)).call('state.read', {});
  expect(state).toHaveProperty('value.status.locked', false);

  app.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

const entrySchema = z.object({
  files: z.optional(
    z.record(
      z.string(),
      z.lazy((): z.ZodMiniType => entrySchema),
    ),
  ),
});

/** The paths in an ASAR archive: a length, and a tree in JSON. https://github.com/electron/asar#format */
function filesOf(archive: Buffer): string[] {
  const header: unknown = JSON.parse(archive.subarray(16, 16 + archive.readUInt32LE(12)).toString());
  return pathsIn(header, '');
}

function pathsIn(entry: unknown, path: string): string[] {
  const { files } = entrySchema.parse(entry);
  if (files === undefined) return [path];
  return Object.entries(files).flatMap(([name, inner]) =>
    pathsIn(inner, path === '' ? name : `${path}/${name}`),
  );
}

async function textOf(folder: string): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
}
