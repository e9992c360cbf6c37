import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runSecureKeyboard } from '../../main/shell/secure-keyboard.ts';
import { prompt, ServiceDouble, status } from './service-double.ts';

let service: ServiceDouble;
let focus: EventEmitter;
let isSecure: boolean;
let running: Disposable;

beforeEach(() => {
  service = new ServiceDouble({ status: status(), profiles: [] });
  focus = new EventEmitter();
  isSecure = false;
  running = runSecureKeyboard({
    service,
    focus,
    isWindowFocused: () => false,
    setSecure: (enabled) => (isSecure = enabled),
  });
});

afterEach(() => running[Symbol.dispose]());

it('keeps the keyboard to itself while the window has the focus and asks for a code', () => {
  focus.emit('browser-window-focus');
  expect(isSecure).toBe(false);
  service.changeStatus({ prompts: [prompt()] });
  expect(isSecure).toBe(true);
  service.changeStatus({ prompts: [] });
  expect(isSecure).toBe(false);
});

it('gives the keyboard back with the focus, since it is taken from the whole system', () => {
  service.changeStatus({ prompts: [prompt()] });
  expect(isSecure).toBe(false);
  focus.emit('browser-window-focus');
  expect(isSecure).toBe(true);
  focus.emit('browser-window-blur');
  expect(isSecure).toBe(false);
});

it('takes nothing for a code that was put aside, nor while it is locked', () => {
  focus.emit('browser-window-focus');
  service.changeStatus({ prompts: [prompt({ snoozedUntilMs: Date.now() + 60_000 })] });
  expect(isSecure).toBe(false);
  service.changeStatus({ locked: true, prompts: [prompt()] });
  expect(isSecure).toBe(false);
});

it('gives the keyboard back when it ends, and listens no more', () => {
  focus.emit('browser-window-focus');
  service.changeStatus({ prompts: [prompt()] });
  running[Symbol.dispose]();
  expect(isSecure).toBe(false);
  expect(service.subscribers).toBe(0);
  expect(focus.eventNames()).toEqual([]);
});
