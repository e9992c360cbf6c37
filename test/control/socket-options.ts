/** What a local socket is served with, where a test is about the contract alone: of credentials there are none. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { ClientConnections } from '../../main/clients/client-connections.ts';
import { CredentialSource } from '../../main/clients/credential-source.ts';
import { Failure } from '../../main/failure.ts';
import type { LocalSocketOptions } from '../../main/control/local-socket.ts';
import type { ServiceByCaller } from '../../main/control/service.ts';
import { peerIdentity } from '../../main/platform/peer-identity.ts';
import type { PeerIdentity } from '../../main/platform/ports.ts';
import { systemClock } from '../../main/platform/system-clock.ts';

/** The built command takes answers of its own version only. */
export const commandVersion = z.parse(
  z.object({ version: z.string() }),
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
).version;

const peerOfThisMachine = peerIdentity();

export function socketOptions(
  service: ServiceByCaller,
  peer: PeerIdentity = peerOfThisMachine,
  refused: (reason: string) => void = () => undefined,
): LocalSocketOptions {
  const none = () => new Failure('NotFound', 'No profile is there');
  const source = new CredentialSource({
    sessions: {
      isLocked: false,
      take: () => undefined,
      acquire: () => Promise.reject(none()),
      standing: () => ({ state: 'idle', expiresAtMs: undefined, problem: undefined }),
    },
    choice: { for: none, named: none },
    approvals: {
      ask: () => Promise.reject(none()),
      passOn: () => ({ [Symbol.dispose]: () => undefined }),
    },
    handedOut: { note: () => undefined },
    refusals: { note: refused },
    audit: { note: () => ({ again: () => true }) },
  });
  return {
    service,
    clients: {
      connections: new ClientConnections(systemClock, peer),
      source,
      containerTokens: {
        launch: () => {
          throw none();
        },
      },
    },
    sessions: { hold: () => ({ [Symbol.dispose]: () => undefined }) },
    endpointUrl: () => '',
    clock: systemClock,
    peer,
    version: commandVersion,
  };
}
