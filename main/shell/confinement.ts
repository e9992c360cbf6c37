/**
 * What the window's page may not do, each thing refused in a function that says why. The page is our own and
 * wants none of this; the refusals are for the day when something else gets to run in it.
 */
import type { Session, WebContents } from 'electron';
import { interfaceOrigin } from './interface-protocol.ts';

/** Holds every page of `session` to the interface and nothing else. */
export function confineSession(session: Session): void {
  refuseNetwork(session);
  refusePermissions(session);
  refuseDownloads(session);
}

/** Holds one page to itself. */
export function confinePage(contents: WebContents): void {
  refuseNavigation(contents);
  refuseNewWindows(contents);
  refuseWebviews(contents);
}

/** The page talks over the preload's bridge alone: a request to anywhere else could only carry something out. */
function refuseNetwork(session: Session): void {
  session.webRequest.onBeforeRequest((details, decide) => {
    decide({ cancel: !details.url.startsWith(`${interfaceOrigin}/`) });
  });
}

/**
 * Camera, location, notifications, devices, reading the clipboard: the interface asks for none of them. It does
 * put texts on the clipboard that a person has clicked to copy.
 */
function refusePermissions(session: Session): void {
  const granted = 'clipboard-sanitized-write';
  session.setPermissionRequestHandler((_contents, permission, decide) => decide(permission === granted));
  session.setPermissionCheckHandler((_contents, permission) => permission === granted);
  session.setDevicePermissionHandler(() => false);
}

/** Nothing in the interface is a file to keep, and a download would write to the disk under a name the page chose. */
function refuseDownloads(session: Session): void {
  session.on('will-download', (event) => event.preventDefault());
}

/** Another page in this window would have the preload's bridge, and with it the keys to every profile. */
function refuseNavigation(contents: WebContents): void {
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
}

/** A second window would not be under the rules of the first, and the interface has only one. */
function refuseNewWindows(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

/** A `<webview>` chooses its own preload and its own rules. */
function refuseWebviews(contents: WebContents): void {
  contents.on('will-attach-webview', (event) => event.preventDefault());
}
