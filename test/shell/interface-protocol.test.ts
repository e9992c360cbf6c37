import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { interfaceResponder } from '../../main/shell/interface-protocol.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-interface-'));
  await mkdir(join(folder, 'renderer/assets'), { recursive: true });
  await writeFile(join(folder, 'renderer/index.html'), '<title>Latchkey</title>');
  await writeFile(join(folder, 'renderer/assets/index.js'), 'export {};');
  await writeFile(join(folder, 'outside.html'), 'not for the window');
});

afterEach(() => rm(folder, { recursive: true }));

async function get(url: string, method = 'GET'): Promise<Response> {
  const respond = await interfaceResponder(join(folder, 'renderer'));
  return respond(new Request(url, { method }));
}

it('serves the interface at its root', async () => {
  const response = await get('latchkey://app/');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await response.text()).toBe('<title>Latchkey</title>');
});

it('serves scripts as scripts', async () => {
  const response = await get('latchkey://app/assets/index.js');
  expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

it('forbids the page everything from elsewhere and everything inline, on each answer', async () => {
  for (const url of ['latchkey://app/', 'latchkey://app/assets/index.js', 'latchkey://app/none']) {
    const { headers } = await get(url);
    const policy = headers.get('content-security-policy')?.split('; ');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy?.join()).not.toMatch(/unsafe|\*|https?:|data:|blob:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

it.each([
  'latchkey://app/../outside.html',
  'latchkey://app/..%2foutside.html',
  'latchkey://app/assets/%2e%2e/%2e%2e/outside.html',
  'latchkey://app/assets%5c..%5c..%5coutside.html',
  'latchkey://app//outside.html',
  'latchkey://app/assets',
  'latchkey://app/assets/index.js%00.html',
  'latchkey://app/constructor',
  'latchkey://application/index.html',
  'latchkey://app.example/index.html',
])('has nothing at %s', async (url) => {
  expect((await get(url)).status).toBe(404);
});

it('answers no method but GET', async () => {
  expect((await get('latchkey://app/', 'POST')).status).toBe(405);
});
