import { BrowserWindow, nativeTheme, session, type Session } from 'electron';
import type { Service } from '../control/service.ts';
import { confinePage, confineSession } from './confinement.ts';
import { interfaceUrl, serveInterface } from './interface-protocol.ts';
import { serveOverIpc } from './ipc.ts';

/** The one window. It exists only while it is shown: closed, it takes its memory along, and what was typed in it. */
export interface InterfaceWindow extends Disposable {
  /** Makes the window if there is none, and brings it to the front. */
  show(): void;
  isFocused(): boolean;
}

/** A page that crashes again before this long is not loaded a third time. */
const stableMs = 10_000;

/**
 * Prepares the window, which {@link InterfaceWindow.show} opens.
 * `interfaceFolder` holds the built interface, `preload` and `icon` are files.
 */
export async function prepareWindow(parts: {
  service: Service;
  interfaceFolder: string;
  preload: string;
  icon: string;
}): Promise<InterfaceWindow> {
  // Named without `persist:`, so that the page's session is in memory and leaves nothing in the data folder.
  const pageSession = session.fromPartition('interface', { cache: false });
  confineSession(pageSession);
  await serveInterface(pageSession, parts.interfaceFolder);

  let window: BrowserWindow | undefined;
  return {
    show() {
      if (window === undefined) {
        const opened = open(parts, pageSession);
        opened.on('closed', () => {
          window = undefined;
        });
        window = opened;
        return;
      }
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    },
    isFocused: () => window?.isFocused() ?? false,
    [Symbol.dispose]() {
      window?.destroy();
    },
  };
}

function open(
  parts: { service: Service; preload: string; icon: string },
  pageSession: Session,
): BrowserWindow {
  const window = new BrowserWindow({
    title: 'Latchkey',
    icon: parts.icon,
    width: 460,
    height: 700,
    minWidth: 380,
    minHeight: 560,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#16181d' : '#ffffff',
    webPreferences: {
      session: pageSession,
      preload: parts.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      devTools: false,
      // Chromium would fetch dictionaries from the network, and every field here is a name, a number or a secret.
      spellcheck: false,
    },
  });
  // A page that is shown before its first picture flashes.
  window.once('ready-to-show', () => window.show());

  const { webContents } = window;
  confinePage(webContents);
  serveOverIpc(webContents, parts.service);
  load(window);

  let loadedAtMs = Date.now();
  webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return;
    console.error(`The window's page ended (${reason}).`);
    const stable = Date.now() - loadedAtMs > stableMs;
    loadedAtMs = Date.now();
    if (stable) load(window);
    else window.destroy();
  });
  return window;
}

function load(window: BrowserWindow): void {
  window.loadURL(interfaceUrl).catch((error: unknown) => {
    // Closed while it was loading, there is nobody to tell.
    if (!window.isDestroyed()) console.error('The interface could not be loaded:', error);
  });
}
