import type { ConfigurationStore } from '../configuration/store.ts';
import type { Clock, PeerIdentity, ProcessIdentity } from '../platform/ports.ts';
import type { ActiveProfile } from '../profiles/active-profile.ts';
import { Resources } from '../resources.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { Approvals } from '../approvals/approvals.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { Bindings } from './bindings.ts';
import { ClientConnections } from './client-connections.ts';
import { ContainerTokens } from './container-tokens.ts';
import { CredentialSource } from './credential-source.ts';
import { HandedOut } from './handed-out.ts';
import { ProfileChoice } from './profile-choice.ts';
import { Refusals } from './refusals.ts';

/** All that stands between the programs that ask and the sessions. */
export interface Clients extends AsyncDisposable {
  readonly connections: ClientConnections;
  readonly bindings: Bindings;
  readonly approvals: Approvals;
  readonly refusals: Refusals;
  readonly handedOut: HandedOut;
  readonly containerTokens: ContainerTokens;
  readonly audit: AuditLog;
  readonly source: CredentialSource;
}

export function openClients(parts: {
  readonly clock: Clock;
  readonly configuration: ConfigurationStore;
  readonly active: Pick<ActiveProfile, 'name'>;
  readonly sessions: Pick<Sessions, 'take' | 'acquire' | 'standing' | 'isLocked'>;
  readonly peer: PeerIdentity;
  readonly audit: AuditLog;
}): Clients {
  const { clock, configuration, active, sessions, peer, audit } = parts;
  const opened = new Resources();
  const isRunning = (process: ProcessIdentity) => peer.isRunning(process);
  const connections = new ClientConnections(clock, peer);
  const bindings = opened.use(new Bindings({ clock, configuration, isRunning }));
  const approvals = opened.use(new Approvals({ clock, configuration, isRunning }));
  const refusals = opened.use(new Refusals(clock));
  const containerTokens = opened.use(new ContainerTokens({ clock, configuration }));
  const handedOut = new HandedOut(clock);
  const choice = new ProfileChoice({ configuration, active, bindings });
  const source = new CredentialSource({ sessions, choice, approvals, handedOut, refusals, audit });
  return {
    connections,
    bindings,
    approvals,
    refusals,
    handedOut,
    containerTokens,
    audit,
    source,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
