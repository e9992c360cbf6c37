import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import {
  desktop,
  electronExecutable,
  fromProject,
  makeSurroundings,
  runToItsEnd,
  startApp,
} from './running-app.ts';
import { trayHost } from './tray-over-dbus.ts';

test.skip(desktop.missing, desktop.note);

test('a second copy says that there is one, and the first shows its window', async () => {
  test.skip(trayHost.missing, trayHost.note);
  await using app = await startApp();
  await app.page.close();
  const shown = app.electron.waitForEvent('window');

  const second = await app.startAgain();

  expect(second.output).toContain(`Latchkey is already running for this data folder (${app.home})`);
  expect(second.code).toBe(0);
  const page = await shown;
  await expect(page.getByRole('button', { name: 'Add an access key' })).toBeVisible();
});

test('with a tray the app goes on when its window is closed', async () => {
  test.skip(trayHost.missing, trayHost.note);
  await using app = await startApp();
  await app.page.close();
  expect((await app.call('state.read', {})).status.locked).toBe(false);
});

test('without a tray the app ends with its window, since nobody could see it any more', async () => {
  await using app = await startApp({ env: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' } });
  const closed = app.electron.waitForEvent('close');
  await app.page.close();
  await closed;
});

test('a taken port ends the start with a message that names the setting', async () => {
  await using surroundings = await makeSurroundings();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';

  const args = [
    '--secrets',
    'memory',
    '--port',
    port,
    '--ready-file',
    join(surroundings.folder, 'ready.json'),
  ];
  const ending = await runToItsEnd(electronExecutable(), [...fromProject, ...args], surroundings.env);
  server.close();

  expect(ending.code).toBe(1);
  expect(ending.output).toContain(port);
  expect(ending.output).toMatch(/settings\.port|--port/);
});

test('an option that makes no sense ends the start with a message that names it', async () => {
  await using surroundings = await makeSurroundings();
  const args = [...fromProject, '--port', 'many'];
  const ending = await runToItsEnd(electronExecutable(), args, surroundings.env);
  expect(ending.code).toBe(1);
  expect(ending.output).toContain('--port must be a number');
});
