/** Electron's entry: composes the broker and the shell around it, and decides nothing. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { app, clipboard, dialog, powerMonitor, protocol, shell, systemPreferences } from 'electron';
import { startBroker } from './broker.ts';
import { Failure } from './failure.ts';
import { parseOptions, type Options } from './options.ts';
import { dataFolder } from './platform/data-folder.ts';
import { openKeychain } from './platform/keychain.ts';
import { memorySecretStore } from './platform/memory-secret-store.ts';
import { peerIdentity } from './platform/peer-identity.ts';
import { systemClock } from './platform/system-clock.ts';
import { writeReadyFile } from './ready-file.ts';
import { Resources } from './resources.ts';
import { setApplicationMenu } from './shell/application-menu.ts';
import { SecretClipboard } from './shell/electron-clipboard.ts';
import { electronNotifier } from './shell/electron-notifier.ts';
import { electronPower } from './shell/electron-power.ts';
import { createElectronTray, isTrayShown } from './shell/electron-tray.ts';
import { declareInterfaceScheme, interfaceOrigin } from './shell/interface-protocol.ts';
import { runNotifications } from './shell/notifications.ts';
import { ownArguments } from './shell/own-arguments.ts';
import { ownerAuthentication } from './shell/owner-authentication.ts';
import { runSecureKeyboard } from './shell/secure-keyboard.ts';
import { startAtLogin, wasStartedAtLogin } from './shell/start-at-login.ts';
import { runTray } from './shell/tray.ts';
import { prepareWindow, type InterfaceWindow } from './shell/window.ts';

/** The folder of package.json, build/ and dist/: this file is built to dist/main/. */
const root = path.join(import.meta.dirname, '../..');

const opened = new Resources();
let window: InterfaceWindow | undefined;
let ending: Promise<void> | undefined;
const openWindow = () => window?.show();

try {
  begin();
} catch (error) {
  fail(error, undefined);
}

/** All that Electron wants before its `ready` event. */
function begin(): void {
  const options = parseOptions(ownArguments(process.argv, app.getAppPath()));
  const home = dataFolder();
  // Chromium writes files of its own, which are nobody else's business either.
  process.umask(0o077);
  app.setPath('userData', makeFolder(path.join(home, 'chromium')));

  if (!app.requestSingleInstanceLock()) {
    console.error(`Latchkey is already running for this data folder (${home}). Its window is shown instead.`);
    app.exit(0);
    return;
  }
  app.setAppUserModelId('app.latchkey.desktop');
  declareInterfaceScheme(protocol);

  const started = app
    .whenReady()
    .then(() => start(options, home))
    .catch((error: unknown) => fail(error, options));

  app.on('second-instance', openWindow);
  app.on('activate', openWindow);
  // With a tray the broker goes on without a window. Without one nobody could see that it does, or end it.
  app.on('window-all-closed', () => {
    void isTrayShown().then((shown) => {
      if (!shown) app.quit();
    });
  });
  process.on('SIGINT', () => app.quit());
  process.on('SIGTERM', () => app.quit());
  app.on('will-quit', (event) => {
    event.preventDefault();
    void started.then(() => exit(0));
  });
}

/** @throws Failure ConfigUnreadable */
function makeFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(
      'ConfigUnreadable',
      `The data folder cannot be used (${reason}). LATCHKEY_HOME names another.`,
    );
  }
}

async function start(options: Options, home: string): Promise<void> {
  setApplicationMenu();
  const secretClipboard = opened.use(new SecretClipboard(clipboard, systemClock));
  const broker = opened.use(
    await startBroker({
      home,
      port: options.port,
      version: app.getVersion(),
      clock: systemClock,
      secrets: options.secrets === 'memory' ? memorySecretStore() : openKeychain(),
      peer: opened.use(peerIdentity()),
      power: electronPower(powerMonitor, systemClock),
      ownerAuthentication: ownerAuthentication(systemPreferences, process.platform),
      startAtLogin: startAtLogin(app),
      openInterface: () => {
        openWindow();
        return Promise.resolve(null);
      },
      openInBrowser: (address) => shell.openExternal(address),
      copySecret: (secret) => secretClipboard.copy(secret),
    }),
  );
  const { service } = broker;
  const shown = opened.use(
    await prepareWindow({
      service,
      interfaceFolder: path.join(root, 'dist/renderer'),
      preload: path.join(root, 'dist/preload/index.cjs'),
      icon: path.join(root, 'build/icon.png'),
    }),
  );
  window = shown;
  opened.use(
    runTray({
      service,
      clock: systemClock,
      surface: createElectronTray(path.join(root, 'build/tray'), openWindow),
      openWindow,
      quit: () => app.quit(),
    }),
  );
  opened.use(
    runNotifications({
      service,
      clock: systemClock,
      notifier: electronNotifier,
      isWindowFocused: () => shown.isFocused(),
      openWindow,
    }),
  );
  if (process.platform === 'darwin')
    opened.use(
      runSecureKeyboard({
        service,
        focus: app,
        isWindowFocused: () => shown.isFocused(),
        setSecure: (enabled) => app.setSecureKeyboardEntryEnabled(enabled),
      }),
    );
  if (!options.headless && !wasStartedAtLogin(app)) openWindow();
  if (options.readyFile !== undefined)
    await writeReadyFile(options.readyFile, {
      imds: broker.endpoint.url,
      interface: `${interfaceOrigin}/`,
      home: broker.home,
      pid: process.pid,
    });
}

/** Says why the app cannot start. Nobody sees a dialog where a script waits for the ready file. */
function fail(error: unknown, options: Options | undefined): void {
  const reason =
    error instanceof Failure ? error.message : String(error instanceof Error ? error.stack : error);
  console.error(reason);
  if (app.isReady() && options !== undefined && options.readyFile === undefined)
    dialog.showErrorBox('Latchkey cannot start', reason);
  void exit(1);
}

/** Closes all that is open and ends the process; only the first call counts. */
function exit(code: number): Promise<void> {
  ending ??= opened[Symbol.asyncDispose]()
    .catch((error: unknown) => console.error('Latchkey did not end cleanly:', error))
    .then(() => app.exit(code));
  return ending;
}
