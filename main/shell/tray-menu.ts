/** What the tray shows for a state: its icon, its tooltip and its menu. Pure, and free of Electron but for types. */
import type { MenuItemConstructorOptions } from 'electron';
import type {
  ApprovalRequest,
  HandedOut,
  ProfileView,
  Prompt,
  SessionView,
  State,
} from '../../preload/contract.ts';
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

/** More profiles than this are put into one submenu for each account, but for as many pinned ones. */
const flatMenuMaximum = 15;
/** How many of those that were used last are there beside the submenus. */
const recentMaximum = 5;
/** What one submenu shows; the window, which can search, has them all. */
const submenuMaximum = 40;
/** How many lines tell what programs hold while it is locked. */
const handedOutMaximum = 5;
/** How many programs one line names before the others are only counted. */
const programsMaximum = 3;

/**
 * The whole menu. It is the only way to everything the tray offers, since on Linux a click on the icon itself
 * may never arrive.
 */
export function trayMenu(state: State, nowMs: number, actions: TrayActions): MenuItemConstructorOptions[] {
  const { locked, prompts, approvalRequests } = state.status;
  const waiting = [
    ...approvalRequests.map(approvalInWords),
    ...prompts.map((prompt) => promptInWords(prompt, nowMs)),
  ];
  const promptItems = waiting.map((words) => ({
    label: plain(`${words}…`),
    click: () => actions.openWindow(),
  }));
  return [
    { label: plain(headline(state, nowMs)), enabled: false },
    ...(locked ? handedOutItems(state.status.handedOut, nowMs) : []),
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

/** One line: the active profile, how long its session lasts and when it goes back, or what is in the way. */
export function trayTooltip(state: State, nowMs: number): string {
  return `Latchkey: ${headline(state, nowMs)}`;
}

export function trayIcon(state: State): TrayIcon {
  if (state.status.locked) return 'locked';
  const session = activeProfile(state)?.session;
  // An announcement can wait: whoever is alarmed by what needs nothing yet stops looking. So can what was put aside.
  const isCodeNeeded = state.status.prompts.some(
    (prompt) => announcedForMs(prompt) === undefined && prompt.snoozedUntilMs === undefined,
  );
  const isApprovalNeeded = state.status.approvalRequests.length > 0;
  if (isCodeNeeded || isApprovalNeeded || session?.state === 'failed') return 'attention';
  return session?.expiresAtMs === undefined ? 'idle' : 'active';
}

/**
 * When something here changes though no event comes, as times are told in whole minutes; undefined where no time
 * is told. In milliseconds from now.
 */
export function faceChangesInMs(state: State, nowMs: number): number | undefined {
  const { locked, returns, prompts, handedOut } = state.status;
  const toldMs = [
    ...(locked
      ? handedOut.map(({ untilMs }) => untilMs)
      : [activeProfile(state)?.session.expiresAtMs, returns?.atMs]),
    ...prompts.map(announcedForMs),
  ];
  const changesInMs = toldMs
    .filter((timeMs) => timeMs !== undefined)
    .filter((timeMs) => timeMs > nowMs)
    .map((timeMs) => ((timeMs - nowMs) % minuteMs) + 1);
  return changesInMs.length === 0 ? undefined : Math.min(...changesInMs);
}

/**
 * When a code will be needed, in an announcement; undefined where it is needed now. A code that the person wants to
 * give is no announcement, though the session before it may still last.
 */
export function announcedForMs({ cause, neededAtMs }: Prompt): number | undefined {
  return cause === 'person' ? undefined : neededAtMs;
}

/** Whom a code is for: the profile, and the program that asked where it is known. */
export function promptedFor({ profile, program }: Prompt): string {
  return program === undefined ? profile : `${profile} (${oneLine(program)})`;
}

/** Which program waits to be allowed, and for which protected profile. */
export function approvalInWords({ program, profile }: ApprovalRequest): string {
  return `${oneLine(program.name)} asks for ${profile}`;
}

/** Until when programs can use what they were given, whatever is locked or switched here. In the window's words. */
export function handedOutInWords({ profile, readOnly, untilMs, programs }: HandedOut): string {
  const have = programs.length === 1 ? 'has' : 'have';
  const held = readOnly ? `${profile} (read-only)` : profile;
  return `${held}: ${programNames(programs)} ${have} credentials until ${clock.format(untilMs)}`;
}

/** A length of time in whole minutes: `12 min`, `1 h 5 min`, `less than a minute`. */
export function minutesInWords(durationMs: number): string {
  const minutes = Math.floor(durationMs / minuteMs);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

const separator: MenuItemConstructorOptions = { type: 'separator' };
const minuteMs = 60_000;
/** All three as in the window. */
const order = new Intl.Collator(undefined, { numeric: true });
const list = new Intl.ListFormat('en', { type: 'conjunction' });
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });

function activeProfile(state: State): ProfileView | undefined {
  return state.profiles.find((view) => view.profile.name === state.status.active);
}

function headline(state: State, nowMs: number): string {
  if (state.status.locked) return 'locked';
  const active = activeProfile(state);
  if (active === undefined) return 'no active profile';
  const { returns } = state.status;
  const readOnly = active.profile.readOnly ? ', read-only' : '';
  const session = `${active.profile.name}${readOnly}, ${activeSessionInWords(active.session, nowMs)}`;
  if (returns === null) return session;
  const then = returns.to === null ? 'no active profile' : `back to ${returns.to}`;
  return `${session}; ${then} in ${minutesInWords(returns.atMs - nowMs)}`;
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
  return leftMs <= 0 ? 'expired' : `${minutesInWords(leftMs)} left`;
}

function promptInWords(prompt: Prompt, nowMs: number): string {
  if (prompt.state === 'checking') return `Checking the MFA code for ${promptedFor(prompt)}`;
  const { snoozedUntilMs } = prompt;
  if (snoozedUntilMs !== undefined)
    return `MFA code for ${promptedFor(prompt)}, put aside until ${clock.format(snoozedUntilMs)}`;
  const neededAtMs = announcedForMs(prompt);
  const when = neededAtMs === undefined ? '' : ` in ${minutesInWords(neededAtMs - nowMs)}`;
  return `MFA code needed${when} for ${promptedFor(prompt)}`;
}

/** What lasts longest comes first: its end is what a person waits for. */
function handedOutItems(handedOut: readonly HandedOut[], nowMs: number): MenuItemConstructorOptions[] {
  const valid = handedOut
    .filter(({ untilMs }) => untilMs > nowMs)
    .toSorted((one, other) => other.untilMs - one.untilMs);
  const labels = valid.slice(0, handedOutMaximum).map(handedOutInWords);
  const hidden = valid.length - labels.length;
  if (hidden > 0) labels.push(`${hidden} more ${hidden === 1 ? 'profile' : 'profiles'}`);
  return labels.map((label) => ({ label: plain(label), enabled: false }));
}

function profileItems(state: State, actions: TrayActions): MenuItemConstructorOptions[] {
  const profiles = state.profiles.toSorted((one, other) =>
    order.compare(one.profile.name, other.profile.name),
  );
  if (profiles.length === 0)
    return [{ label: 'No profiles yet: add one…', click: () => actions.openWindow() }];

  const itemsOf = (views: readonly ProfileView[]) => views.map((view) => profileItem(view, state, actions));
  const pinned = profiles.filter(({ profile }) => profile.pinned).slice(0, flatMenuMaximum);
  const others = profiles.filter((view) => !pinned.includes(view));
  const groups =
    profiles.length <= flatMenuMaximum
      ? [itemsOf(pinned), itemsOf(others)]
      : // What was used last is in its account's submenu, too: there it is where it always is.
        [itemsOf(pinned), itemsOf(recentOf(others, state)), accountItems(others, state, actions)];
  return groups
    .filter((items) => items.length > 0)
    .flatMap((items, index) => (index === 0 ? items : [separator, ...items]));
}

/** The active one among them, too: it was used last. */
function recentOf(profiles: readonly ProfileView[], state: State): ProfileView[] {
  return state.status.recent
    .flatMap((name) => profiles.filter(({ profile }) => profile.name === name))
    .slice(0, recentMaximum);
}

/** One submenu for each account. */
function accountItems(
  profiles: readonly ProfileView[],
  state: State,
  actions: TrayActions,
): MenuItemConstructorOptions[] {
  const accounts = [...byAccount(profiles)].toSorted(([one], [other]) => order.compare(one, other));
  return accounts.map(([accountId, views]) => {
    const shown = views.slice(0, submenuMaximum).map((view) => profileItem(view, state, actions));
    const hidden = views.length - shown.length;
    const active = views.some((view) => view.profile.name === state.status.active);
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
  const { profile, session } = view;
  const words = [
    profile.protected ? 'protected' : undefined,
    profile.readOnly ? 'read-only' : undefined,
    sessionInWords(session),
  ];
  const remarks = words.filter((word) => word !== undefined).join(', ');
  return {
    type: 'checkbox',
    label: plain(remarks === '' ? name : `${name} (${remarks})`),
    checked: name === state.status.active,
    enabled: !state.status.locked,
    click: () => actions.use(name),
  };
}

function programNames(programs: readonly string[]): string {
  if (programs.length === 0) return 'programs that are not known';
  const names = programs.map(oneLine);
  if (names.length > programsMaximum + 1)
    names.splice(programsMaximum, Infinity, `${programs.length - programsMaximum} more`);
  return list.format(names);
}

/** A program chooses its own name: here it stays one line, in the order it is written. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** In a menu's label a single ampersand marks the letter after it as the item's key. */
function plain(label: string): string {
  return label.replaceAll('&', '&&');
}
