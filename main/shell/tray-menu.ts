/** What the tray shows for a state: its icon, its tooltip and its menu. Pure, and free of Electron but for types. */
import type { MenuItemConstructorOptions } from 'electron';
import type { ProfileView, SessionView, State } from '../../preload/contract.ts';
import { unreachable } from '../failure.ts';

/** What a click in the menu can ask for. */
export interface TrayActions {
  use(profile: string): void;
  lock(): void;
  unlock(): void;
  openWindow(): void;
  quit(): void;
}

export type TrayIcon = 'idle' | 'active' | 'attention' | 'locked';

/** More profiles than this are put into one submenu for each account. */
const flatMenuMaximum = 15;
/** What one submenu shows; the window, which can search, has them all. */
const submenuMaximum = 40;

/**
 * The whole menu. It is the only way to everything the tray offers, since on Linux a click on the icon itself
 * may never arrive.
 */
export function trayMenu(state: State, nowMs: number, actions: TrayActions): MenuItemConstructorOptions[] {
  const { locked, prompts } = state.status;
  const promptItems = prompts.map((prompt) => ({
    label: plain(
      prompt.state === 'checking'
        ? `Checking the MFA code for ${prompt.profile}…`
        : `MFA code needed for ${prompt.profile}…`,
    ),
    click: () => actions.openWindow(),
  }));
  return [
    { label: plain(headline(state, nowMs)), enabled: false },
    ...(promptItems.length > 0 ? [separator, ...promptItems] : []),
    separator,
    ...profileItems(state, actions),
    separator,
    locked
      ? { label: 'Unlock', click: () => actions.unlock() }
      : { label: 'Lock', click: () => actions.lock() },
    { label: 'Open Latchkey', click: () => actions.openWindow() },
    separator,
    { label: 'Quit Latchkey', click: () => actions.quit() },
  ];
}

/** One line: the active profile and how long its session lasts, or what is in the way. */
export function trayTooltip(state: State, nowMs: number): string {
  return `Latchkey: ${headline(state, nowMs)}`;
}

export function trayIcon(state: State): TrayIcon {
  if (state.status.locked) return 'locked';
  const session = activeProfile(state)?.session;
  if (state.status.prompts.length > 0 || session?.state === 'failed') return 'attention';
  return session?.expiresAtMs === undefined ? 'idle' : 'active';
}

/**
 * When the headline changes though no event comes, as the time left is told in whole minutes; undefined where
 * no time is told. In milliseconds from now.
 */
export function headlineChangesInMs(state: State, nowMs: number): number | undefined {
  const expiresAtMs = state.status.locked ? undefined : activeProfile(state)?.session.expiresAtMs;
  if (expiresAtMs === undefined || expiresAtMs <= nowMs) return undefined;
  return ((expiresAtMs - nowMs) % minuteMs) + 1;
}

const separator: MenuItemConstructorOptions = { type: 'separator' };
const minuteMs = 60_000;
/** The window's. */
const order = new Intl.Collator(undefined, { numeric: true });

function activeProfile(state: State): ProfileView | undefined {
  return state.profiles.find((view) => view.profile.name === state.status.active);
}

function headline(state: State, nowMs: number): string {
  if (state.status.locked) return 'locked';
  const active = activeProfile(state);
  if (active === undefined) return 'no active profile';
  return `${active.profile.name}, ${activeSessionInWords(active.session, nowMs)}`;
}

function activeSessionInWords(session: SessionView, nowMs: number): string {
  const inWords = sessionInWords(session) ?? 'no session yet';
  return session.expiresAtMs === undefined ? inWords : `${inWords}, ${timeLeft(session.expiresAtMs - nowMs)}`;
}

/** In the window's words. Nothing for `idle`: a menu in which every other line says so is harder to read. */
function sessionInWords(session: SessionView): string | undefined {
  switch (session.state) {
    case 'idle':
      return undefined;
    case 'acquiring':
      return 'signing in';
    case 'active':
      return 'ready';
    case 'refreshing':
      return 'renewing';
    case 'waitingForMfa':
      return 'needs code';
    case 'failed':
      return session.expiresAtMs === undefined ? 'failed' : 'renewal failed';
    default:
      return unreachable(session.state);
  }
}

function timeLeft(leftMs: number): string {
  if (leftMs <= 0) return 'expired';
  const minutes = Math.floor(leftMs / minuteMs);
  if (minutes < 1) return 'less than a minute left';
  if (minutes < 60) return `${minutes} min left`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h left` : `${Math.floor(minutes / 60)} h ${rest} min left`;
}

function profileItems(state: State, actions: TrayActions): MenuItemConstructorOptions[] {
  const { status } = state;
  const profiles = state.profiles.toSorted((one, other) =>
    order.compare(one.profile.name, other.profile.name),
  );
  if (profiles.length === 0)
    return [{ label: 'No profiles yet: add one…', click: () => actions.openWindow() }];
  if (profiles.length <= flatMenuMaximum) return profiles.map((view) => profileItem(view, state, actions));

  const accounts = [...byAccount(profiles)].toSorted(([one], [other]) => order.compare(one, other));
  return accounts.map(([accountId, views]) => {
    const shown = views.slice(0, submenuMaximum).map((view) => profileItem(view, state, actions));
    const hidden = views.length - shown.length;
    const active = views.some((view) => view.profile.name === status.active);
    return {
      label: active ? `${accountId} (active)` : accountId,
      submenu:
        hidden === 0
          ? shown
          : [...shown, separator, { label: `${hidden} more…`, click: () => actions.openWindow() }],
    };
  });
}

function byAccount(profiles: readonly ProfileView[]): Map<string, ProfileView[]> {
  const accounts = new Map<string, ProfileView[]>();
  for (const view of profiles) {
    const views = accounts.get(view.accountId);
    if (views === undefined) accounts.set(view.accountId, [view]);
    else views.push(view);
  }
  return accounts;
}

/**
 * A checkbox, not a radio item: of a group of radio items Electron checks the first one where none is, and
 * there may be no active profile.
 */
function profileItem(view: ProfileView, state: State, actions: TrayActions): MenuItemConstructorOptions {
  const { name } = view.profile;
  const words = [view.profile.protected ? 'protected' : undefined, sessionInWords(view.session)];
  const remarks = words.filter((word) => word !== undefined).join(', ');
  return {
    type: 'checkbox',
    label: plain(remarks === '' ? name : `${name} (${remarks})`),
    checked: name === state.status.active,
    enabled: !state.status.locked,
    click: () => actions.use(name),
  };
}

/** In a menu's label a single ampersand marks the letter after it as the item's key. */
function plain(label: string): string {
  return label.replaceAll('&', '&&');
}
