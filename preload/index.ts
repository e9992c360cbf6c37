/**
 * The window's whole way to the broker: `window.latchkey` with `call` and `subscribe`. It runs sandboxed and
 * isolated from the page, as one CommonJS file, and hands on nothing but the contract's calls and events.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { calls, channels, type BrokerEvent, type LatchkeyApi } from './contract.ts';

const listeners = new Map<number, (event: BrokerEvent) => void>();
let lastId = 0;

ipcRenderer.on(channels.event, (_ipcEvent, id: number, event: BrokerEvent) => {
  listeners.get(id)?.(event);
});

const api: LatchkeyApi = {
  call(name, input) {
    if (!Object.hasOwn(calls, name))
      return Promise.resolve({ problem: { code: 'InvalidInput', message: `There is no call "${name}".` } });
    return ipcRenderer.invoke(channels.call, name, input);
  },

  subscribe(listener) {
    const id = ++lastId;
    listeners.set(id, listener);
    ipcRenderer.send(channels.subscribe, id);
    return () => {
      listeners.delete(id);
      ipcRenderer.send(channels.unsubscribe, id);
    };
  },
};

contextBridge.exposeInMainWorld('latchkey', api);
