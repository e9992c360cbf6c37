import type { Service } from '../control/service.ts';
import { stateAfter } from './state-after.ts';
import type { State } from '../../preload/contract.ts';

/** What tells when one of the app's windows gets and loses the focus: Electron's `app`. */
export interface WindowFocus {
  on(event: 'browser-window-focus' | 'browser-window-blur', listener: () => void): void;
  off(event: 'browser-window-focus' | 'browser-window-blur', listener: () => void): void;
}

/**
 * On a Mac keeps other programs from reading the keyboard (secure keyboard entry) for as long as the window has the focus
 * and asks for an MFA code. Chromium does so for passwords by itself, but six digits are shown as they are typed. It is
 * for the whole system while it is on, so it ends with the focus.
 * @param setSecure Electron's `app.setSecureKeyboardEntryEnabled`, which macOS alone has
 */
export function runSecureKeyboard(parts: {
  service: Service;
  focus: WindowFocus;
  isWindowFocused: () => boolean;
  setSecure: (enabled: boolean) => void;
}): Disposable {
  const { focus, isWindowFocused, setSecure } = parts;
  let state: State | undefined;
  let isFocused = isWindowFocused();
  let isSecure = false;

  function follow() {
    const { locked = false, prompts = [] } = state?.status ?? {};
    const asksForCode = !locked && prompts.some(({ snoozedUntilMs }) => snoozedUntilMs === undefined);
    set(isFocused && asksForCode);
  }

  function set(secure: boolean) {
    if (secure !== isSecure) setSecure(secure);
    isSecure = secure;
  }

  const focused = () => {
    isFocused = true;
    follow();
  };
  const blurred = () => {
    isFocused = false;
    follow();
  };
  focus.on('browser-window-focus', focused);
  focus.on('browser-window-blur', blurred);
  const subscription = parts.service.subscribe((event) => {
    state = stateAfter(state, event);
    follow();
  });

  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      focus.off('browser-window-focus', focused);
      focus.off('browser-window-blur', blurred);
      set(false);
    },
  };
}
