import type { MenuItemConstructorOptions } from 'electron';
import type { State } from '../../preload/contract.ts';
import type { Service } from '../control/service.ts';
import type { Clock } from '../platform/ports.ts';
import { stateAfter } from './state-after.ts';
import {
  faceChangesInMs,
  trayIcon,
  trayMenu,
  trayTooltip,
  type TrayActions,
  type TrayIcon,
} from './tray-menu.ts';

/** The icon in the panel, as far as it is driven from here. `electron-tray.ts` has the real one. */
export interface TraySurface extends Disposable {
  show(face: TrayFace): void;
}

export interface TrayFace {
  readonly icon: TrayIcon;
  readonly tooltip: string;
  readonly menu: MenuItemConstructorOptions[];
}

/** Events come in bursts, such as one for each profile at a lock. They cost one menu. */
const burstMs = 50;

/** Shows the broker's state in the tray and carries the menu's clicks out, until the result is disposed. */
export function runTray(parts: {
  service: Service;
  clock: Clock;
  surface: TraySurface;
  openWindow: () => void;
  quit: () => void;
}): Disposable {
  const { service, clock, surface } = parts;
  let state: State | undefined;
  let shown = '';
  /** At most one of each at any time: a burst that is being gathered, and the next change of a time that is told. */
  let burst: Disposable | undefined;
  let tick: Disposable | undefined;
  let disposed = false;

  const actions: TrayActions = {
    use: (name) => void carryOut('profiles.use', { name }),
    lock: () => void carryOut('sessions.lock', {}),
    unlock: () => void unlock(),
    openWindow: parts.openWindow,
    quit: parts.quit,
  };

  /**
   * What went wrong is in the state and is told by a notification. The desktop has toggled the checkbox that was
   * clicked by itself, so the menu is set anew even where nothing changed.
   */
  async function carryOut(call: 'profiles.use' | 'sessions.lock' | 'sessions.unlock', input: object) {
    showAnew();
    const answer = await service.call(call, input);
    showAnew();
    return answer;
  }

  /** Where it takes more than the click, such as an MFA code, the window asks for that. */
  async function unlock() {
    const answer = await carryOut('sessions.unlock', {});
    if ('problem' in answer) parts.openWindow();
  }

  function showAnew() {
    shown = '';
    showSoon();
  }

  function showSoon() {
    if (disposed) return;
    burst ??= clock.schedule(burstMs, show);
  }

  function show() {
    stopTimers();
    if (state === undefined) return;
    const nowMs = clock.now();
    const face = {
      icon: trayIcon(state),
      tooltip: trayTooltip(state, nowMs),
      menu: trayMenu(state, nowMs, actions),
    };
    // A menu that is set while it is open closes or flickers on some desktops. Functions are left out of this text.
    const text = JSON.stringify(face);
    if (text !== shown) surface.show(face);
    shown = text;
    const changesInMs = faceChangesInMs(state, nowMs);
    if (changesInMs !== undefined) tick = clock.schedule(changesInMs, show);
  }

  function stopTimers() {
    burst?.[Symbol.dispose]();
    tick?.[Symbol.dispose]();
    burst = tick = undefined;
  }

  const subscription = service.subscribe((event) => {
    state = stateAfter(state, event);
    showSoon();
  });

  return {
    [Symbol.dispose]() {
      disposed = true;
      subscription[Symbol.dispose]();
      stopTimers();
      surface[Symbol.dispose]();
    },
  };
}
