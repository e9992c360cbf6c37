import type { IpcMainEvent, IpcMainInvokeEvent, WebContents } from 'electron';
import { channels } from '../../preload/contract.ts';
import type { Service } from '../control/service.ts';
import { interfaceOrigin } from './interface-protocol.ts';

/**
 * Gives the page in `contents` the service, over Electron's IPC, until the page is gone. The channels are this
 * page's own (`contents.ipc`): another page's message on them reaches nobody.
 */
export function serveOverIpc(contents: WebContents, service: Service): void {
  /** By the number that the preload gave each of its subscriptions. */
  const subscriptions = new Map<number, Disposable>();

  contents.ipc.handle(channels.call, (event, name: unknown, input: unknown) => {
    if (!isFromInterface(event)) throw new Error('Only the Latchkey window is answered here.');
    return service.call(String(name), input);
  });

  contents.ipc.on(channels.subscribe, (event, id: unknown) => {
    if (!isFromInterface(event) || typeof id !== 'number' || subscriptions.has(id)) return;
    const subscription = service.subscribe((brokerEvent) => {
      if (!contents.isDestroyed()) contents.send(channels.event, id, brokerEvent);
    });
    subscriptions.set(id, subscription);
  });

  contents.ipc.on(channels.unsubscribe, (event, id: unknown) => {
    if (!isFromInterface(event) || typeof id !== 'number') return;
    subscriptions.get(id)?.[Symbol.dispose]();
    subscriptions.delete(id);
  });

  const endSubscriptions = () => {
    for (const subscription of subscriptions.values()) subscription[Symbol.dispose]();
    subscriptions.clear();
  };
  // A page that crashed or is loaded anew has lost its subscriptions without saying so.
  contents.on('render-process-gone', endSubscriptions);
  contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    if (isMainFrame && !isSameDocument) endSubscriptions();
  });
  contents.on('destroyed', endSubscriptions);
}

/**
 * Whether a message comes from the interface itself: the top frame of its page, at our own origin. The frame is
 * null when it navigated away or went before the message was read.
 */
export function isFromInterface(event: Pick<IpcMainEvent | IpcMainInvokeEvent, 'sender' | 'senderFrame'>) {
  const { sender, senderFrame } = event;
  return senderFrame !== null && senderFrame === sender.mainFrame && senderFrame.origin === interfaceOrigin;
}
