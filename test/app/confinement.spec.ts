import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { root } from '../../scripts/build.mjs';
import { desktop, startApp, type RunningApp } from './running-app.ts';

test.skip(desktop.missing, desktop.note);

let app: RunningApp;
/** A server that the page would like to reach, and the paths it was asked for. */
let server: Server;
let elsewhere: string;
const asked: (string | undefined)[] = [];

test.beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url);
    response.end('<p>elsewhere</p>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  elsewhere = `http://127.0.0.1:${typeof address === 'object' ? String(address?.port) : ''}`;
  app = await startApp();
});

test.afterAll(async () => {
  await app[Symbol.asyncDispose]();
  server.close();
});

test.afterEach(async () => {
  expect(asked, 'requests that got out').toEqual([]);
  // Whatever was tried, the window is the interface still, and works.
  expect(app.page.url()).toBe('latchkey://app/');
  expect(await inPage(`latchkey.call('state.read', {})`)).toHaveProperty('value');
});

/** The value of an expression in the page. A text, since the page's globals are not those of these tests. */
function inPage(expression: string): Promise<unknown> {
  return app.page.evaluate(expression);
}

/** How a promise in the page ends: `granted` or the error's name. */
function outcomeInPage(promise: string): Promise<unknown> {
  return inPage(`${promise}.then(() => 'granted', (error) => error.name)`);
}

/** Does something in the page, and tells whether the main process prevented the event that came of it. */
async function isPrevented(
  event: 'will-frame-navigate' | 'will-download',
  expression: string,
): Promise<boolean> {
  const heard = await app.electron.evaluateHandle(({ BrowserWindow }, name) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const prevented = new Promise<boolean>((resolve) => {
      const hear = (heardEvent: { defaultPrevented: boolean }) => resolve(heardEvent.defaultPrevented);
      if (name === 'will-download') contents?.session.once(name, hear);
      else contents?.once(name, hear);
    });
    return { prevented };
  }, event);
  await inPage(expression);
  return heard.evaluate(({ prevented }) => prevented);
}

test('the page has the two functions of the contract and nothing of Node or Electron', async () => {
  expect(await inPage('Object.keys(latchkey)')).toEqual(['call', 'subscribe']);
  const names = JSON.stringify([
    'require',
    'process',
    'module',
    'Buffer',
    'global',
    'electron',
    'ipcRenderer',
  ]);
  expect(await inPage(`${names}.filter((name) => name in window)`)).toEqual([]);
  expect(await inPage('[location.origin, isSecureContext]')).toEqual(['latchkey://app', true]);
});

test('the page cannot put something else in the place of its functions', async () => {
  await inPage(`void Reflect.set(window, 'latchkey', {})`);
  await inPage(`void Reflect.set(latchkey, 'call', () => 'mine')`);
  expect(await inPage(`[Object.keys(latchkey), latchkey.call.toString().includes('mine')]`)).toEqual([
    ['call', 'subscribe'],
    false,
  ]);
});

for (const name of ['keys.reveal', 'constructor', '__proto__', 'latchkey:call', ''])
  test(`the call "${name}", which the contract does not have, is refused`, async () => {
    const answer = await inPage(`latchkey.call(${JSON.stringify(name)}, {})`);
    expect(answer).toMatchObject({ problem: { code: 'InvalidInput' } });
  });

test('a call with input that the contract does not allow is refused', async () => {
  const answer = await inPage(`latchkey.call('profiles.use', { name: '../etc/passwd' })`);
  expect(answer).toMatchObject({ problem: { code: 'InvalidInput' } });
});

test('a strict content security policy comes with the page', async () => {
  const policy = await app.electron.evaluate(async ({ BrowserWindow }) => {
    const session = BrowserWindow.getAllWindows()[0]?.webContents.session;
    return (await session?.fetch('latchkey://app/'))?.headers.get('content-security-policy');
  });
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|http|data:|blob:/);
});

test('eval does not run', async () => {
  // In a task of its own, since what the debugger evaluates is exempt.
  const outcome = await inPage(`new Promise((resolve) => setTimeout(() => {
    try { resolve((0, eval)('1 + 1')) } catch (error) { resolve(error.name) }
  }))`);
  expect(outcome).toBe('EvalError');
});

test('an inline script does not run, nor a handler in markup', async () => {
  await inPage(`new Promise((resolve) => setTimeout(() => {
    try {
      const script = document.createElement('script');
      script.append(document.createTextNode('window.inlineRan = true'));
      document.body.append(script);
    } finally { resolve() }
  }))`);
  await inPage(`new Promise((resolve) => setTimeout(() => {
    try {
      document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.inlineRan = true">');
    } finally { resolve() }
  }))`);
  expect(await inPage(`'inlineRan' in window`)).toBe(false);
});

test('no request leaves the page', async () => {
  expect(await outcomeInPage(`fetch('${elsewhere}/fetch')`)).toBe('TypeError');
  const image = await inPage(`new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve('shown');
    image.onerror = () => resolve('refused');
    image.src = '${elsewhere}/image';
  })`);
  expect(image).toBe('refused');
});

test('no request leaves the session, whatever the policy', async () => {
  const outcome = await app.electron.evaluate(async ({ BrowserWindow }, url) => {
    const session = BrowserWindow.getAllWindows()[0]?.webContents.session;
    return session?.fetch(`${url}/session`).then(
      () => 'answered',
      (error: unknown) => String(error),
    );
  }, elsewhere);
  expect(outcome).toContain('ERR_BLOCKED_BY_CLIENT');
});

test('the page cannot go elsewhere', async () => {
  expect(await isPrevented('will-frame-navigate', `location.assign('${elsewhere}/navigation')`)).toBe(true);
});

test('the page cannot open a window', async () => {
  expect(await inPage(`window.open('${elsewhere}/window') === null`)).toBe(true);
  expect(await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
});

test('the page cannot download', async () => {
  const download = `Object.assign(document.createElement('a'), { href: '/index.html', download: 'x' }).click()`;
  expect(await isPrevented('will-download', download)).toBe(true);
});

test('the page gets no permission but to put a text on the clipboard', async () => {
  await app.page.bringToFront();
  expect(await inPage('Notification.requestPermission()')).toBe('denied');
  const position = `new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject))`;
  expect(await inPage(`${position}.catch((error) => error.code === error.PERMISSION_DENIED)`)).toBe(true);
  expect(await outcomeInPage('navigator.clipboard.readText()')).toBe('NotAllowedError');
  expect(await outcomeInPage(`navigator.clipboard.writeText('latchkey')`)).toBe('granted');
});

test('a frame inside the page has no way to the broker', async () => {
  const inFrame = await inPage(`(() => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const has = 'latchkey' in frame.contentWindow;
    frame.remove();
    return has;
  })()`);
  expect(inFrame).toBe(false);
});

test('a foreign page with the very same preload is not answered', async () => {
  const preload = join(root, 'dist/preload/index.cjs');
  const outcome = await app.electron.evaluate(async ({ BrowserWindow }, preloadFile) => {
    const window = new BrowserWindow({ show: false, webPreferences: { preload: preloadFile } });
    await window.loadURL('data:text/html,<title>foreign</title>');
    const answer: unknown = await window.webContents.executeJavaScript(
      `latchkey.call('state.read', {}).then(() => 'answered', (error) => String(error))`,
    );
    window.destroy();
    return answer;
  }, preload);
  expect(outcome).toMatch(/No handler registered|Only the Latchkey window/);
});
