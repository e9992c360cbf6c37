import { EventEmitter } from 'node:events';
import type { WebContents, WebFrameMain } from 'electron';
import { beforeEach, expect, it } from 'vitest';
import { channels } from '../../preload/contract.ts';
import { serveOverIpc } from '../../main/shell/ipc.ts';
import { ServiceDouble, status } from './service-double.ts';

type Handler = (event: unknown, ...args: unknown[]) => unknown;

/** As much of a page as IPC needs, with messages that a test sends. */
class PageDouble extends EventEmitter {
  readonly mainFrame = { origin: 'latchkey://app' };
  readonly sent: unknown[][] = [];
  readonly handlers = new Map<string, Handler>();
  readonly ipc = Object.assign(new EventEmitter(), {
    handle: (channel: string, handler: Handler) => void this.handlers.set(channel, handler),
  });
  destroyed = false;

  isDestroyed(): boolean {
    return this.destroyed;
  }

  send(...message: unknown[]): void {
    this.sent.push(message);
  }

  invoke(frame: unknown, ...args: unknown[]): unknown {
    return this.handlers.get(channels.call)?.({ sender: this, senderFrame: frame }, ...args);
  }

  message(channel: string, frame: unknown, ...args: unknown[]): void {
    this.ipc.emit(channel, { sender: this, senderFrame: frame }, ...args);
  }
}

let page: PageDouble;
let service: ServiceDouble;

beforeEach(() => {
  page = new PageDouble();
  service = new ServiceDouble({ status: status(), profiles: [] });
  const contents: unknown = page;
  serveOverIpc(contents as WebContents, service);
});

it('carries a call of the interface out', async () => {
  await expect(page.invoke(page.mainFrame, 'profiles.use', { name: 'dev' })).resolves.toEqual({ value: {} });
  expect(service.calls).toEqual([{ name: 'profiles.use', input: { name: 'dev' } }]);
});

it.each<[string, (page: PageDouble) => Partial<WebFrameMain> | null]>([
  ['a frame that is gone', () => null],
  ['a frame inside the page', () => ({ origin: 'latchkey://app' })],
  [
    'a page of another origin',
    (double) => Object.assign(double.mainFrame, { origin: 'https://attacker.example' }),
  ],
])('refuses %s', (_name, senderOf) => {
  const sender = senderOf(page);
  expect(() => page.invoke(sender, 'state.read', {})).toThrow('Only the Latchkey window');
  page.message(channels.subscribe, sender, 1);
  expect(service.calls).toEqual([]);
  expect(service.subscribers).toBe(0);
});

it('tells each subscription the state and then its changes', () => {
  page.message(channels.subscribe, page.mainFrame, 1);
  page.message(channels.subscribe, page.mainFrame, 2);
  page.message(channels.unsubscribe, page.mainFrame, 1);
  service.changeStatus({ locked: true });
  const told = page.sent.map(([channel, id, event]) => ({ channel, id, event }));
  expect(told).toMatchObject([
    { channel: channels.event, id: 1, event: { type: 'state' } },
    { channel: channels.event, id: 2, event: { type: 'state' } },
    { channel: channels.event, id: 2, event: { type: 'status' } },
  ]);
});

it('keeps one subscription for a number that is sent twice', () => {
  page.message(channels.subscribe, page.mainFrame, 1);
  page.message(channels.subscribe, page.mainFrame, 1);
  expect(service.subscribers).toBe(1);
});

it.each([
  ['crashed', 'render-process-gone', []],
  ['is loaded anew', 'did-start-navigation', [{ isMainFrame: true, isSameDocument: false }]],
  ['is closed', 'destroyed', []],
])('ends its subscriptions when the page %s', (_name, event, args) => {
  page.message(channels.subscribe, page.mainFrame, 1);
  page.emit(event, ...args);
  expect(service.subscribers).toBe(0);
});
