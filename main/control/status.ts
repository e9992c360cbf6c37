import type { ApprovalRequest, Status } from '../../preload/contract.ts';
import type { Clients } from '../clients/clients.ts';
import { findProfile, type Configuration } from '../configuration/configuration.ts';
import { parseRoleArn } from '../profiles/profile.ts';
import type { BrokerParts } from './parts.ts';
import { keyView, promptView } from './views.ts';

/** What the contract tells of everything but the profiles. */
export function statusOf(parts: BrokerParts): Status {
  const { configuration, active, sessions, clients, version, secretsIn } = parts;
  const { current } = configuration;
  return {
    version,
    locked: sessions.isLocked,
    active: active.name,
    returns: active.returns,
    recent: [...current.recent],
    endpoint: parts.endpointUrl(),
    settings: current.settings,
    hasDesktop: parts.openInBrowser !== undefined,
    secrets: secretsIn,
    keys: current.keys.map(keyView),
    prompts: sessions.desk
      .prompts()
      .map((prompt) => promptView(prompt, findProfile(current, prompt.demand.profile))),
    handedOut: clients.handedOut
      .holdings()
      .map((holding) => ({ ...holding, programs: [...holding.programs] })),
    endpoints: parts.ownPorts.list(),
    linkLocal: parts.linkLocalIsOn(),
    bindings: clients.bindings.list().map(({ profile, root: { pid, name, terminal } }) => ({
      profile,
      pid,
      name,
      terminal,
    })),
    folders: current.folders.map(({ folder, profile }) => ({ folder, profile })),
    approvalRequests: approvalRequests(clients, current),
    approvals: clients.approvals.approvals().map((approval) => ({ ...approval })),
    tokens: clients.containerTokens.list(),
    refusals: clients.refusals.list(),
    clients: { problem: clients.connections.problem ?? null },
    audit: { problem: clients.audit.problem ?? null },
  };
}

function approvalRequests(
  { approvals }: Pick<Clients, 'approvals'>,
  current: Configuration,
): ApprovalRequest[] {
  return approvals.requests().map((request) => {
    const profile = findProfile(current, request.profile);
    const { accountId = '' } = (profile && parseRoleArn(profile.roleArn)) ?? {};
    return { ...request, accountId };
  });
}
