import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { layerOf, layers } from '../../scripts/layers.mjs';

const root = join(import.meta.dirname, '../..');
/** The project's own rules, without those that need the types of the whole project. */
const eslint = new ESLint({ cwd: root, overrideConfig: tseslint.configs.disableTypeChecked });

/** What the layers rule says about a file with this text, undefined if nothing. */
async function refusal(path: string, text: string): Promise<string | undefined> {
  const [result] = await eslint.lintText(text, { filePath: join(root, path) });
  const messages = result?.messages ?? [];
  expect(messages.filter(({ fatal }) => fatal === true)).toEqual([]);
  return messages.find(({ ruleId }) => ruleId === 'latchkey/layers')?.message;
}

describe('The layers of the house', () => {
  test.each([
    ['electron in the core', 'main/sessions/a.ts', `import { app } from 'electron';`],
    ['a type of electron in the core', 'main/endpoint/a.ts', `import type { Tray } from 'electron';`],
    ['electron loaded when needed', 'main/broker.ts', `export const load = () => import('electron');`],
    ['a part of electron in the core', 'main/headless.ts', `import { Tray } from 'electron/main';`],
    ['electron in the contract', 'preload/contract.ts', `import 'electron';`],
    ['electron in the window', 'renderer/a.ts', `import 'electron';`],
    ['the endpoint in the sessions', 'main/sessions/a.ts', `import '../endpoint/server.ts';`],
    ['the sessions in STS', 'main/sts/a.ts', `import type {} from '../sessions/chain.ts';`],
    ['STS in a model', 'main/keys/access-key.ts', `export * from '../sts/session.ts';`],
    ['the keys in the platform', 'main/platform/a.ts', `import {} from '../keys/custody.ts';`],
    ['the sessions in the configuration', 'main/configuration/a.ts', `import '../sessions/chain.ts';`],
    ['the control in the endpoint', 'main/endpoint/a.ts', `import '../control/service.ts';`],
    ['the contract in the sessions', 'main/sessions/a.ts', `import '../../preload/contract.ts';`],
    ['the broker in the control', 'main/control/a.ts', `import '../broker.ts';`],
    ['the shell in the headless program', 'main/headless.ts', `import './shell/tray.ts';`],
    ['the app in the broker', 'main/broker.ts', `export { start } from './app.ts';`],
    ['anything in a failure', 'main/failure.ts', `import './secret.ts';`],
    ['the broker in the command', 'main/cli/a.ts', `import '../broker.ts';`],
    ['the sessions in the command', 'main/latchkey.ts', `import './sessions/chain.ts';`],
    ['the headless program in the command at once', 'main/cli/a.ts', `import { run } from '../headless.ts';`],
    ['the broker in the window', 'renderer/a.ts', `import '../main/broker.ts';`],
    ['a type of the broker in the window', 'renderer/a.ts', `import type {} from '../main/secret.ts';`],
    ['the preload in the window', 'renderer/a.ts', `import '../preload/index.ts';`],
    ['the transport in the window', 'renderer/a.ts', `import '../preload/browser.ts';`],
    ['Node in the window', 'renderer/a.ts', `import { readFileSync } from 'node:fs';`],
    ['Node in a component', 'renderer/A.svelte', `<script lang="ts">import 'fs';</script>`],
    ['Node in the contract', 'preload/contract.ts', `import 'node:path';`],
    ['Node in a model', 'main/profiles/profile.ts', `import 'node:util';`],
    ['the custody in the contract', 'preload/contract.ts', `import '../main/keys/custody.ts';`],
    ['a test in the product', 'main/broker.ts', `import '../test/sts/embedded-sts.ts';`],
    ['the window in the product', 'main/app.ts', `import '../renderer/main.ts';`],
    ['a script in the product', 'main/app.ts', `import '../scripts/build.mjs';`],
    ['a type written as an import', 'main/sts/a.ts', `export type A = import('../broker.ts').Broker;`],
  ])('refuse %s', async (_what, path, text) => {
    expect(await refusal(path, text)).toBeTypeOf('string');
  });

  test.each([
    ['electron in the shell', 'main/shell/a.ts', `import { app } from 'electron';`],
    ['electron in the app', 'main/app.ts', `import { app } from 'electron';`],
    ['electron in the preload', 'preload/index.ts', `import { ipcRenderer } from 'electron';`],
    ['STS in the sessions', 'main/sessions/a.ts', `import '../sts/session.ts';`],
    ['a neighbour', 'main/sessions/a.ts', `import './chain.ts';`],
    ['Node in the core', 'main/sessions/a.ts', `import 'node:crypto';`],
    ['a package', 'renderer/a.ts', `import { mount } from 'svelte';`],
    [
      'the headless program when needed',
      'main/cli/a.ts',
      `export const run = () => import('../headless.ts');`,
    ],
    ['the transport in the window entry', 'renderer/main.ts', `import '../preload/browser.ts';`],
    ['the contract in a component', 'renderer/A.svelte', `<script>import '../preload/contract.ts';</script>`],
  ])('allow %s', async (_what, path, text) => {
    expect(await refusal(path, text)).toBeUndefined();
  });

  test('refuse a file that has no layer yet', async () => {
    expect(await refusal('main/new-subject/a.ts', `import '../failure.ts';`)).toContain('has no layer');
  });

  test('have a place for each file of the product', () => {
    const files = ['main', 'preload', 'renderer'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|svelte)$/.test(entry.name))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/')),
    );
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((file) => layerOf(file) === undefined)).toEqual([]);
  });

  test('are those of the table, each only once', () => {
    const names = layers.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('The lint rules', () => {
  /** The rules that a file with this text breaks; its place is an existing file's, whose types it then has. */
  async function broken(text: string): Promise<(string | null)[]> {
    const typed = new ESLint({ cwd: root });
    const [result] = await typed.lintText(text, { filePath: join(root, 'main/sts/refusal.ts') });
    return (result?.messages ?? []).map(({ ruleId }) => ruleId);
  }

  test('refuse `any`, `!`, an unchecked `as` and a promise nobody waits for', async () => {
    const rules = await broken(`
      export const first = (list: any) => list;
      export const second = (list: string[]) => list[0]!;
      export const third = (value: unknown) => value as string;
      export function fourth() { Promise.resolve(1).then(() => 2); }
    `);
    expect(rules).toContain('@typescript-eslint/no-explicit-any');
    expect(rules).toContain('@typescript-eslint/no-non-null-assertion');
    expect(rules).toContain('@typescript-eslint/no-unsafe-type-assertion');
    expect(rules).toContain('@typescript-eslint/no-floating-promises');
  }, 60_000);

  test('refuse two files that import each other', async () => {
    // connection.ts imports refusal.ts, so refusal.ts must not import it.
    expect(await broken(`export { StsConnection } from './connection.ts';`)).toContain('import-x/no-cycle');
  }, 60_000);
});
