import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientConnections } from '../../main/clients/client-connections.ts';
import { CrowdControl } from '../../main/endpoint/crowd-control.ts';
import { composePeer } from '../fixtures/clients.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(() => clock[Symbol.dispose]());

describe('connections whose programs cannot be told', () => {
  it('have the place of one terminal together, and each that is closed is told', async () => {
    const connections = new ClientConnections(clock, composePeer());
    const sockets = Array.from({ length: 768 }, () => new Socket());
    const closed: Socket[] = [];
    const crowd = new CrowdControl(connections, (socket) => closed.push(socket));
    for (const socket of sockets) {
      connections.accept(socket);
      crowd.look();
    }
    await vi.waitFor(() => expect(connections.open.size).toBe(512));
    expect([...connections.open.keys()]).toEqual(sockets.slice(0, 512));
    expect(closed).toEqual(sockets.slice(512));
    for (const socket of sockets) socket.destroy();
  });
});
